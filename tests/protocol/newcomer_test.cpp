// SPDX-License-Identifier: Apache-2.0
// Newcomers, among members whose gradients take time.
#include "small_swarm.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

using namespace btard;
using namespace std::chrono_literals;

namespace {

using small_test::small_swarm;

run_rules trying(std::uint64_t share = 4) {
    run_rules made{.faults = 1};
    made.probation = {.admits = admission::anybody, .steps = 12, .cleans = 2, .apart = 6, .share = share};
    return made;
}
struct slow_swarm : small_swarm {
    explicit slow_swarm(std::size_t n, run_rules rules = trying()) : small_swarm(n, rules) { gradient = 20s; }

    [[nodiscard]] probation const& tried() const { return peers.back()->membership().context().probation; }
    [[nodiscard]] bool is_tried(std::size_t newcomer) const {
        return tried().find(newcomers[newcomer].who().key) != nullptr;
    }
    void steps(std::size_t count) {
        for (std::size_t k = 0; k < count; ++k) step();
    }
};

} // namespace

TEST_CASE("newcomer: what it asks while members compute finds it a place that it keeps") {
    slow_swarm s(4);
    s.steps(6);
    s.add_newcomer(90s); // heard before anybody has said COMMIT
    s.steps(4);
    REQUIRE(s.is_tried(0));
    auto const since = s.tried().tried.front().since;
    s.steps(8);
    REQUIRE(s.is_tried(0));
    CHECK(s.tried().tried.front().since == since);
    CHECK(s.tried().tried.front().cleans.size() >= 2);
    CHECK(s.newcomers[0].asked() == 1);
}

TEST_CASE("newcomer: one that asks in the first step has a place soon, too") {
    slow_swarm s(4);
    s.add_newcomer(90s);
    s.steps(6);
    REQUIRE(s.is_tried(0));
    s.steps(4);
    CHECK(s.tried().tried.front().since <= 5);
}

TEST_CASE("newcomer: a contact that carries its wish and tells it nothing does not lock it out") {
    slow_swarm s(4);
    s.change = [](std::size_t from, std::size_t, wire::message& message) {
        return from != 0 || !std::holds_alternative<wire::introduction>(message);
    };
    s.steps(6);
    s.add_newcomer(90s);
    s.steps(14);
    REQUIRE(s.is_tried(0));
    CHECK(s.newcomers[0].asked() == 2); // it went on to another one
    CHECK(s.tried().tried.front().cleans.size() >= 2);
}

TEST_CASE("newcomer: a contact that tells it the run, and nobody of its wish, does not keep it out") {
    slow_swarm s(4);
    s.change = [&](std::size_t, std::size_t to, wire::message& message) {
        return to != 0 || !std::holds_alternative<wire::join>(message) || std::get<wire::join>(message).step == 0;
    };
    s.steps(6);
    s.add_newcomer(90s);
    s.steps(4);
    CHECK(s.is_tried(0));
}

TEST_CASE("newcomer: one that was cut off loses its place, and gets another one in the same life") {
    slow_swarm s(4);
    s.steps(6);
    s.add_newcomer(90s);
    s.steps(4);
    REQUIRE(s.is_tried(0));
    bool cut = true;
    s.change = [&](std::size_t from, std::size_t to, wire::message&) { return !cut || (from < 4 && to < 4); };
    s.steps(8);
    CHECK(!s.is_tried(0));
    cut = false;
    s.steps(12);
    REQUIRE(s.is_tried(0));
    CHECK(s.tried().tried.front().who.incarnation == s.setup.members[0].incarnation);
    CHECK(s.tried().tried.front().since > 12);
}

