// SPDX-License-Identifier: Apache-2.0
#include "peer_table.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

using namespace peer_test;

TEST_CASE("peer: a run of peers that do what they should, of any size") {
    for (auto const& sizes : std::vector<std::array<std::size_t, 3>>{{1, 0, 0},
                                                                     {1, 0, 1},
                                                                     {2, 0, 0},
                                                                     {2, 0, 1},
                                                                     {3, 0, 1},
                                                                     {3, 1, 0},
                                                                     {3, 0, 2},
                                                                     {4, 1, 1},
                                                                     {5, 2, 0},
                                                                     {5, 0, 4},
                                                                     {8, 3, 1},
                                                                     {9, 3, 2}}) {
        std::size_t const n = sizes[0], f = sizes[1], m = sizes[2];
        INFO("n ", n, ", f ", f, ", m ", m);
        for (bool const in_order : {true, false}) {
            table t({.n = n, .faults = f, .validators = m, .seed = n, .last_step = 5, .in_order = in_order});
            CHECK(t.run());
            CHECK(t.wrong() == "");
            CHECK(t.verdict().empty());
            CHECK(t.pauses == 0);
            CHECK(t.now < time_point{} + 5s);
        }
    }
}

TEST_CASE("peer: one that has no gradient any more leaves in order: it is not absent, and nobody waits for anything "
          "in its last step") {
    table t({.n = 5, .faults = 1, .validators = 1, .last_step = 4, .leaves = 2});
    CHECK(t.run());
    CHECK(t.wrong() == "");
    CHECK(t.verdict() == std::vector{act::removed{1, t.keys[2].key(), offence::leave}});
    CHECK(t.now < time_point{} + 5s);
    CHECK(t.peers[2]->gone());
    auto const& last = t.peers[2]->state().record;
    CHECK(!last.committed().contains(2));
    for (auto const& part : last.parts()) CHECK(part.stands);
    for (auto const& pair : last.pairs()) CHECK(pair.target != peer_id{2});
}

TEST_CASE("peer: whose gradient fails in the middle of a step goes with this one, if it has not spoken, and it is "
          "judged for the step before all the same") {
    table t({.n = 5, .faults = 1, .validators = 1, .seed = 3, .last_step = 6, .liars = {1}});
    t.falsify = [](std::size_t by, std::uint64_t, std::vector<float>& gradient) { gradient[0] += float(by == 1); };
    t.begin();
    auto const found_out = [&] { // r is known, and draws a validator for it
        auto const* const last = t.peers[1]->last_state();
        return last && t.peers[1]->where() == phase::commit &&
               std::ranges::any_of(last->record.pairs(), [&](auto const& pair) {
                   return last->key(pair.target) == t.keys[1].key() && last->key(pair.validator) != t.keys[1].key();
               });
    };
    while (!found_out() && t.next()) {}
    REQUIRE(found_out());
    auto const step = t.step_of(1);
    t.peers[1]->leave_without_gradient(t.now);
    while (!t.done() && t.next()) {}
    CHECK(t.wrong() == "");
    std::vector<act::removed> both;
    for (auto const why : {offence::leave, offence::wrong_gradient})
        both.push_back({step, t.keys[1].key(), why});
    CHECK(t.verdict() == both); // it leaves, and is banned
}

