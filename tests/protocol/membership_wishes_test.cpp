// SPDX-License-Identifier: Apache-2.0
// Who asks to come back, and whose word counts.
#include "run_of.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace membership_test {

TEST_CASE("membership: nobody comes back who is banned, a member, a stranger, or has not asked itself in this run") {
    run_of m(6);
    m.of.against(offences{{p1, offence::leave}, {p2, offence::slander}, {p2, offence::leave}});
    m.end();
    m.steps(5);
    auto const refused = [&](wire::join one) {
        auto const before = m.numbers();
        m.end({one});
        CHECK(m.numbers() == before);
    };
    refused(m.join_of(2));                                    // banned
    refused(m.join_of(3));                                    // a member
    refused(m.join_of(17));                                   // never was one
    refused(ask_to_join(signer_of(4), run, member(1, 1), m.of.step()));  // somebody else asks for it
    refused(ask_to_join(signer_of(1), tagged_hash("another run"), member(1, 1), m.of.step()));
    auto other = m.join_of(1);
    other.who.incarnation[5] = std::byte{1}; // what was signed is another life
    refused(other);
    m.end({m.join_of(2), m.join_of(3), m.join_of(17), other, m.join_of(1)});
    CHECK(m.is_member(1));
    CHECK(m.of.context().roster.size() == 5);
}

TEST_CASE("membership: one that asks in several ways comes back once") {
    run_of m(5);
    m.of.against(offences{{p1, offence::leave}});
    m.end();
    m.steps(5);
    m.end({m.join_of(1, 3), m.join_of(1, 4), m.join_of(1, 3)});
    CHECK(m.numbers() == std::vector<std::size_t>{0, 2, 3, 4, 1});
    CHECK(m.of.context().roster.back() == member(1, 3));
}

TEST_CASE("membership: a life that was a member before is none again: its old wish to join is no new one") {
    run_of m(5);
    m.of.against(offences{{p1, offence::leave}});
    m.end();
    m.steps(5);
    m.end({m.join_of(1, 1)});
    REQUIRE(m.is_member(1));
    m.of.against(offences{{m.at(1), offence::absence}}); // it crashed, and is not there yet
    m.end();
    m.steps(50);
    m.end({m.join_of(1, 1)}); // a liar kept what it had signed
    CHECK(!m.is_member(1));
    m.end({m.join_of(1, 0)}); // the life that the run began with
    CHECK(!m.is_member(1));
    m.end({m.join_of(1, 2)});
    CHECK(m.is_member(1));
}

TEST_CASE("membership: an old wish to come back is none: who kept it cannot make its owner absent once more") {
    run_of m(5);
    m.of.against(offences{{p1, offence::absence}});
    m.end();
    m.steps(5);
    auto const kept = m.join_of(1); // it asked, crashed again, and was never let in
    auto const lasts = m.with.standing.wish_lasts;
    m.steps(lasts);
    CHECK(m.of.is_fresh(kept));
    m.end();
    CHECK(!m.of.is_fresh(kept));
    m.end({kept});
    CHECK(!m.is_member(1));
    CHECK(m.of.may_return(key_of(1))); // it waits for nothing but its own word
    auto forged = kept;
    forged.step = m.of.step();
    m.end({forged}); // the step is signed
    CHECK(!m.is_member(1));
    auto const early = ask_to_join(signer_of(1), run, member(1, 1), m.of.step() + 1);
    m.end({early});
    CHECK(!m.is_member(1));
    m.end({early}); // now it is of this step
    CHECK(m.is_member(1));
}

TEST_CASE("membership: a wish counts as long as the rule says, and not a step longer") {
    for (std::uint64_t const age : {0u, 3u, 4u, 5u, 50u}) {
        run_of m(5);
        m.of.against(offences{{p1, offence::leave}});
        m.end();
        m.steps(5);
        auto const kept = m.join_of(1);
        m.steps(age);
        m.end({kept});
        INFO("age ", age);
        CHECK(m.is_member(1) == (age <= 4));
    }
}

} // namespace membership_test
