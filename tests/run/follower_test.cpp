// SPDX-License-Identifier: Apache-2.0
#include "lies.hpp"

#include <btard/core/error.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <variant>
#include <vector>

using namespace btard;
using namespace std::chrono_literals;
using namespace follower_test;

TEST_CASE("follower: from the first step on it has the parameters and the optimizer of the members") {
    for (optimizer const& method : {optimizer(sgd{}), optimizer(with_momentum), optimizer(lamb{})}) {
        small_run run(4, 1, method);
        run.follow(run.state);
        run.deliver();
        check_current(run);
        CHECK(run.who->progress_text() == "state of step 0");
        for (int k = 0; k < 40; ++k) {
            run.step();
            run.deliver();
            check_current(run);
        }
        CHECK(run.who->begun_anew() == 0);
        std::size_t most = 0, sum = 0;
        for (auto const& [key, asks] : run.asked) {
            sum += asks.at(wire::fetched::applied);
            most = std::max(most, asks.at(wire::fetched::applied));
        }
        CHECK(sum == 40); // each once
        CHECK(most <= 12); // by turns
    }
}

TEST_CASE("follower: one that comes late fetches a state from several members while the steps go on") {
    for (optimizer const& method : {optimizer(with_momentum), optimizer(lamb{})}) {
        small_run run(5, 2, method, 300'000);
        for (int k = 0; k < 3; ++k) run.step();
        run.follow();
        run.deliver();
        CHECK(run.who->state() == nullptr);
        CHECK(run.who->progress_text() == "waits for members to keep a state, at step 3");
        while (run.context.step < 7) {
            run.step();
            run.deliver();
        }
        run.step();
        run.deliver(3);
        std::size_t const chunks = chunks_of(flat_size(method, run.size));
        CHECK(run.who->chunks_total() == chunks);
        CHECK(run.who->progress_text().starts_with("state of step 8: 0 of " + std::to_string(chunks) + " chunks"));
        for (std::size_t k = 0; k < 3; ++k) {
            run.step();
            run.deliver(6); // about one thing beside what they tell
        }
        run.deliver();
        check_current(run);
        CHECK(run.who->begun_anew() == 0);
        std::size_t members = 0;
        for (auto const& [key, asks] : run.asked) members += asks.contains(wire::fetched::chunk);
        CHECK(members >= 2);
        // What they kept for it is dropped when it has it.
        for (int k = 0; k < 8; ++k) run.step();
        for (auto const& [key, one] : run.keepers) CHECK(one.snapshots() == 0);
    }
}

TEST_CASE("follower: whatever f members say or send, it has the state of the others") {
    for (auto const& one : all_lies()) {
        CAPTURE(one.first);
        small_run run(7, 3, with_momentum, 150'000); // two chunks
        let_lie(run, 3, one.second);
        run.follow();
        for (int k = 0; k < 14; ++k) {
            run.step();
            run.wait(20s); // the silent ones are waited for
        }
        run.wait(10min);
        check_current(run);
    }
}

TEST_CASE("follower: lies about what it follows from the start on") {
    for (auto const& one : all_lies()) {
        CAPTURE(one.first);
        small_run run(4, 1, with_momentum);
        let_lie(run, 1, one.second);
        run.follow(run.state);
        for (int k = 0; k < 20; ++k) {
            run.step();
            run.wait(20s);
        }
        check_current(run);
        CHECK(run.who->begun_anew() == 0);
    }
}

TEST_CASE("follower: f members alone are not believed, f + 1 are") {
    small_run run(5, 2, sgd{});
    run.follow(run.state);
    run.deliver();
    auto said = wire::progress{run.context, {}, {}, {}};
    said.context.step = 1'000;
    run.who->handle_message(key_of(0), said, run.now);
    run.who->handle_message(key_of(1), said, run.now);
    run.who->handle_message(key_of(1), said, run.now);  // one voice each
    run.who->handle_message(key_of(77), said, run.now); // no member
    CHECK(run.who->known()->step == 0);
    run.who->handle_message(key_of(2), said, run.now);
    CHECK(run.who->known()->step == 1'000);
}

TEST_CASE("follower: a link that is down for a few steps costs nothing, for many a new state") {
    small_run run(4, 1, lamb{});
    run.follow(run.state);
    run.step();
    run.deliver();
    check_current(run);
    auto const away = [&](int steps) {
        for (std::size_t k = 0; k < 4; ++k) run.lose(key_of(k));
        for (auto& [key, one] : run.keepers) // else they keep nothing
            one.handle_message(key_of(201), wire::follow{}, run.now);
        for (int k = 0; k < steps; ++k) run.step();
        for (std::size_t k = 0; k < 4; ++k) run.link(key_of(k));
        run.deliver();
    };
    away(20);
    check_current(run);
    CHECK(run.who->begun_anew() == 0);
    away(60);
    CHECK(run.who->begun_anew() == 1);
    CHECK(run.who->state() == nullptr);
    for (int k = 0; k < 10; ++k) {
        run.step();
        run.deliver();
    }
    check_current(run);
    CHECK(run.who->begun_anew() == 1);
}

TEST_CASE("follower: when members keep nothing of what it lacks, it fetches a state at once") {
    small_run run(4, 1, sgd{});
    run.follow(run.state);
    run.deliver();
    for (std::size_t k = 0; k < 4; ++k) run.lose(key_of(k));
    for (int k = 0; k < 9; ++k) run.step(); // nobody follows
    for (auto const& [key, one] : run.keepers) CHECK(one.applied_kept() == 1);
    for (std::size_t k = 0; k < 4; ++k) run.link(key_of(k));
    run.deliver();
    CHECK(run.who->begun_anew() == 1);
    for (int k = 0; k < 8; ++k) {
        run.step();
        run.deliver();
    }
    check_current(run);
}

TEST_CASE("follower: members that hold a state no more make it fetch another one") {
    small_run run(4, 1, lamb{}, 100'000);
    run.follow();
    for (int k = 0; k < 7; ++k) {
        run.step();
        run.deliver();
    }
    run.step();
    run.deliver(2);
    REQUIRE(run.who->chunks_total() > 0);
    for (auto& [key, one] : run.keepers) one.handle_message(key_of(200), wire::follow{}, run.now);
    for (int k = 0; k < 20; ++k) {
        run.step();
        run.deliver();
    }
    run.wait(2min);
    for (int k = 0; k < 10; ++k) {
        run.step();
        run.deliver();
    }
    check_current(run);
    CHECK(run.who->begun_anew() >= 1);
}

TEST_CASE("follower: a member that comes in counts, one that has gone does not") {
    small_run run(4, 1, sgd{});
    run.follow(run.state);
    run.step();
    run.deliver();
    run.keepers.emplace(key_of(9), keeper());
    run.context.roster.erase(run.context.roster.begin());
    run.context.roster.push_back({key_of(9), {}});
    run.link(key_of(9));
    for (int k = 0; k < 9; ++k) {
        run.step();
        run.deliver();
        check_current(run);
    }
    CHECK(run.asked[key_of(9)][wire::fetched::applied] > 0);
    CHECK(run.asked[key_of(0)][wire::fetched::applied] <= 2);
}

TEST_CASE("follower: states of another size or optimizer, and waits of no time, are refused") {
    small_run run(4, 1, lamb{});
    auto setup = run.setup(first_state(sgd{}, std::vector<float>(60)));
    CHECK_THROWS_AS(follower{setup}, contract_violation);
    setup.state = first_state(lamb{}, std::vector<float>(61));
    CHECK_THROWS_AS(follower{setup}, contract_violation);
    setup.state = first_state(lamb{}, std::vector<float>(60));
    std::get<lamb::state>(setup.state->memory).means.pop_back();
    CHECK_THROWS_AS(follower{setup}, contract_violation);
    setup.state.reset();
    CHECK_NOTHROW(follower{setup});
    setup.most_steps = 1'000;
    CHECK_THROWS_AS(follower{setup}, contract_violation);
    setup.most_steps = 64;
    setup.patience = 0s;
    CHECK_THROWS_AS(follower{setup}, contract_violation);
    setup = run.setup();
    setup.size = 0;
    CHECK_THROWS_AS(follower{setup}, contract_violation);
}
