// SPDX-License-Identifier: Apache-2.0
#include "small_run.hpp"

#include <btard/core/error.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

using namespace btard;
using namespace std::chrono_literals;

namespace {

/// One member, and what its keeper says.
struct one_member {
    small_run run{1, 0, sgd{}};

    keeper& at() { return run.keepers.begin()->second; }
    void ask(std::size_t from, wire::run_message const& m) { at().handle_message(key_of(from), m, run.now); }
    std::vector<std::pair<public_key, wire::run_message>> said() {
        std::vector<std::pair<public_key, wire::run_message>> all;
        while (auto next = at().poll_message()) all.push_back(*std::move(next));
        return all;
    }
    /// The answer to a follower's question.
    wire::run_message answer(std::size_t from, wire::fetch const& asked) {
        said();
        ask(from, asked);
        auto const all = said();
        REQUIRE(all.size() == 1);
        CHECK(all[0].first == key_of(from));
        return all[0].second;
    }
    bool has(std::size_t from, wire::fetch const& asked) {
        auto const got = answer(from, asked);
        if (auto const* const none = std::get_if<wire::missing>(&got)) {
            CHECK(none->asked == asked);
            return false;
        }
        return true;
    }
    wire::progress progress(std::size_t from) {
        said();
        ask(from, wire::follow{});
        auto const all = said();
        REQUIRE(all.size() == 1);
        return std::get<wire::progress>(all[0].second);
    }
    void step_to(std::uint64_t step) {
        while (run.context.step < step) run.step();
    }
};

} // namespace

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

namespace {

/// Of a run whose only member is key 1; 2 was one, 3 is banned, 4 struck; the others are welcome.
struct some_membership {
    struct standings {
        [[nodiscard]] bool is_struck(public_key const& key) const { return key == key_of(4); }
    };
    step_context now = {.roster = {{key_of(1), {}}}};
    std::set<public_key> out = {key_of(3)};

    [[nodiscard]] step_context const& context() const { return now; }
    [[nodiscard]] std::set<public_key> const& banned() const { return out; }
    [[nodiscard]] standings standing() const { return {}; }
    [[nodiscard]] bool was_member(public_key const& key) const { return key == key_of(2); }
    [[nodiscard]] bool may_be_told(public_key const& key) const { return key != key_of(3) && key != key_of(4); }
};

} // namespace

TEST_CASE("a follower is known by what it has been, not by what it says, and who was banned follows nobody") {
    some_membership const now;
    auto const kind = [&](std::size_t who, bool named, bool claims) {
        return kind_of_follower(now, key_of(who), named, claims);
    };
    CHECK(kind(1, false, false) == follower_kind::known);
    CHECK(kind(2, false, true) == follower_kind::known);
    for (bool const named : {false, true})
        for (bool const claims : {false, true}) CHECK(!kind(3, named, claims));
    CHECK(!kind(4, false, true));
    CHECK(kind(5, false, false) == follower_kind::stranger);
    CHECK(kind(5, false, true) == follower_kind::coordinator);
    CHECK(kind(5, true, true) == follower_kind::known);
}
