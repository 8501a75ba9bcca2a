// btard/run/question_list.hpp: what is wanted of members, who is asked for it, and who is not asked for a while.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/run/messages.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

namespace btard {

/// Asks many members side by side, each for a few things at a time, the one that has waited longest first.  When
/// nothing new is to be asked, what is slow is asked of somebody else too.
class question_list {
public:
    /// @param patience how long a member may send nothing that it was asked for
    /// @param rest     how long it is not asked then
    question_list(std::chrono::nanoseconds patience, std::chrono::nanoseconds rest)
        : patience_(patience), rest_(rest) {}

    // ---- links

    void handle_linked(public_key const& who) { sources_[who].linked = true; }
    void handle_lost(public_key const& who) {
        release(who);
        sources_[who].linked = false;
    }
    [[nodiscard]] bool is_linked(public_key const& who) const {
        auto const at = sources_.find(who);
        return at != sources_.end() && at->second.linked;
    }
    /// Those of no interest: without a link, and not at rest.
    void forget_idle(time_point now) {
        std::erase_if(sources_,
                      [&](auto const& one) { return !one.second.linked && one.second.rests_until <= now; });
    }
    template <class F>
    void for_each_linked(F&& visit) const {
        for (auto const& [who, source] : sources_)
            if (source.linked) visit(who);
    }

    // ---- what is wanted

    void want(wire::fetch const& what) { wants_.try_emplace(what); }
    [[nodiscard]] bool wants(wire::fetch const& what) const { return wants_.contains(what); }
    template <class F>
    void drop_if(F&& is_dropped) {
        for (auto at = wants_.begin(); at != wants_.end();)
            at = is_dropped(at->first) ? (calm(at->second), wants_.erase(at)) : std::next(at);
    }
    /// Asks whom it can.
    ///
    /// @param has  `bool(public_key, wire::fetch)`: whether that member should have it
    /// @param send `void(public_key, wire::fetch)`
    template <class Has, class Send>
    void ask(time_point now, Has&& has, Send&& send) {
        handle_timeout(now);
        for (bool const again : {false, true}) {
            std::size_t room = 0;
            for (auto const& [who, source] : sources_) room += is_free(source) ? at_a_time - source.asked : 0;
            for (auto& [what, one] : wants_) {
                if (room == 0) break;
                if (again ? !is_slow(one) : !one.asked.empty()) continue;
                auto const who = choose(what, one, has);
                if (!who) continue;
                --room;
                auto& source = sources_[*who];
                ++source.asked;
                source.turn = ++turns_;
                one.asked.push_back({*who, now, now});
                send(*who, what);
            }
        }
    }

    // ---- what came in

