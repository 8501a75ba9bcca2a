// btard/protocol/step/observed_times.hpp: how long phases took as one member saw them, and what it proposes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/protocol/step/agreed_deadlines.hpp>
#include <btard/protocol/step/deadline_table.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace btard {

/// Of one member: no other has the same in it, and none needs to.
///
/// A time counts from when this member begins a phase until the phase is over with a body of everybody.  Of a step:
///
///     gradient   the longer one of COMMIT and ACCUSE, and what its own gradient took
///     bulk       the longest one of RESULT, REVEAL and TESTIMONY
///     body       the shortest one of them all
///
/// Steps in which somebody said nothing do not count: how long that was waited for says nothing about the others.
class observed_times {
public:
    /// @param window steps that it keeps, K; 0: none
    explicit observed_times(std::uint64_t window) : most_(std::size_t(window)) {}

    // ---- commands

    /// @param whole everybody has said something in it
    void note(phase of, std::chrono::nanoseconds took, bool whole) {
        if (most_ == 0) return;
        if (!whole) whole_ = false;
        std::uint32_t const time = whole_ms(took);
        switch (of) {
        case phase::commit:
        case phase::accuse: step_.gradient = std::max(step_.gradient, time); break;
        case phase::result:
        case phase::reveal:
        case phase::testimony: step_.bulk = std::max(step_.bulk, time); break;
        default: return;
        }
        step_.body = std::min(step_.body, time);
    }
    /// Of this member; that of a step may have been begun in the step before.
    void note_gradient(std::chrono::nanoseconds took) { step_.gradient = std::max(step_.gradient, whole_ms(took)); }
    /// @param now what was on in it
    void end_step(deadline_table const& now) {
        hit_ = whole_ && (step_.gradient > now.gradient || step_.bulk > now.bulk);
        if (whole_ && most_ > 0) {
            if (last_.size() < most_) last_.push_back(step_);
            else last_[next_++ % most_] = step_;
        }
        step_ = nothing_yet;
        whole_ = true;
    }
    /// What it saw was of other members.
    void forget() {
        last_.clear();
        next_ = 0;
        hit_ = false;
    }

    // ---- getters

    /// To be said in COMMIT of a step; nothing: it has seen too little, or there is no need.
    ///
    ///     max(3 * median, median + 8 * MAD)
    ///
    /// of the last K steps; at least half of them must be here.  So what always took the same may take three times as
    /// long, and more where times vary.
    [[nodiscard]] std::optional<deadline_table> proposal(std::uint64_t step, agreed_deadlines const& on) const {
        if (last_.empty() || !(on.renews(step) ? 2 * last_.size() >= most_ : hit_ && on.are_shorter())) return {};
        using table = deadline_table;
        return table{patient(&table::gradient), patient(&table::bulk), patient(&table::body)};
    }

private:
    static constexpr std::uint32_t longest_time = 1u << 26; // 18 hours: eleven times that fits into 32 bits
    static constexpr deadline_table nothing_yet{0, 0, longest_time};

    [[nodiscard]] static std::uint32_t whole_ms(std::chrono::nanoseconds time) {
        auto const ms = std::chrono::ceil<std::chrono::milliseconds>(time).count();
        return std::uint32_t(std::clamp<std::int64_t>(ms, 0, longest_time));
    }
    [[nodiscard]] static std::uint32_t median(std::vector<std::uint32_t>& of) {
        auto const middle = of.begin() + std::ptrdiff_t(of.size() / 2);
        std::ranges::nth_element(of, middle);
        return *middle;
    }
    [[nodiscard]] std::uint32_t patient(std::uint32_t deadline_table::* kind) const {
        std::vector<std::uint32_t> all;
        for (auto const& one : last_) all.push_back(one.*kind);
        std::uint32_t const usual = median(all);
        for (auto& time : all) time = std::max(time, usual) - std::min(time, usual);
        return std::max(3 * usual, usual + 8 * median(all));
    }

    std::size_t most_;
    std::vector<deadline_table> last_; // a ring
    std::size_t next_ = 0;
    deadline_table step_ = nothing_yet; // of the step that is going on
    bool whole_ = true, hit_ = false;
};

} // namespace btard
