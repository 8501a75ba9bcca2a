// apps/coordinator/board.hpp: what trainers say of their steps, put together: a line for each step.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../common/json.hpp"
#include "../network/lines.hpp"

#include <btard/core/types.hpp>
#include <btard/node/run_node.hpp>
#include <btard/run/messages.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace btard::apps {

/// The loss of a step is the median of what trainers say, so that liars among them move it little; who was removed, what
/// most of them say.
class board {
public:
    /// @param steps of all, those of the run before among them
    explicit board(std::size_t steps, std::uint64_t before = 0) : steps_(steps), before_(before) {}

    struct line {
        std::string json = {};
        std::string said = {}; ///< for the console; "": nothing new in it
    };

    void add(public_key const& by, wire::metrics const& told) {
        if (told.step < next_ || told.step > next_ + 1'000 || before_ + told.step >= steps_) return;
        by_step_[told.step].insert_or_assign(by, told);
    }
    /// Of the steps before that one which have not been shown.
    [[nodiscard]] std::vector<line> lines_up_to(std::uint64_t steps, std::size_t members) {
        std::vector<line> all;
        for (; next_ < steps; ++next_) {
            auto const at = by_step_.find(next_);
            if (at == by_step_.end()) continue;
            all.push_back(line_of(next_, at->second, members));
            by_step_.erase(by_step_.begin(), std::next(at));
        }
        return all;
    }

private:
    template <class F>
    [[nodiscard]] static double median(std::map<public_key, wire::metrics> const& of, F&& value) {
        std::vector<double> all;
        for (auto const& [by, one] : of) all.push_back(value(one));
        auto const middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
        std::ranges::nth_element(all, middle);
        return *middle;
    }
    [[nodiscard]] line line_of(std::uint64_t step, std::map<public_key, wire::metrics> const& of,
                               std::size_t members) const {
        double const loss = median(of, [](auto const& one) { return one.loss; });
        double const seconds = median(of, [](auto const& one) { return one.step_seconds; });
        std::map<wire::told_removal, std::size_t> removed;
        for (auto const& [by, one] : of)
            for (auto const& out : one.removed) ++removed[out];
        json_object json;
        json.add("step", before_ + step)
            .add("loss", loss)
            .add("trainers", members)
            .add("step_seconds", seconds);
        std::vector<std::string> out;
        std::string said;
        char text[80];
        std::snprintf(text, sizeof text, "step %llu/%zu  loss %.4g  %zu trainers  %.3g s",
                      static_cast<unsigned long long>(before_ + step + 1), steps_, loss, members, seconds);
        said = text;
        for (auto const& [who, count] : removed) {
            if (2 * count <= of.size()) continue;
            out.push_back(concat(to_text(who.who), " ", reason_text(who.why)));
            said +=
                concat("\n", short_name(who.who),
                       is_ban(who.why) ? " is banned: " : " is no member any more: ", reason_text(who.why));
        }
        if (!out.empty()) json.add("removed", out);
        return {json.text(), said};
    }

    std::size_t steps_;
    std::uint64_t before_;
    std::uint64_t next_ = 0;
    std::map<std::uint64_t, std::map<public_key, wire::metrics>> by_step_;
};

} // namespace btard::apps