    /// Whether that member was asked for it, and it is still wanted.
    [[nodiscard]] bool awaits(public_key const& from, wire::fetch const& what) const {
        auto const at = wants_.find(what);
        return at != wants_.end() && at->second.is_asked(from);
    }
    /// It is here: what else that member was asked for may take as long once more.
    void got(public_key const& from, wire::fetch const& what, time_point now) {
        auto const at = wants_.find(what);
        if (at == wants_.end()) return;
        calm(at->second);
        wants_.erase(at);
        for (auto& [other, one] : wants_)
            for (auto& asked : one.asked)
                if (asked.who == from) asked.heard = now;
    }
    /// That member does not have it.
    void lacks(public_key const& from, wire::fetch const& what) {
        auto const at = wants_.find(what);
        if (at == wants_.end() || !at->second.is_asked(from)) return;
        take_back(at->second, from);
        at->second.lacking.insert(from);
    }
    /// How many have said so.
    [[nodiscard]] std::size_t lacking(wire::fetch const& what) const {
        auto const at = wants_.find(what);
        return at == wants_.end() ? 0 : at->second.lacking.size();
    }
    /// Whether somebody is left who may have it.
    template <class Has>
    [[nodiscard]] bool has_hope(wire::fetch const& what, Has&& has) const {
        auto const at = wants_.find(what);
        if (at == wants_.end()) return false;
        return std::ranges::any_of(sources_, [&](auto const& one) {
            return one.second.linked && !at->second.lacking.contains(one.first) && has(one.first, what);
        });
    }
    /// It sent something else: it is asked for nothing for a while.
    void distrust(public_key const& who, time_point now) {
        release(who);
        sources_[who].rests_until = now + rest_;
    }
    void handle_timeout(time_point now) {
        auto const due = poll_deadline();
        bool const slept =
            due && *due + patience_ / 2 < now; // this process was stopped: the members were not
        now_ = now;
        if (slept)
            for (auto& [what, one] : wants_)
                for (auto& asked : one.asked) asked.since = asked.heard = now;
        std::set<public_key> silent;
        for (auto const& [what, one] : wants_)
            for (auto const& asked : one.asked)
                if (asked.heard + patience_ <= now) silent.insert(asked.who);
        for (auto const& who : silent) distrust(who, now);
    }
    [[nodiscard]] std::optional<time_point> poll_deadline() const {
        std::optional<time_point> first;
        auto const take = [&](time_point when) {
            if (when > now_ && (!first || when < *first)) first = when;
        };
        if (wants_.empty()) return {};
        for (auto const& [what, one] : wants_)
            for (auto const& asked : one.asked) {
                take(asked.heard + patience_);
                take(asked.since + patience_ / 8);
            }
        for (auto const& [who, source] : sources_)
            if (source.linked) take(source.rests_until);
        return first;
    }
    [[nodiscard]] std::size_t members_asked() const {
        return std::size_t(
            std::ranges::count_if(sources_, [](auto const& one) { return one.second.asked > 0; }));
    }
    [[nodiscard]] std::size_t wanted() const { return wants_.size(); }

private:
    static constexpr std::size_t at_a_time = 2; // of one member
    static constexpr std::size_t at_most = 3;   // members that are asked for the same

    struct question {
        public_key who{};
        time_point since{}, heard{};
    };
    struct wish {
        std::vector<question> asked = {};
        std::set<public_key> lacking = {};

        [[nodiscard]] bool is_asked(public_key const& of) const {
            return std::ranges::find(asked, of, &question::who) != asked.end();
        }
    };
    struct standing {
        bool linked = false;
        std::size_t asked = 0;
        std::uint64_t turn = 0;
        time_point rests_until{};
    };
    /// What goes out of reach first is asked for first.
    struct earlier {
        bool operator()(wire::fetch const& a, wire::fetch const& b) const {
            return std::tuple(b.what, a.step, a.index) < std::tuple(a.what, b.step, b.index);
        }
    };

    [[nodiscard]] bool is_free(standing const& one) const {
        return one.linked && one.rests_until <= now_ && one.asked < at_a_time;
    }
    [[nodiscard]] bool is_slow(wish const& one) const {
        return !one.asked.empty() && one.asked.size() < at_most &&
               one.asked.back().since + patience_ / 8 <= now_;
    }
    template <class Has>
    [[nodiscard]] std::optional<public_key> choose(wire::fetch const& what, wish const& one,
                                                   Has&& has) const {
        std::optional<public_key> best;
        auto lowest = std::pair<std::size_t, std::uint64_t>{};
        for (auto const& [who, source] : sources_) {
            auto const rank = std::pair(source.asked, source.turn);
            if (!is_free(source) || (best && lowest <= rank)) continue;
            if (one.lacking.contains(who) || one.is_asked(who) || !has(who, what)) continue;
            best = who;
            lowest = rank;
        }
        return best;
    }
    void calm(wish& one) {
        for (auto const& asked : one.asked) --sources_[asked.who].asked;
        one.asked.clear();
    }
    void take_back(wish& one, public_key const& who) {
        sources_[who].asked -= std::erase_if(one.asked, [&](auto const& asked) { return asked.who == who; });
    }
    void release(public_key const& who) {
        for (auto& [what, one] : wants_) take_back(one, who);
    }

    std::chrono::nanoseconds patience_, rest_;
    std::map<wire::fetch, wish, earlier> wants_;
    std::map<public_key, standing> sources_;
    std::uint64_t turns_ = 0;
    time_point now_{};
};

} // namespace btard
