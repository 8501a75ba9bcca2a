// SPDX-License-Identifier: Apache-2.0
#include "one_member.hpp"

#include <btard/core/error.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

using namespace btard;
using namespace std::chrono_literals;
using keeper_test::one_member;

TEST_CASE("keeper: who follows is told of each step, once, until the link ends") {
    one_member one;
    one.ask(100, wire::follow{});
    one.ask(101, wire::follow{});
    CHECK(one.said().size() == 2);
    one.run.step();
    auto const said = one.said();
    REQUIRE(said.size() == 2);
    auto const& told = std::get<wire::progress>(said[0].second);
    CHECK(told.context == one.run.context);
    REQUIRE(told.applied.size() == 1);
    CHECK(told.applied[0] == hash_of(std::span<float const>(drawn_floats(0, 60))));
    CHECK(!told.snapshot);
    one.at().handle_lost(key_of(100));
    one.run.step();
    CHECK(one.said().size() == 1);
}

TEST_CASE("keeper: no more followers than it is told, and no more answers to one than a few in a step") {
    one_member one;
    for (std::size_t k = 100; k < 150; ++k) one.ask(k, wire::follow{});
    CHECK(one.said().size() == 32);
    CHECK(one.at().followers() == 32);
    for (int k = 0; k < 50; ++k) one.ask(100, wire::follow{});
    CHECK(one.said().size() == 3); // and one before
    one.run.step();
    CHECK(one.said().size() == 32);
    CHECK(!one.has(149, {wire::fetched::applied, 0, 0}));
}

TEST_CASE("keeper: the same thing is given to the same follower twice at most") {
    one_member one;
    one.ask(100, wire::follow{8});
    one.ask(101, wire::follow{});
    one.step_to(8);
    for (wire::fetch const& what :
         {wire::fetch{wire::fetched::applied, 7, 0}, wire::fetch{wire::fetched::held, 8, 0},
          wire::fetch{wire::fetched::leaves, 8, 0}, wire::fetch{wire::fetched::chunk, 8, 0}}) {
        CHECK(one.has(100, what));
        CHECK(one.has(100, what));
        CHECK(!one.has(100, what));
        CHECK(one.has(101, what));
        CHECK(!one.has(102, what)); // does not follow
    }
    for (wire::fetch const& what :
         {wire::fetch{wire::fetched::applied, 8, 0}, wire::fetch{wire::fetched::applied, std::uint64_t(-1), 0},
          wire::fetch{wire::fetched::held, 7, 0}, wire::fetch{wire::fetched::leaves, 0, 0},
          wire::fetch{wire::fetched::chunk, 8, 1}, wire::fetch{wire::fetched::chunk, 8, std::uint64_t(-1)},
          wire::fetch{wire::fetched::chunk, 8, std::uint64_t(1) << 46}})
        CHECK(!one.has(101, what));
}

TEST_CASE("keeper: an introduction is due once a second for each key") {
    one_member one;
    auto const ask = [&](std::size_t who) { one.ask(who, wire::fetch{wire::fetched::introduction, 0, 0}); };
    ask(100);
    ask(100);
    ask(101);
    CHECK(one.at().poll_introduction() == key_of(100));
    CHECK(one.at().poll_introduction() == key_of(101));
    CHECK(!one.at().poll_introduction());
    one.run.now += 1s;
    ask(100);
    CHECK(one.at().poll_introduction() == key_of(100));
    for (std::size_t k = 100; k < 200; ++k) ask(k);
    std::size_t due = 0;
    while (one.at().poll_introduction()) ++due;
    CHECK(due == 31);
}

