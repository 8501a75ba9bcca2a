// tests/run/small_run.hpp: members with keepers, and one follower, in memory; what passes between them may be lies.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/random.hpp>
#include <btard/run/follower.hpp>
#include <btard/run/keeper.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace btard {

inline public_key key_of(std::size_t number) {
    public_key key;
    key.bytes.fill(static_cast<std::byte>(number + 1));
    return key;
}

inline std::vector<float> drawn_floats(std::uint64_t stream, std::size_t size) {
    random_stream random(seed{7, stream});
    std::vector<float> all(size);
    for (float& one : all) one = static_cast<float>(random.uniform() - 0.5);
    return all;
}

/// All honest members are alike: there is one state.  A member says what its keeper says, or what `lies` make of it.
class small_run {
public:
    using message = wire::run_message;
    /// Nothing: it does not arrive.
    using lie = std::function<std::optional<message>(message)>;

    std::size_t size;
    optimizer method;
    learning_rate_schedule schedule = linear_decay{3, 1'000};
    std::vector<tensor_layout> layout;
    run_rules rules;
    step_context context;
    model_state state;
    shared_floats v0, before; ///< with which the step begins, and the one before
    std::map<public_key, keeper> keepers;
    std::map<public_key, lie> lies;
    std::set<public_key> linked;
    std::optional<follower> who;
    time_point now = time_point{} + std::chrono::hours(1);
    std::map<public_key, std::map<wire::fetched, std::size_t>> asked; ///< of each member
    std::size_t messages = 0;
    bool parts_fall = false; ///< then v0 is not what moved the parameters

    small_run(std::size_t members, std::size_t faults, optimizer with, std::size_t gradient = 60,
              keeper_options options = {})
        : size(gradient), method(std::move(with)), state(first_state(method, drawn_floats(1'000'000, size))),
          v0(std::vector<float>(size)) {
        std::size_t const half = size / 2;
        layout = {{"weight", 0, {half}, half, true}, {"bias", half, {size - half}, size - half, false}};
        rules.faults = faults;
        context.run.bytes.fill(std::byte{5});
        for (std::size_t k = 0; k < members; ++k) {
            context.roster.push_back({key_of(k), {}});
            keepers.emplace(key_of(k), keeper(options));
        }
        context.given = {{0, size, hash_of(v0)}};
        for (auto& [key, one] : keepers) one.begin_step(context, {}, {}, {}, state, now);
    }
    small_run(small_run const&) = delete;

    [[nodiscard]] follower_setup setup(std::optional<model_state> from = {}) const {
        follower_setup made;
        made.run = context.run;
        made.rules = rules;
        made.size = size;
        made.optimizer = method;
        made.schedule = schedule;
        made.layout = layout;
        made.state = std::move(from);
        return made;
    }
    void follow(std::optional<model_state> from = {}) {
        who.emplace(setup(std::move(from)));
        who->set_context(context, now);
        for (auto const& [key, one] : keepers) link(key);
    }
    void link(public_key const& key) {
        linked.insert(key);
        who->handle_linked(key, now);
    }
    void lose(public_key const& key) {
        if (linked.erase(key) == 0) return;
        keepers.at(key).handle_lost(key_of(200));
        who->handle_lost(key, now);
        std::erase_if(under_way_, [&](auto const& one) { return one.first == key; });
    }

    /// The step that goes on is over: the next one begins.
    void step() {
        shared_floats const moves = drawn_floats(context.step, size);
        step_context const last = context;
        btard::step(method, state.memory, layout, moves, state.parameters, factor_at(schedule, context.step), 1);
        ++state.step;
        before = v0;
        v0 = parts_fall ? shared_floats(drawn_floats(2'000'000 + context.step, size)) : moves;
        ++context.step;
        context.before = tagged_hash("r", context.step);
        context.given = {{0, 10, hash_of(v0.slice(0, 10))}, {10, size, hash_of(v0.slice(10, size - 10))}};
        now += std::chrono::milliseconds(10);
        for (auto& [key, one] : keepers) one.begin_step(context, moves, member(last), {v0, before, {}}, state, now);
    }
    [[nodiscard]] member_state member(step_context const& last) const {
        member_state made;
        made.context = context;
        made.last = last;
        return made;
    }

    /// What is under way arrives, as frames; at most so many.
    void deliver(std::size_t most = 1'000'000) {
        for (; most > 0; --most) {
            collect();
            if (under_way_.empty()) return;
            auto const [from, said] = std::move(under_way_.front());
            under_way_.pop_front();
            who->handle_message(from, said, now);
        }
    }
    /// Nothing happens but that time passes, until nobody waits for anything or so long is over.
    void wait(std::chrono::nanoseconds most) {
        time_point const end = now + most;
        deliver();
        for (auto next = who->poll_deadline(); next && *next <= end; next = who->poll_deadline()) {
            REQUIRE(*next > now); // else it would never end
            now = *next;
            who->handle_timeout(now);
            deliver();
        }
        now = end;
    }

private:
    /// Questions are answered at once, but for the way back.
    void collect() {
        while (auto const next = who->poll_message()) {
            auto const& [to, asks] = *next;
            REQUIRE(linked.contains(to));
            if (auto const* const question = std::get_if<wire::fetch>(&asks)) ++asked[to][question->what];
            keepers.at(to).handle_message(key_of(200), passed(asks), now);
        }
        std::size_t const first = context.step % context.roster.size(); // who is quick
        for (std::size_t k = 0; k < context.roster.size(); ++k) {
            public_key const key = context.roster[(first + k) % context.roster.size()].key;
            while (auto next = keepers.at(key).poll_message()) {
                if (next->first != key_of(200) || !linked.contains(key)) continue;
                auto said = std::optional(std::move(next->second));
                if (auto const at = lies.find(key); at != lies.end()) said = at->second(*std::move(said));
                if (said) under_way_.emplace_back(key, passed(*said));
            }
        }
    }
    [[nodiscard]] message passed(message const& one) {
        ++messages;
        auto const read = decode_run_frame(encode_run_frame(one));
        REQUIRE(read);
        return *read;
    }

    std::deque<std::pair<public_key, message>> under_way_;
};

} // namespace btard
