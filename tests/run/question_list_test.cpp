// SPDX-License-Identifier: Apache-2.0
// Whom a follower asks, and whom it does not ask any more.
#include "lies.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>

using namespace btard;
using namespace std::chrono_literals;
using namespace follower_test;

TEST_CASE("follower: who sent other bytes is not asked for a while, and then is") {
    small_run run(4, 1, sgd{});
    let_lie(run, 1, all_lies().at("other floats"));
    run.follow(run.state);
    auto& asks = run.asked[key_of(0)][wire::fetched::applied];
    for (int k = 0; k < 8; ++k) {
        run.step();
        run.deliver();
        check_current(run);
    }
    CHECK(asks == 1);
    run.wait(3min);
    for (int k = 0; k < 8; ++k) {
        run.step();
        run.deliver();
        check_current(run);
    }
    CHECK(asks == 2);
}

TEST_CASE("follower: what one member is slow to send is asked of another") {
    small_run run(4, 1, sgd{});
    let_lie(run, 1, all_lies().at("no floats"));
    run.follow(run.state);
    for (int k = 0; k < 4; ++k) {
        run.step();
        run.deliver();
        if (!run.who->is_current()) run.wait(8s); // an eighth of its patience
        check_current(run);
    }
}

TEST_CASE("follower: one that was stopped for long blames nobody") {
    small_run run(4, 1, sgd{});
    run.follow(run.state);
    run.step();
    run.deliver(4);
    REQUIRE(run.asked.size() == 1);
    public_key const waited_for = run.asked.begin()->first;
    run.now += 1h;
    run.who->handle_timeout(run.now);
    run.deliver();
    check_current(run);
    for (int k = 0; k < 8; ++k) {
        run.step();
        run.deliver();
        check_current(run);
    }
    CHECK(run.asked[waited_for][wire::fetched::applied] >= 2);
}

TEST_CASE("follower: members that have forgotten it hear again that it follows them") {
    small_run run{4, 1, sgd{}};
    run.follow(run.state);
    run.step();
    run.deliver();
    CHECK(run.who->is_current());
    for (auto& [key, one] : run.keepers) one.handle_lost(key_of(200));
    run.step();
    run.deliver();
    CHECK(run.who->known()->step == 1);
    run.wait(25s);
    CHECK(run.who->known()->step == 2);
    CHECK(run.who->is_current());
}

TEST_CASE("follower: who does not answer because it has forgotten it is told again when it is asked") {
    small_run run{4, 1, sgd{}};
    run.follow(run.state);
    run.deliver();
    auto& forgets = run.keepers.at(key_of(0));
    auto& asks = run.asked[key_of(0)][wire::fetched::applied];
    std::size_t const before = asks;
    while (asks == before) {
        run.step();
        forgets.handle_lost(key_of(200)); // it has told of this step
        run.deliver();
        if (asks == before) forgets.handle_message(key_of(200), wire::follow{}, run.now);
        run.deliver();
    }
    CHECK(forgets.followers() == 1);
    CHECK(run.who->is_current());
    CHECK(run.who->begun_anew() == 0);
}
