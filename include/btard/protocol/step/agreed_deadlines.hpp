// btard/protocol/step/agreed_deadlines.hpp: deadlines that follow from what most members propose in the agreed logs.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/protocol/step/deadline_table.hpp>
#include <btard/protocol/step/run_rules.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace btard {

/// The settings of a run: members begin with these, and never agree on longer ones.
[[nodiscard]] inline deadline_table longest_deadlines(step_timing const& timing) {
    auto const whole = [](std::chrono::nanoseconds time) {
        auto const ms = std::chrono::ceil<std::chrono::milliseconds>(time).count();
        return std::uint32_t(std::clamp<std::int64_t>(ms, 0, std::numeric_limits<std::uint32_t>::max() / 2));
    };
    return {whole(timing.gradient), whole(timing.bulk), whole(timing.body)};
}
/// Nor on shorter ones.
[[nodiscard]] inline deadline_table shortest_deadlines(step_timing const& timing) {
    auto const least = std::max(timing.floor, timing.question);
    return longest_deadlines({.gradient = std::min(timing.gradient, least),
                              .bulk = std::min(timing.bulk, least),
                              .body = std::min(timing.body, least)});
}

/// What is on in a step, from the settings and from what the logs of the steps before it say.
///
///     every K steps      the lower median of what the members present in COMMIT propose; no proposal: what is on.
///                        At least half of what is on, and at most twice that
///     somebody absent    twice what is on, at once
///     more than f are absent, or say that a deadline was hit; or somebody comes in       the settings, at once
///
/// With 2f + 1 present, f of them liars, the lower median is no more than what some honest member proposes, and no
/// less than what some honest member does.  A function of the agreed logs, so all peers have the same in it.
class agreed_deadlines {
public:
    explicit agreed_deadlines(step_timing const& timing)
        : agreed_deadlines(timing, longest_deadlines(timing)) {}
    /// It goes on where that of somebody else is.
    agreed_deadlines(step_timing const& timing, deadline_table now) : timing_(timing), now_(now) {
        expects(is_sound(timing, now), "deadlines that nobody can have agreed on");
    }
    /// Can members have agreed on that?
    [[nodiscard]] static bool is_sound(step_timing const& timing, deadline_table const& table) {
        if (timing.renew_every == 0) return table == longest_deadlines(timing);
        return table == bounded(timing, table);
    }

    /// A step is over.
    ///
    /// @param said     what each of those present in COMMIT proposes
    /// @param absent   members that are out for absence
    /// @param faults   f of the step
    /// @param comes_in somebody does, whose times nobody knows
    /// @return the settings hold again: what was seen before says little
    bool finish(std::uint64_t step, std::span<std::optional<deadline_table> const> said, std::size_t absent,
                std::size_t faults, bool comes_in) {
        if (timing_.renew_every == 0) return false;
        auto const longest = longest_deadlines(timing_);
        auto const hit = std::size_t(std::ranges::count_if(said, [](auto const& one) { return one.has_value(); }));
        if (comes_in || absent > faults || (!renews(step) && hit > faults)) {
            now_ = longest;
            return true;
        }
        if (absent > 0) now_ = bounded(timing_, kind_by_kind([](auto of) { return 2 * of; }, now_));
        else if (renews(step) && said.size() > 2 * faults) renew(said);
        return false;
    }

    /// In its COMMIT members propose.
    [[nodiscard]] bool renews(std::uint64_t step) const {
        return timing_.renew_every > 0 && step > 0 && step % timing_.renew_every == 0;
    }
    [[nodiscard]] deadline_table const& now() const { return now_; }
    /// Shorter than the settings, some of them.
    [[nodiscard]] bool are_shorter() const { return now_ != longest_deadlines(timing_); }
    /// The settings, with what is on in place of three of them.
    [[nodiscard]] step_timing timing() const {
        auto made = timing_;
        using std::chrono::milliseconds;
        made.gradient = std::min<std::chrono::nanoseconds>(made.gradient, milliseconds(now_.gradient));
        made.bulk = std::min<std::chrono::nanoseconds>(made.bulk, milliseconds(now_.bulk));
        made.body = std::min<std::chrono::nanoseconds>(made.body, milliseconds(now_.body));
        return made;
    }

private:
    [[nodiscard]] static deadline_table bounded(step_timing const& timing, deadline_table const& table) {
        return kind_by_kind([](auto of, auto least, auto most) { return std::clamp(of, least, most); }, table,
                            shortest_deadlines(timing), longest_deadlines(timing));
    }
    void renew(std::span<std::optional<deadline_table> const> said) {
        auto const median = [&](auto kind) {
            std::vector<std::uint32_t> all;
            for (auto const& one : said) all.push_back(bounded(timing_, one.value_or(now_)).*kind);
            auto const middle = all.begin() + std::ptrdiff_t((all.size() - 1) / 2);
            std::ranges::nth_element(all, middle);
            return *middle;
        };
        using table = deadline_table;
        table const wanted{median(&table::gradient), median(&table::bulk), median(&table::body)};
        now_ = bounded(timing_, kind_by_kind([](auto to, auto now) { return std::clamp(to, now - now / 2, 2 * now); },
                                             wanted, now_));
    }

    step_timing timing_;
    deadline_table now_;
};

} // namespace btard