TEST_CASE("peer: garbage of any length, from members and from strangers, changes nothing") {
    table_options const options{.n = 4, .faults = 1, .validators = 1, .last_step = 3};
    table calm(options);
    REQUIRE(calm.run());
    table t(options);
    t.begin();
    auto const stranger = testing::counting_signer(99).key();
    std::uint64_t drawn = 0;
    std::size_t read = 0;
    std::vector<wire::message> seen; // well formed, and meant for somebody else or another time
    while (!t.done() && t.next()) {
        for (std::size_t length = 0; length <= 40; ++length) {
            std::vector<std::byte> bytes(length);
            auto const bits = philox(seed{5, 5}, drawn++);
            for (std::size_t k = 0; k < length; ++k)
                bytes[k] = std::byte(bits[k % 4] >> (8 * (k / 4 % 4)) & (k % 3 == 0 ? 3 : 255));
            if (length > 0) bytes[0] = std::byte{wire::version};
            if (length > 1) bytes[1] = std::byte(bits[0] % std::variant_size_v<wire::message>);
            for (std::size_t k = 2; k < length && bits[1] % 2 == 0; ++k) bytes[k] = {}; // most of these can be read
            auto const message = decode_frame(bytes);
            if (!message) continue;
            ++read;
            for (std::size_t to = 0; to < 4; ++to) {
                t.peers[to]->handle_message(t.keys[(to + 1) % 4].key(), *message, t.now);
                t.peers[to]->handle_message(stranger, *message, t.now);
            }
        }
        if (t.events > 200) break;
    }
    CHECK(read > 30);
    while (!t.done()) REQUIRE(t.next());
    CHECK(t.wrong() == "");
    CHECK(t.verdict().empty());
    CHECK(t.aggregates == calm.aggregates);
}

TEST_CASE("peer: strangers get no answer, and what they send does not wait for anything") {
    table t({.n = 4, .faults = 1, .validators = 0, .last_step = 1});
    REQUIRE(t.run());
    auto const stranger = testing::counting_signer(99).key();
    auto& one = *t.peers[0];
    auto const step = one.state().step();
    while (one.poll_action()) {}
    one.handle_message(stranger, wire::wanted{step, part_id{0}, peer_id{0}, {}}, t.now);
    one.handle_message(
        stranger,
        wire::log_question{
            .at = one.logs().at(), .bodies = {peer_id{0}}, .certificate = true, .digest = true},
        t.now);
    CHECK(!one.poll_action());
    one.handle_message(t.keys[1].key(), wire::wanted{step, part_id{0}, peer_id{0}, {}}, t.now);
    CHECK(one.poll_action());
}

TEST_CASE("peer: rows between members that are gone are not waited for in the step after") {
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
        table t({.n = 8, .faults = 3, .validators = 1, .seed = seed, .last_step = 3});
        t.begin();
        auto const& one = *t.peers[0];
        while (one.state().step() < 2 || one.where() != phase::reveal) REQUIRE(t.next());
        for (std::size_t const k : {3, 5, 7}) t.crash(k);
        while (one.membership().step() < 3) REQUIRE(t.next());
        auto const begun = t.now;
        while (one.membership().step() < 4) REQUIRE(t.next());
        CHECK(t.now - begun < 500ms); // a gradient and the links: no deadline
        while (!t.done()) REQUIRE(t.next());
        CHECK(t.wrong_without_absent() == "");
    }
}

TEST_CASE("peer: a member that came in after a step may ask for what was made in it") {
    table t({.n = 4, .faults = 1, .validators = 1, .last_step = 30});
    for (std::size_t k = 0; k < 4; ++k) t.begin(k);
    t.crash(3);
    while (t.aggregates[0].size() < 2) REQUIRE(t.next());
    REQUIRE(!t.peers[0]->membership().members()->find(t.keys[3].key()));
    t.restart(3);
    while (t.stopped[3]) REQUIRE(t.next());
    auto const now = t.peers[3]->state().step();
    auto const back = t.now;
    t.pass_to(0, now);
    auto& one = *t.peers[0];
    REQUIRE(one.last_state()->step() + 1 == now);
    one.handle_message(t.keys[3].key(), wire::wanted{now - 1, part_id{0}, {}, {}}, t.now);
    bool answered = false;
    while (auto const action = one.poll_action())
        if (auto const* sent = std::get_if<act::send>(&*action))
            answered |= sent->to == t.keys[3].key() && std::holds_alternative<wire::aggregate>(sent->message);
    CHECK(answered);
    t.pass_to(0, now + 1);
    CHECK(t.now < back + 1s); // nobody had to wait for it
}
