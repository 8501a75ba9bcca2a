// SPDX-License-Identifier: Apache-2.0
// What keepers keep, for how long, and for whom.
#include "one_member.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>

using namespace btard;
using namespace std::chrono_literals;
using keeper_test::one_member;

TEST_CASE("keeper: what moved the parameters is kept for so many steps as memory allows, while somebody follows") {
    CHECK(kept_steps(1) == 32);
    CHECK(kept_steps(1u << 20) == 16);
    CHECK(kept_steps(11'200'000) == 4);
    CHECK(kept_steps(1u << 30) == 4);
    one_member one;
    one.step_to(10);
    CHECK(one.at().applied_kept() == 1);
    CHECK(one.progress(100).applied.size() == 1);
    one.step_to(60);
    CHECK(one.at().applied_kept() == 32);
    CHECK(one.progress(100).applied.size() == 32);
    CHECK(one.has(100, {wire::fetched::applied, 28, 0}));
    CHECK(!one.has(100, {wire::fetched::applied, 27, 0}));
    one.at().handle_lost(key_of(100));
    one.run.step();
    CHECK(one.at().applied_kept() == 1);
}

TEST_CASE("keeper: a state is kept when somebody asks, at steps that all members take, and two of them at most") {
    one_member one;
    one.ask(100, wire::follow{3});
    one.step_to(7);
    CHECK(one.at().snapshots() == 0);
    one.run.step();
    CHECK(one.at().snapshots() == 1);
    CHECK(one.progress(101).snapshot == wire::snapshot_head{8, root_of(one.run.state)});
    one.step_to(24);
    CHECK(one.at().snapshots() == 1); // nobody asked
    one.ask(101, wire::follow{26});
    one.step_to(32);
    CHECK(one.at().snapshots() == 2);
    CHECK(one.progress(102).snapshot->step == 32);
    one.ask(102, wire::follow{34});
    one.step_to(40);
    CHECK(one.at().snapshots() == 2); // no room
    CHECK(one.progress(103).snapshot->step == 32);
    one.ask(100, wire::follow{}); // has it
    one.step_to(48);
    CHECK(one.at().snapshots() == 2);
    CHECK(one.progress(103).snapshot->step == 48);
    one.at().handle_lost(key_of(101));
    one.at().handle_lost(key_of(102));
    one.run.step();
    CHECK(one.at().snapshots() == 0);
}

TEST_CASE("keeper: a state for which nobody asks any more is dropped, and one that is held for long makes room") {
    one_member one;
    one.ask(100, wire::follow{8});
    one.ask(101, wire::follow{16});
    one.step_to(16);
    CHECK(one.at().snapshots() == 2);
    auto const ask_on = [&](std::size_t who, std::uint64_t step) {
        for (std::uint64_t k = 0; k < 2; ++k) one.ask(who, wire::fetch{wire::fetched::leaves, step, 0});
        one.said();
    };
    one.run.now += 40s;
    ask_on(101, 16);
    one.run.now += 40s;
    one.run.step();
    CHECK(one.at().snapshots() == 1);
    CHECK(one.has(101, {wire::fetched::chunk, 16, 0}));
    one.run.now += 61s;
    one.run.step();
    CHECK(one.at().snapshots() == 0);
}

TEST_CASE("keeper: strangers hold neither a place nor a state that a key of the run asks for") {
    one_member one;
    auto const ask_as = [&](std::size_t from, wire::run_message const& m, follower_kind kind) {
        one.at().handle_message(key_of(from), m, one.run.now, kind);
    };
    std::size_t const many = 60;
    for (std::size_t k = 0; k < many; ++k) ask_as(60 + k, wire::follow{k % 2 ? 8u : 16u}, follower_kind::stranger);
    CHECK(one.at().followers() == 32);
    ask_as(10, wire::follow{}, follower_kind::known);
    CHECK(one.at().followers() == 33);
    auto const fetch_all = [&](std::uint64_t step) {
        for (std::size_t k = step == 8; k < many; k += 2)
            ask_as(60 + k, wire::fetch{wire::fetched::leaves, step, 0}, follower_kind::stranger);
    };
    one.step_to(8);
    fetch_all(8);
    one.step_to(16);
    fetch_all(16);
    CHECK(one.at().snapshots() == 2);
    ask_as(90, wire::follow{24}, follower_kind::stranger);
    one.step_to(24);
    CHECK(one.at().snapshots() == 2);
    CHECK(!one.has(10, {wire::fetched::leaves, 24, 0})); // a stranger takes nobody's place
    ask_as(10, wire::follow{32}, follower_kind::known);
    one.step_to(32);
    CHECK(one.has(10, {wire::fetched::leaves, 32, 0}));
    CHECK(!one.has(10, {wire::fetched::leaves, 8, 0})); // the oldest went
    ask_as(11, wire::follow{40}, follower_kind::known);
    one.step_to(40);
    CHECK(one.has(11, {wire::fetched::leaves, 40, 0}));
    ask_as(12, wire::follow{48}, follower_kind::known);
    one.step_to(48);
    CHECK(!one.has(12, {wire::fetched::leaves, 48, 0})); // both are for keys of the run now
}

TEST_CASE("keeper: a state that nobody fetches, and a stranger that asks for nothing, make way for others") {
    one_member one;
    one.ask(100, wire::follow{8});
    one.ask(101, wire::follow{16});
    one.step_to(16);
    one.ask(102, wire::follow{24});
    one.step_to(24);
    CHECK(!one.has(102, {wire::fetched::leaves, 24, 0}));
    one.run.now += 15s;
    CHECK(one.has(101, {wire::fetched::leaves, 16, 0}));
    one.step_to(32);
    CHECK(one.has(102, {wire::fetched::leaves, 32, 0}));
    CHECK(one.has(101, {wire::fetched::chunk, 16, 0})); // one that is fetched stays
    CHECK(!one.has(100, {wire::fetched::leaves, 8, 0}));
    auto const follow = [&](std::size_t from) {
        one.at().handle_message(key_of(from), wire::follow{}, one.run.now, follower_kind::stranger);
    };
    for (std::size_t k = 110; k < 142; ++k) follow(k);
    one.run.now += 50s;
    follow(110);
    follow(150);
    CHECK(one.at().followers() == 35);
    one.run.now += 11s;
    one.said();
    follow(150); // in the place of 111
    CHECK(one.said().size() == 1);
    CHECK(one.at().followers() == 35);
    one.run.step();
    bool told_110 = false, told_111 = false;
    for (auto const& [to, what] : one.said()) told_110 |= to == key_of(110), told_111 |= to == key_of(111);
    CHECK(told_110);
    CHECK(!told_111);
}

TEST_CASE("keeper: a key holds one state at a time") {
    one_member one;
    one.ask(100, wire::follow{8});
    one.step_to(8);
    CHECK(one.has(100, {wire::fetched::leaves, 8, 0}));
    one.ask(100, wire::follow{16});
    one.ask(100, wire::follow{16}); // the same once more is no other wish
    one.step_to(16);
    CHECK(one.at().snapshots() == 2);
    CHECK(one.has(100, {wire::fetched::leaves, 16, 0}));
    one.ask(100, wire::follow{16});
    one.step_to(24);
    CHECK(one.at().snapshots() == 1);
    CHECK(!one.has(100, {wire::fetched::chunk, 8, 0}));
    CHECK(one.has(100, {wire::fetched::chunk, 16, 0}));
}
