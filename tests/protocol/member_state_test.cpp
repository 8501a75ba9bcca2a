// SPDX-License-Identifier: Apache-2.0
// What a member hands to one that comes in: the same on all of them, and whatever else comes in its place is refused.
#include "peer_table.hpp"

#include <btard/protocol/member_state.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

using namespace peer_test;

namespace {

/// Some steps of seven members.  2 signs two bodies, and is banned; 5 keeps its rows from 0, until the two are in
/// dispute; 6 crashes, and comes back.
struct eventful : table {
    explicit eventful(std::uint64_t last_step = 11)
        : table({.n = 7,
                 .faults = 2,
                 .seed = 3,
                 .last_step = last_step,
                 .spoil = {.how = harm::resigned, .who = 2, .step = 3, .number = 2, .to_all = false},
                 .liars = {5},
                 .first_wait = 4,
                 .renew_every = 2}) {
        keep = [](std::size_t from, std::size_t to, wire::message const& message) {
            return from != 5 || to != 0 || !std::holds_alternative<wire::row>(message);
        };
        begin();
        pass_to(0, 1);
        crash(6);
        pass_to(0, 2);
        restart(6);
        while (!done())
            if (!next()) break;
    }
    member_peer const& donor() const { return *peers[0]; }
    member_state state() const { return donor().state_for_newcomer(); }

    btard::wrong check(member_state const& of, member_floats const& floats) const {
        return check_state(of, floats, keys[1], bench(), setup.rules, setup.run, keys[1].key());
    }
    btard::wrong check(member_state const& of) const { return check(of, donor().floats_for_newcomer()); }
    member_peer made_of(member_state const& of, member_floats const& floats) const {
        auto mine = setup;
        mine.self = keys[1].key();
        return {keys[1], mine, bench(), upright{}, of, floats, now};
    }
};

} // namespace

