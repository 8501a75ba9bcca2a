// btard/run/follow_notices.hpp: tells members now and then that they are followed, and which state is wanted.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/run/messages.hpp>
#include <btard/run/question_list.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>

namespace btard {

/// Members tell whoever follows them, and asks them for something now and then: else others may take its place.
class follow_notices {
public:
    /// @param patience of a follower, for an answer; three notices fall into it
    explicit follow_notices(std::chrono::nanoseconds patience) : patience_(patience) {}

    /// Its link is new, or gone.
    void forget(public_key const& who) { told_.erase(who); }
    void note_question(public_key const& to, time_point now) {
        if (auto const told = told_.find(to); told != told_.end()) told->second.last = now;
    }
    /// Where it does not take us for a follower any more, it will again.
    void note_missing(public_key const& from, time_point now) {
        if (auto const told = told_.find(from); told != told_.end()) told->second.last = now - patience_;
    }
    /// All are asked to keep the state of that step.
    void want_state(std::uint64_t step) { wanted_ = step; }
    void want_no_state() { wanted_.reset(); }

    /// @param has_state   those that were asked for one may drop it
    /// @param is_member   `bool(public_key)`
    /// @param send        `void(public_key, wire::follow)`
    void tell(time_point now, question_list const& links, bool has_state, auto&& is_member, auto&& send) {
        again_.reset();
        links.for_each_linked([&](public_key const& who) {
            if (!is_member(who)) return;
            auto const told = told_.find(who);
            std::optional<std::uint64_t> const snapshot =
                wanted_ || has_state || told == told_.end() ? wanted_ : told->second.snapshot;
            bool const again = told == told_.end() || told->second.last + patience_ / 3 <= now;
            if (again || told->second.snapshot != snapshot) {
                told_[who] = {snapshot, now};
                send(who, wire::follow{snapshot});
            }
            auto const next = told_[who].last + patience_ / 3;
            again_ = std::min(next, again_.value_or(next));
        });
    }
    [[nodiscard]] std::optional<time_point> poll_deadline() const { return again_; }

private:
    struct notice {
        std::optional<std::uint64_t> snapshot = {};
        time_point last{}; // that it was asked for anything
    };
    std::chrono::nanoseconds patience_;
    std::map<public_key, notice> told_;
    std::optional<std::uint64_t> wanted_;
    std::optional<time_point> again_;
};

} // namespace btard
