// btard/run/keeper.hpp: what a member tells those that follow the run, and what it keeps for them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/shared_floats.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/step/commitment.hpp>
#include <btard/protocol/step/step_context.hpp>
#include <btard/run/keeper_options.hpp>
#include <btard/run/messages.hpp>
#include <btard/run/model_state.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

/// For how many steps members keep what moved the parameters: as many as 64 MiB hold, but 4 to 32.
[[nodiscard]] inline std::size_t kept_steps(std::size_t size) {
    return std::clamp<std::size_t>((64u << 20) / (sizeof(float) * std::max<std::size_t>(1, size)), 4, 32);
}

/// Without clock and socket.  Each question has one answer, and the same thing is given to the same follower twice at
/// most: so what one can make a member send is bounded by what the run is long.
class keeper {
public:
    explicit keeper(keeper_options options = {}) : options_(options) {
        expects(options.snapshot_every > 0, "a state every 0 steps");
    }

    // ---- commands

    /// @param applied what moved the parameters at the end of the step before; empty in the first step
    /// @param held    what a member has to know beside the parameters, and its floats; absent in the first step
    /// @param state   with which the step begins; copied if somebody has asked for it
    void begin_step(step_context const& context, shared_floats applied, std::optional<member_state> held,
                    member_floats floats, model_state const& state, time_point now) {
        expects(state.step == context.step, "step ", context.step, " does not begin with the state of step ",
                state.step);
        expects(context.step > 0 || applied.empty(),
                "something has moved the parameters before the first step");
        context_ = context;
        if (followers_.empty()) moves_.clear();
        bool const in_a_row = !moves_.empty() && moves_.back().step + 2 == context.step;
        if (!in_a_row || applied.empty()) moves_.clear();
        if (!applied.empty()) moves_.push_back({context.step - 1, std::move(applied), {}});
        while (!moves_.empty() && moves_.size() > kept_steps(state.parameters.size())) moves_.pop_front();
        held_.reset();
        held_hash_.reset();
        if (held) held_ = wire::held{context.step, *std::move(held), std::move(floats)};
        keep_snapshot(state, now);
        forget_given();
        for (auto& [who, one] : followers_) {
            one.asks = 0;
            tell(who, one, now);
        }
    }

    // ---- what came in

    void handle_message(public_key const& from, wire::run_message const& message, time_point now,
                        follower_kind kind = follower_kind::known) {
        if (auto const at = followers_.find(from); at != followers_.end()) at->second.kind = kind;
        std::visit([&](auto const& m) { on(from, m, now, kind); }, message);
    }
    void handle_lost(public_key const& who) {
        followers_.erase(who);
        for (auto& one : snapshots_) one.users.erase(who);
    }

    // ---- what goes out

    [[nodiscard]] std::optional<std::pair<public_key, wire::run_message>> poll_message() {
        if (out_.empty()) return {};
        auto next = std::move(out_.front());
        out_.pop_front();
        return next;
    }
    /// Who has asked how the roster follows from the first one: a `wire::introduction` is to be sent there.  Each key
    /// once a second at most.
    [[nodiscard]] std::optional<public_key> poll_introduction() {
        if (guests_.empty()) return {};
        auto const next = guests_.front();
        guests_.pop_front();
        return next;
    }

    // ---- getters

    [[nodiscard]] std::size_t followers() const { return followers_.size(); }
    [[nodiscard]] std::size_t snapshots() const { return snapshots_.size(); }
    [[nodiscard]] std::size_t applied_kept() const { return moves_.size(); }

private:
    static constexpr std::size_t most_snapshots = 2, most_times = 2, most_asks = 4;

    struct follows {
        follower_kind kind = follower_kind::known;
        std::optional<time_point> told = {};        // first of what it has been told since it asked last
        std::optional<std::uint64_t> snapshot = {}; // wants the state of that step, or a later one
        std::optional<std::uint64_t> wished = {};   // the last such step that it has named
        std::size_t asks = 0;                       // to follow, in this step
    };
    struct movement {
        std::uint64_t step = 0;
        shared_floats values = {};
        std::optional<digest> hash = {};
    };
    struct snapshot {
        wire::snapshot_head head{};
        time_point made{};
        shared_floats all = {};
        std::vector<digest> leaves = {};
        struct use {
            time_point last{};
            bool fetched = false; // something of it
        };
        std::map<public_key, use> users = {}; // who asks, and when it did last
    };