TEST_CASE(
    "member state: the same on all honest members before each step, whatever happens in the one before") {
    eventful t;
    CHECK(t.wrong_without_absent() == "");
    CHECK(t.states.size() == 12);
    for (auto const& [step, of] : t.states) CHECK(of.size() >= 4);
    CHECK(t.states.at(12).contains(6)); // it is back
    auto const state = t.state();
    CHECK(state.membership.banned.size() == 1);
    CHECK(state.membership.left.size() == 2);
    CHECK(state.membership.lives.size() == 8);
    CHECK(!state.membership.standing.pairs.empty());
    CHECK(state.epochs.size() == 1);
    CHECK(state.links.size() == 3);
    CHECK(state.distances.last.size() == 12);
    CHECK(state.deadlines == t.peers[6]->deadlines().now()); // it has come back
    CHECK(state.deadlines.gradient < 60'000);
}

TEST_CASE("member state: signatures and links are not in its hash, all else is") {
    eventful const t;
    auto const state = t.state();
    auto other = state;
    other.links.pop_back();
    other.logs[0].certificate.signatures.pop_back();
    other.logs[1].certificate.outcome = true;
    other.logs[1].bodies[2].by_sender = {};
    CHECK(hash_of(other) == hash_of(state));
    for (auto const& change : std::vector<std::function<void(member_state&)>>{
             [](auto& s) { ++s.context.banned; }, [](auto& s) { s.membership.banned.clear(); },
             [](auto& s) { s.membership.standing.peers.begin()->second.returns = 7; },
             [](auto& s) { s.distances.floor = 1; }, [](auto& s) { ++s.deadlines.bulk; }, [](auto& s) { ++s.epochs[0].last_step; },
             [](auto& s) { s.last.epoch = 0; }, [](auto& s) { s.logs[0].bodies[0].bytes[0] ^= std::byte{1}; },
             [](auto& s) { s.verdicts.said[0].reset(); }}) {
        other = state;
        change(other);
        CHECK(hash_of(other) != hash_of(state));
    }
}

TEST_CASE("member state: a peer that is made of its bytes hands on the same") {
    eventful const t;
    auto const bytes = encode(t.state());
    auto const state = decode<member_state>(bytes);
    REQUIRE(state);
    CHECK(*state == t.state());
    auto const floats = decode<member_floats>(encode(t.donor().floats_for_newcomer()));
    REQUIRE(floats);
    CHECK(*floats == t.donor().floats_for_newcomer());
    REQUIRE(!t.check(*state, *floats));
    auto const made = t.made_of(*state, *floats);
    CHECK(made.state_for_newcomer() == *state);
    CHECK(made.floats_for_newcomer() == *floats);
    CHECK(made.introduction() == t.donor().introduction());
    CHECK(made.membership().context() == t.donor().membership().context());
}

TEST_CASE(
    "member state: what is not whole is none, and a bit that is another one is seen, or harms nothing") {
    eventful t(6);
    auto const whole = encode(t.state());
    for (std::size_t size = 0; size < whole.size(); ++size)
        CHECK(!decode<member_state>(std::span(whole).first(size)));
    auto more = whole;
    more.push_back({});
    CHECK(!decode<member_state>(more));
    std::size_t read = 0, taken = 0;
    for (std::size_t bit = 0; bit < 8 * whole.size(); bit += bit < 20'000 ? 23 : 211) {
        auto changed = whole;
        changed[bit / 8] ^= std::byte(1u << bit % 8);
        auto const state = decode<member_state>(changed);
        if (!state) continue;
        ++read;
        CHECK(encode(*state) == changed);
        if (t.check(*state)) continue;
        ++taken; // what only the hash shows: standing, links
        auto made = t.made_of(*state, t.donor().floats_for_newcomer());
        made.begin_step(t.now);
        CHECK(made.running());
    }
    CHECK(read > 100);
    CHECK(taken < read);
    MESSAGE(concat(whole.size(), " bytes, ", read, " states read, ", taken, " taken"));
}

TEST_CASE("member state: a donor that lies is told by a sentence") {
    eventful const t;
    auto const refused = [&](std::function<void(member_state&, member_floats&)> const& change) {
        auto state = t.state();
        auto floats = t.donor().floats_for_newcomer();
        change(state, floats);
        return t.check(state, floats).value_or("taken");
    };
    CHECK(refused([](auto&, auto&) {}) == "taken");
    CHECK(refused([](auto& s, auto&) { s = {}; }) == "it is of another run");
    CHECK(refused([](auto& s, auto&) { s.context.roster.clear(); }) ==
          "step 12 has no members, one twice, or more than a gradient has numbers");
    CHECK(refused([](auto& s, auto&) { s.context.roster[1] = s.context.roster[0]; }) ==
          "step 12 has no members, one twice, or more than a gradient has numbers");
    CHECK(refused([](auto& s, auto&) {
              std::erase_if(s.context.roster,
                            [&](auto const& one) { return one.key == testing::counting_signer(1).key(); });
          }) == "it is the state of others: this key is no member");
    CHECK(refused([](auto& s, auto&) { s.last.idle.push_back(peer_id{6}); }) ==
          "step 11 has an idle member that is none");
    CHECK(refused([](auto& s, auto&) { s.context.given.pop_back(); }) ==
          "the hashes of step 12 are not of 37 floats");
    CHECK(refused([](auto& s, auto&) { s.context.step = 0; }) == "step 0 does not follow on step 11");
    CHECK(refused([](auto& s, auto&) { s.epochs.clear(); }) == "the epochs do not end with that of step 11");
    CHECK(refused([](auto& s, auto&) { s.distances.last.assign(102, 1.0); }) ==
          "its distances are not those that the step starts from");
    CHECK(refused([](auto& s, auto&) { s.distances.last[0] = std::numeric_limits<double>::quiet_NaN(); }) ==
          "its distances are not those that the step starts from");
    CHECK(refused([](auto& s, auto&) { s.deadlines.gradient = 60'001; }) ==
          "its deadlines are none that the rules allow");
    CHECK(refused([](auto& s, auto&) { s.deadlines = {}; }) == "its deadlines are none that the rules allow");
    CHECK(refused([](auto& s, auto&) { s.logs.pop_back(); }) ==
          "other logs than those from which step 12 starts");
    CHECK(refused([](auto& s, auto&) { s.logs.clear(); }) ==
          "other logs than those from which step 12 starts");
    CHECK(refused([](auto& s, auto&) { s.context.before.bytes[0] ^= std::byte{1}; }) ==
          "its logs do not lead to the randomness of step 12");
    CHECK(refused([](auto& s, auto&) { s.verdicts.said.pop_back(); }) == "verdicts that are none of step 11");
    CHECK(refused([](auto& s, auto&) { s.verdicts.removed = {part_id{9}}; }) ==
          "verdicts that are none of step 11");
    CHECK(refused([](auto& s, auto&) { s.verdicts.removed = {part_id{0}}; }) ==
          "the floats of part 0, which fell, are not here");
    CHECK(refused([](auto&, auto& f) { f.given = {}; }) == "0 floats that are not those of step 12");
    CHECK(refused([](auto&, auto& f) { f.before.edit([](auto& x) { x[0] += 1; }); }) ==
          "the floats of step 11 from 0 on have another hash");
    CHECK(refused([](auto&, auto& f) { f.fallen.push_back({}); }) == "floats of parts that did not fall");
}
