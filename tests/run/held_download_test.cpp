// SPDX-License-Identifier: Apache-2.0
// What a peer begins with, fetched by a follower.
#include "../protocol/small_swarm.hpp"
#include "lies.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace btard;
using namespace std::chrono_literals;
using namespace follower_test;

TEST_CASE("follower: what a new member has to know comes with its floats, whoever sends others") {
    using held = wire::held;
    std::map<std::string, small_run::lie> lies{
        {"nothing else", [](small_run::message m) { return std::optional(std::move(m)); }},
        {"another state", about<held>([](held& m) { return m.state.context.banned += 1, true; })},
        {"other floats", about<held>([](held& m) { return m.floats.given = spoiled(m.floats.given), true; })},
        {"other floats before", about<held>([](held& m) {
             return m.floats.before = spoiled(m.floats.before), true;
         })},
        {"no floats", about<held>([](held& m) { return m.floats = {}, true; })},
        {"too many floats", about<held>([](held& m) { return m.floats.fallen.assign(3, {0, {}, {1, 2}}), true; })},
        {"silence", about<held>([](held&) { return false; })},
        {"another hash", about<wire::progress>([](wire::progress& m) { return m.held = other, true; })},
    };
    for (auto const& one : lies)
        for (bool const fall : {false, true}) {
            CAPTURE(one.first);
            CAPTURE(fall);
            small_run run(5, 2, sgd{}, 20);
            let_lie(run, 2, one.second);
            run.parts_fall = fall;
            run.follow(run.state);
            for (int k = 0; k < 6; ++k) {
                step_context const last = run.context;
                run.step();
                run.who->fetch_held(run.context.step, run.now);
                run.deliver();
                if (!run.who->held()) run.wait(1min);
                REQUIRE(run.who->held());
                CHECK(run.who->held()->state == run.member(last));
                CHECK(run.who->held()->floats.given == run.v0);
                CHECK(run.who->held()->floats.before == run.before);
                check_current(run);
            }
        }
}

TEST_CASE("follower: what a peer cannot be made of is fetched from somebody else") {
    small_run run(4, 1, sgd{}, 20);
    run.follow(run.state);
    run.step();
    run.step();
    run.who->fetch_held(2, run.now);
    run.deliver();
    REQUIRE(run.who->held());
    run.who->refuse_held(run.now);
    CHECK(!run.who->held());
    run.deliver();
    CHECK(run.who->held());
    std::size_t members = 0;
    for (auto const& [key, asks] : run.asked) members += asks.contains(wire::fetched::held);
    CHECK(members == 2);
}

TEST_CASE("follower: what peers hand on, through keepers, is what a peer can be made of") {
    run_rules rules;
    rules.faults = 1;
    small_test::small_swarm swarm(4, rules);
    constexpr std::size_t size = small_test::small_swarm::size;
    std::vector<shared_floats> applied(4);
    swarm.watch = [&](std::size_t by, peer_action const& action) {
        if (auto const* const one = std::get_if<act::apply>(&action)) applied[by] = one->aggregate;
    };
    follower_setup setup{.run = swarm.setup.run, .rules = rules, .size = size};
    setup.layout = {{"all", 0, {size}, size, true}};
    auto truth = first_state(setup.optimizer, std::vector<float>(size));
    setup.state = truth;
    follower who(setup);
    std::vector<keeper> keepers(4);
    who.set_context(swarm.peers[0]->membership().context(), swarm.net.now());
    for (std::size_t k = 0; k < 4; ++k) who.handle_linked(swarm.keys[k].key(), swarm.net.now());
    auto const deliver = [&] {
        time_point const now = swarm.net.now();
        for (bool more = true; more;) {
            more = false;
            for (; auto const next = who.poll_message(); more = true)
                keepers[swarm.number(next->first)].handle_message(key_of(200), next->second, now);
            for (std::size_t k = 0; k < 4; ++k)
                for (; auto const next = keepers[k].poll_message(); more = true)
                    who.handle_message(swarm.keys[k].key(), *decode_run_frame(encode_run_frame(next->second)), now);
        }
    };
    deliver();
    for (std::uint64_t step = 1; step < 8; ++step) {
        swarm.step();
        btard::step(setup.optimizer, truth.memory, setup.layout, applied[0], truth.parameters, 1, 1);
        truth.step = step;
        for (std::size_t k = 0; k < 4; ++k)
            keepers[k].begin_step(swarm.peers[k]->membership().context(), applied[k],
                                  swarm.peers[k]->state_for_newcomer(), swarm.peers[k]->floats_for_newcomer(), truth,
                                  swarm.net.now());
        who.fetch_held(step, swarm.net.now());
        deliver();
        REQUIRE(who.is_current());
        CHECK(*who.state() == truth);
        REQUIRE(who.held());
        auto const bad = check_state(who.held()->state, who.held()->floats, swarm.keys[1], swarm.peers[1]->bench(),
                                     rules, setup.run, swarm.keys[1].key());
        CHECK_MESSAGE(!bad, bad.value_or(""));
        CHECK(who.held()->floats == swarm.peers[1]->floats_for_newcomer());
    }
}