    // ---- one for each message

    void on(public_key const& from, wire::follow const& m, time_point now, follower_kind kind) {
        if (!followers_.contains(from) && !has_room(kind, now)) return;
        auto& one = followers_[from];
        one.kind = kind;
        one.told.reset();
        if (one.wished != m.snapshot) one.wished = one.snapshot = m.snapshot; // else it says so once more
        if (!m.snapshot) // it has what it wanted
            for (auto& held : snapshots_) held.users.erase(from);
        if (context_ && ++one.asks <= most_asks) tell(from, one, now);
    }
    void on(public_key const& from, wire::fetch const& asked, time_point now, follower_kind) {
        if (asked.what == wire::fetched::introduction) return introduce(from, now);
        auto const follower = followers_.find(from);
        std::optional<wire::run_message> answer;
        if (follower != followers_.end()) {
            follower->second.told.reset();
            if (answer = find(asked); answer && ++given_[from][asked] > most_times) answer.reset();
        }
        if (answer && (asked.what == wire::fetched::leaves || asked.what == wire::fetched::chunk)) {
            for (auto& one : snapshots_) one.users.erase(from); // one at a time
            find_snapshot(asked.step)->users[from] = {now, true};
            follower->second.snapshot.reset(); // this one will do
        }
        if (answer) out_.emplace_back(from, *std::move(answer));
        else out_.emplace_back(from, wire::missing{asked});
    }
    void on(public_key const&, auto const&, time_point, follower_kind) {} // not for members

    /// For one more.  One that the run does not know, and that asks for nothing whatever it is told, makes way for
    /// another of its kind: it asks to follow again, if it is there.
    [[nodiscard]] bool has_room(follower_kind kind, time_point now) {
        std::size_t count = 0;
        auto idle = followers_.end();
        for (auto at = followers_.begin(); at != followers_.end(); ++at) {
            if (at->second.kind != kind) continue;
            ++count;
            auto const& told = at->second.told;
            if (told && (idle == followers_.end() || *told < *idle->second.told)) idle = at;
        }
        if (count < options_.places(kind)) return true;
        if (kind == follower_kind::known || idle == followers_.end()) return false;
        if (*idle->second.told + options_.snapshot_idle > now) return false;
        handle_lost(public_key(idle->first));
        return true;
    }
    void tell(public_key const& who, follows& one, time_point now) {
        out_.emplace_back(who, progress());
        if (!one.told) one.told = now;
    }
    /// What is not kept any more, and, where keys come and go, what was given to those that do not follow now.
    void forget_given() {
        bool const many = given_.size() > 4 * (options_.followers + options_.coordinators + options_.strangers);
        for (auto& [who, things] : given_)
            std::erase_if(things, [&](auto const& thing) { return !find(thing.first); });
        std::erase_if(given_, [&](auto const& one) {
            return one.second.empty() || (many && !followers_.contains(one.first));
        });
    }

    void introduce(public_key const& to, time_point now) {
        std::erase_if(introduced_,
                      [&](auto const& one) { return one.second + std::chrono::seconds(1) <= now; });
        if (introduced_.size() < options_.followers && introduced_.emplace(to, now).second)
            guests_.push_back(to);
    }

