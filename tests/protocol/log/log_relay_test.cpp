// SPDX-License-Identifier: Apache-2.0
// Broadcasts that end in a relay.
#include "log_swarm.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>

using namespace log_test;

TEST_CASE(
    "broadcast: contested bodies end in a relay whose outcome a quorum signs, and all charge the sender") {
    plain s(5, 2, 2);
    s.contest_a_slot();
    s.deliver(0, 3, s.vote(0, digest{std::byte{1}}));
    s.run_to_end();
    REQUIRE(s.agreed(2));
    CHECK(s.any_relay());
    for (std::size_t k = 2; k < 5; ++k) {
        CHECK(kind_of(s, k, 0) == entry_kind::body); // one body of the slot came through the relay
        CHECK(s.peers[k]->how() == closed_by::relay);
        REQUIRE(s.peers[k]->certificate());
        CHECK(s.peers[k]->certificate()->outcome);
        CHECK(s.peers[k]->certificate()->signatures.size() == s.q);
        CHECK(s.peers[k]->next_from() == at(2 * 6));
    }
}

TEST_CASE("broadcast: a relayed body needs as many countersignatures as rounds have begun") {
    for (std::size_t round = 1; round <= 3; ++round) {
        for (std::size_t signatures = 1; signatures <= 2; ++signatures) {
            plain s(5, 2, 2);
            s.submit_all();
            s.tick(at(0));
            s.deliver(0, 2, s.body(0, 1));
            s.deliver(0, 3, s.body(0, 2));
            s.deliver(0, 4, s.body(0, 3));
            s.tick(at(2));
            s.tick(at(4));
            for (std::size_t r = 1; r <= round; ++r) s.tick(at(4 + 2 * std::int64_t(r)));
            REQUIRE(s.peers[2]->where() == broadcast_stage::relaying);
            auto const hash = sha256_of(body_of(1, 0));
            s.deliver(
                0, 2,
                wire::relayed_body{s.body(1, 0), s.relays(statement::relayed_body, hash, 1, signatures)});
            CHECK(s.peers[2]->relay().bodies(peer_id{1}).size() == (signatures >= round));
            s.flush();
            s.run_to_end();
            CHECK(s.agreed(2));
        }
    }
}

TEST_CASE("broadcast: bodies that a relay brings before round 1 are passed on, though a third one of the "
          "slot is held") {
    plain s(5, 2, 2);
    s.submit_all();
    s.tick(at(0));
    s.deliver(0, 2, s.body(0, 1)); // slot 0 is contested, so that no list has a certificate
    s.deliver(0, 3, s.body(0, 2));
    s.deliver(0, 4, s.body(0, 3));
    s.tick(at(2));
    s.deliver(1, 2, s.body(1, 1)); // in no list
    for (unsigned const variant : {2u, 3u}) {
        auto const hash = sha256_of(body_of(1, variant));
        s.deliver(1, 2,
                  wire::relayed_body{s.body(1, variant), s.relays(statement::relayed_body, hash, 1, 1)});
    }
    s.run_to_end();
    REQUIRE(s.agreed(2));
    CHECK(kind_of(s, 2, 1) == entry_kind::equivocated);
}

namespace {

/// Two liars among five.  At 12 the relay is over.
plain about_to_end_a_relay() {
    plain s(5, 2, 2);
    s.contest_a_slot();
    s.deliver(0, 3, s.vote(0, digest{std::byte{1}}));
    for (int t = 4; t <= 11; ++t) s.tick(at(t));
    return s;
}

} // namespace

TEST_CASE("broadcast: what a relay makes counts when a quorum says so, and not before") {
    auto s = about_to_end_a_relay();
    for (std::size_t k = 2; k < 5; ++k) s.cut[k].assign(5, true);
    s.tick(at(12));
    for (std::size_t k = 2; k < 5; ++k) CHECK_FALSE(s.peers[k]->decided());
    for (auto& row : s.cut) row.assign(5, false);
    s.tick(at(14));
    CHECK(s.agreed(2));
    CHECK(s.pauses == 3);
    CHECK(s.peers[2]->how() == closed_by::relay);
}

TEST_CASE("broadcast: who has closed by a relay can show it to those who come later, whatever liars sign "
          "after that") {
    auto s = about_to_end_a_relay();
    for (std::size_t k = 3; k < 5; ++k) s.cut[k].assign(5, true);
    s.tick(at(12));
    REQUIRE(!s.peers[2]->decided());
    s.sign_what_came_out(2);
    REQUIRE(s.peers[2]->decided());
    REQUIRE(s.peers[2]->certificate());
    for (std::size_t k = 0; k < 2; ++k) s.deliver(k, 2, s.outcome(k, digest{std::byte{1}}));
    CHECK(s.peers[2]->certificate());
}