TEST_CASE("peer: asks for its own gradient before those that it checks: whoever computes in order is in time "
          "for COMMIT") {
    slow_swarm s(4);
    s.steps(6);
    s.add_newcomer(90s);
    std::size_t both = 0;
    std::vector<std::optional<std::uint64_t>> audit(4); // the last step in which it asked for another one's
    s.watch = [&](std::size_t by, peer_action const& action) {
        auto const* const asked = std::get_if<act::compute>(&action);
        if (asked == nullptr || by >= 4) return;
        bool const own = asked->whose == s.keys[by].key() && asked->step == s.peers[by]->membership().step();
        if (!own) audit[by] = s.peers[by]->membership().step();
        if (own) CHECK(audit[by] != asked->step);
    };
    for (int k = 0; k < 12; ++k) {
        auto const at = s.peers[0]->membership().step();
        s.step();
        for (std::size_t one = 0; one < 4; ++one)
            if (auto const& checked = s.peers[one]->state().record.checked();
                checked && checked->validator == s.keys[one].key())
                both += audit[one] == at;
    }
    CHECK(both >= 4);
}

TEST_CASE("peer: strangers that ask first, however many, do not keep out a member that comes back") {
    auto rules = trying();
    rules.standing.first_wait = 2;
    slow_swarm s(5, rules);
    s.peers[4]->leave();
    s.steps(5);
    REQUIRE(s.peers[4]->gone());
    s.begin();
    auto const hear = [&](testing::counting_signer const& key) {
        log_member who{key.key(), {}};
        who.incarnation[0] = std::byte{1};
        s.deliver(0, 1, ask_to_join(key, s.setup.run, who, s.peers[0]->membership().step()));
    };
    for (std::size_t k = 100; k < 120; ++k) hear(testing::counting_signer(k));
    hear(s.keys[4]);
    s.finish();
    CHECK(s.peers[0]->membership().members()->find(s.keys[4].key()));
    CHECK(s.peers[0]->membership().context().probation.tried.size() == 1);
}

TEST_CASE("newcomer: a member that has lost everything is told of the run while it waits, and when it is in") {
    run_rules rules{.faults = 1}; // nobody new is let in
    rules.standing.first_wait = 6;
    slow_swarm s(5, rules);
    s.steps(1);
    s.peers[4]->leave();
    s.steps(2);
    REQUIRE(s.peers[4]->gone());
    s.return_as_newcomer(4, 90s);
    auto const& returns = s.newcomers[0];
    s.steps(2);
    REQUIRE(returns.known() != nullptr);
    CHECK(!returns.is_member());
    auto const is_in = [&] { return s.peers[0]->membership().members()->find(s.keys[4].key()).has_value(); };
    for (int k = 0; k < 9 && !is_in(); ++k) s.step();
    REQUIRE(is_in());
    CHECK(!returns.is_member());
    s.begin();
    while (!returns.is_member() && s.run_next()) {} // f + 1 members say so, and it has asked none of them
    CHECK(returns.is_member());
    CHECK(*returns.known() == s.peers[0]->membership().context());
    CHECK(!returns.is_tried());
}

TEST_CASE("newcomer: one that is let in after its trial hears of it from the members, too") {
    slow_swarm s(4);
    s.add_newcomer(90s);
    auto const& one = s.newcomers[0];
    auto const is_in = [&] { return s.peers[0]->membership().members()->find(one.who().key).has_value(); };
    for (int k = 0; k < 30 && !is_in(); ++k) s.step();
    REQUIRE(is_in());
    CHECK(!one.is_member());
    s.begin();
    while (!one.is_member() && s.run_next()) {}
    CHECK(one.is_member());
}

TEST_CASE("newcomer: one that observes follows the run, and asks for nothing else") {
    slow_swarm s(4);
    std::size_t joins = 0, others = 0;
    s.watch = [&](std::size_t by, peer_action const& action) {
        if (by < 4) return;
        auto const* const to = std::get_if<act::send>(&action);
        auto const* const join = to ? std::get_if<wire::join>(&to->message) : nullptr;
        ++(join && join->step == 0 ? joins : others);
    };
    std::size_t const number = s.add_newcomer(90s, true);
    auto const& one = s.newcomers[0];
    s.steps(20);
    CHECK(s.tried().tried.empty());
    REQUIRE(one.known() != nullptr);
    CHECK(one.known()->step > 12);
    CHECK(joins > 2);
    std::size_t const asked = s.number(one.contact());
    s.deliver(number, asked, *s.peers[asked]->introduction());
    CHECK(*one.known() == s.peers[0]->state().context); // whom it has asked may tell it of every step
    CHECK(others == 0);
    CHECK(!one.is_member());
}