TEST_CASE("keeper: whatever is asked, nothing is thrown, and each question has one answer at most") {
    one_member one;
    random_stream random(seed{13, 1});
    for (std::size_t k = 100; k < 140; ++k) one.ask(k, wire::follow{k});
    for (int k = 0; k < 20'000; ++k) {
        if (k % 200 == 0) one.run.step();
        one.said();
        std::uint64_t const step = one.run.context.step - random.below(3);
        wire::fetch const asked{wire::fetched(random.below(5)), step, random.below(3)};
        auto bytes = encode_run_frame(asked);
        if (k % 2 == 0) bytes[random.below(static_cast<std::uint32_t>(bytes.size()))] = static_cast<std::byte>(random.below(256));
        if (auto const read = decode_run_frame(bytes)) one.ask(100 + random.below(50), *read);
        CHECK(one.said().size() <= 1);
    }
}

TEST_CASE("keeper: floats that followers have are left out") {
    one_member one;
    one.ask(100, wire::follow{});
    one.step_to(3);
    auto const got = one.answer(100, {wire::fetched::held, 3, 0});
    CHECK(std::get<wire::held>(got).floats == member_floats{});
    auto const all = one.answer(100, {wire::fetched::held, 3, 1});
    CHECK(std::get<wire::held>(all).floats == member_floats{one.run.v0, one.run.before, {}});
    CHECK(!one.has(100, {wire::fetched::held, 3, 2}));
    one.run.parts_fall = true;
    one.run.step();
    auto const whole = one.answer(100, {wire::fetched::held, 4, 0});
    CHECK(std::get<wire::held>(whole).floats == member_floats{one.run.v0, {}, {}});
}

TEST_CASE("keeper: the state of another step is refused") {
    one_member one;
    auto context = one.run.context;
    context.step = 3;
    CHECK_THROWS_AS(one.at().begin_step(context, {}, {}, {}, one.run.state, one.run.now), contract_violation);
    CHECK_THROWS_AS(keeper(keeper_options{.snapshot_every = 0}), contract_violation);
}

TEST_CASE("keeper: who follows and is told of nothing new keeps its place, however long the step lasts") {
    one_member one;
    auto const ask = [&](std::size_t from, wire::run_message const& m) {
        one.at().handle_message(key_of(from), m, one.run.now, follower_kind::stranger);
    };
    one.run.step();
    for (std::size_t k = 100; k < 132; ++k) ask(k, wire::follow{});
    for (std::size_t k = 100; k < 132; ++k) ask(k, wire::fetch{wire::fetched::applied, 0, 0});
    one.run.now += 10min;
    one.said();
    ask(150, wire::follow{});
    CHECK(one.said().empty());
    one.run.step(); // they are told, and one of them asks for nothing
    for (std::size_t k = 101; k < 132; ++k) ask(k, wire::fetch{wire::fetched::applied, 1, 0});
    one.run.now += 61s;
    one.said();
    ask(150, wire::follow{});
    CHECK(one.said().size() == 1);
    CHECK(!one.has(100, {wire::fetched::held, 2, 0}));
}

TEST_CASE("keeper: a link that comes anew makes nothing be given once more") {
    one_member one;
    one.ask(100, wire::follow{});
    one.run.step();
    wire::fetch const what{wire::fetched::applied, 0, 0};
    std::size_t given = 0;
    for (int k = 0; k < 5; ++k) {
        given += one.has(100, what);
        one.at().handle_lost(key_of(100));
        one.ask(100, wire::follow{});
    }
    CHECK(given == 2);
}

TEST_CASE("keeper: who says it is a coordinator takes a place of those that say so, and of nobody else") {
    one_member one;
    auto const follows = [&](std::size_t from, follower_kind kind) {
        one.said();
        one.at().handle_message(key_of(from), wire::follow{}, one.run.now, kind);
        return !one.said().empty();
    };
    std::size_t taken = 0;
    for (std::size_t k = 100; k < 140; ++k) taken += follows(k, follower_kind::coordinator);
    CHECK(taken == 4);
    CHECK(follows(10, follower_kind::known));
    CHECK(follows(90, follower_kind::stranger));
}