    [[nodiscard]] std::optional<wire::run_message> find(wire::fetch const& asked) {
        switch (asked.what) {
        case wire::fetched::introduction: break;
        case wire::fetched::leaves:
            if (auto const* const one = find_snapshot(asked.step))
                return wire::leaves{asked.step, one->leaves};
            break;
        case wire::fetched::chunk:
            if (auto const* const one = find_snapshot(asked.step); one && asked.index < one->leaves.size()) {
                std::size_t const from = asked.index * chunk_floats;
                return wire::chunk{asked.step, asked.index,
                                   one->all.slice(from, std::min(chunk_floats, one->all.size() - from))};
            }
            break;
        case wire::fetched::applied:
            for (auto const& one : moves_)
                if (one.step == asked.step) return wire::applied{one.step, one.values};
            break;
        case wire::fetched::held:
            if (held_ && asked.step == held_->step && asked.index < 2) return held_for(asked.index == 0);
            break;
        }
        return {};
    }
    [[nodiscard]] snapshot* find_snapshot(std::uint64_t step) {
        for (auto& one : snapshots_)
            if (one.head.step == step) return &one;
        return nullptr;
    }
    /// @param shortened without floats that `applied` has
    [[nodiscard]] wire::held held_for(bool shortened) const {
        wire::held made = *held_;
        for (auto const& one : moves_) {
            if (!shortened) break;
            auto& [given, before, fallen] = made.floats;
            if (one.step + 1 == made.step && one.values.data() == given.data()) given = {};
            if (one.step + 2 == made.step && one.values.data() == before.data()) before = {};
        }
        return made;
    }
    /// If somebody wants it, and there is room.
    void keep_snapshot(model_state const& state, time_point now) {
        for (auto& one : snapshots_)
            std::erase_if(one.users, [&](auto const& use) { return use.second.last + options_.snapshot_idle <= now; });
        std::erase_if(snapshots_, [](auto const& one) { return one.users.empty(); });
        if (state.step % options_.snapshot_every != 0) return;
        snapshot made{.made = now};
        for (auto const& [who, one] : followers_)
            if (one.snapshot && *one.snapshot <= state.step)
                made.users.emplace(who, snapshot::use{now, false});
        if (made.users.empty() || !has_place_for(made, now)) return;
        for (auto const& [who, use] : made.users) followers_.at(who).snapshot.reset();
        made.all = flat(state);
        made.leaves = leaves_of(made.all);
        made.head = {state.step, root_of(state.step, made.leaves)};
        snapshots_.push_back(std::move(made));
    }
    [[nodiscard]] bool has_place_for(snapshot const& one, time_point now) {
        if (snapshots_.size() < most_snapshots) return true;
        auto const goes = std::ranges::find_if(snapshots_, [&](snapshot const& kept) {
            bool const old = &kept == &snapshots_.front() && kept.made + options_.snapshot_most <= now;
            bool const fetched =
                std::ranges::any_of(kept.users, [](auto const& user) { return user.second.fetched; });
            bool const counts_more = is_for_known(one), matters = is_for_known(kept);
            bool const unused = !fetched && kept.made + options_.unused <= now;
            return old || (unused && counts_more >= matters) || (counts_more && !matters);
        });
        if (goes == snapshots_.end()) return false;
        snapshots_.erase(goes);
        return true;
    }
    [[nodiscard]] bool is_for_known(snapshot const& one) const {
        return std::ranges::any_of(one.users, [&](auto const& user) {
            auto const at = followers_.find(user.first);
            return at != followers_.end() && at->second.kind == follower_kind::known;
        });
    }
    [[nodiscard]] wire::progress progress() {
        wire::progress said{.context = *context_};
        for (auto& one : moves_) {
            if (!one.hash) one.hash = hash_of(one.values);
            said.applied.push_back(*one.hash);
        }
        if (!held_hash_) held_hash_ = held_ ? hash_of(held_->state) : digest{};
        said.held = *held_hash_;
        if (!snapshots_.empty()) said.snapshot = snapshots_.back().head;
        return said;
    }

    keeper_options options_;
    std::optional<step_context> context_; // of the step that has begun last
    std::map<public_key, follows> followers_;
    std::map<public_key, std::map<wire::fetch, std::size_t>> given_; // how often, of what is kept: links come and go
    std::deque<movement> moves_; // one for each step, in order; without a follower only the last
    std::optional<wire::held> held_;
    std::optional<digest> held_hash_;
    std::deque<snapshot> snapshots_;
    std::map<public_key, time_point> introduced_; // in the last second
    std::deque<public_key> guests_;
    std::deque<std::pair<public_key, wire::run_message>> out_;
};

} // namespace btard
