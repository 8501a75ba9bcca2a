// SPDX-License-Identifier: Apache-2.0
// Members that nothing gets to for a while, or that come later.
#include "log_swarm.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>

using namespace log_test;

TEST_CASE("broadcast: a member whose messages reach nobody decides nothing alone, and takes the log when "
          "they do again") {
    swarm<> s(5, 2, 0);
    for (std::size_t k = 1; k < 5; ++k) s.cut[0][k] = true;
    s.submit_all();
    s.run_to_end();
    for (std::size_t k = 1; k < 5; ++k) REQUIRE(s.peers[k]->where() == broadcast_stage::closed);
    CHECK(s.peers[1]->log()[0].kind == entry_kind::absent);
    CHECK(s.peers[0]->where() == broadcast_stage::paused);
    CHECK(s.pauses == 1);
    for (std::size_t k = 1; k < 5; ++k) s.cut[0][k] = false;
    for (std::int64_t r = 0; r < 8; ++r) s.tick(at(40 + 2 * r));
    REQUIRE(s.peers[0]->where() == broadcast_stage::closed);
    CHECK(s.peers[0]->log() == s.peers[1]->log());
}

TEST_CASE("broadcast: cut in two before the deadline, both halves pause, and go on when the links are back") {
    plain s(4, 1, 0);
    for (std::size_t a = 0; a < 4; ++a)
        for (std::size_t b = 0; b < 4; ++b) s.cut[a][b] = a / 2 != b / 2;
    s.submit_all();
    for (int t = 0; t <= 20; ++t) s.tick(at(t));
    CHECK(s.pauses == 4);
    for (auto const& one : s.peers) CHECK(one->where() == broadcast_stage::alone);
    for (auto& row : s.cut) row.assign(4, false);
    for (int t = 21; t <= 40; ++t) s.tick(at(t));
    CHECK(s.agreed(0));
    CHECK_FALSE(s.any_relay());
}

TEST_CASE(
    "broadcast: cut in two between bodies and digests, both halves pause after the relay, and then go on") {
    plain s(5, 1, 1); // 0 says nothing: lists are made at the deadline
    s.submit_all();
    s.tick(at(0));
    for (std::size_t a = 0; a < 5; ++a)
        for (std::size_t b = 0; b < 5; ++b) s.cut[a][b] = a / 3 != b / 3;
    for (int t = 2; t <= 30; ++t) s.tick(at(t));
    CHECK(s.pauses == 4);
    for (std::size_t k = 1; k < 5; ++k) CHECK(s.peers[k]->where() == broadcast_stage::paused);
    for (auto& row : s.cut) row.assign(5, false);
    for (int t = 31; t <= 60; ++t) s.tick(at(t));
    CHECK(s.agreed(1));
    CHECK(kind_of(s, 1, 0) == entry_kind::absent);
}

TEST_CASE("broadcast: who was cut off while the others relayed closes with their log, and not with one of "
          "its own") {
    for (bool const from_the_beginning : {true, false}) {
        swarm<> s(5, 2, 1); // 0 lies, 4 is cut off
        auto const cut = [&](bool on) {
            for (std::size_t a = 0; a < 4; ++a) s.cut[a][4] = s.cut[4][a] = on;
        };
        if (from_the_beginning) cut(true);
        s.submit_all();
        if (!from_the_beginning) cut(true);
        s.tick(at(0));
        s.deliver(0, 1, s.body(0, 1)); // to one alone: a slot to contest
        for (std::int64_t t = 2; t <= 16; ++t) s.tick(at(t));
        CHECK(!s.peers[4]->decided());
        cut(false);
        for (std::int64_t t = 17; t <= 60; ++t) s.tick(at(t));
        for (std::size_t k = 1; k < 5; ++k) {
            REQUIRE(s.peers[k]->decided());
            CHECK(s.peers[k]->log() == s.peers[1]->log());
        }
        CHECK(s.peers[4]->how() == closed_by::outcome_certificate);
    }
}

TEST_CASE("broadcast: two pause, two come later, each at its own time: one log, whenever they come") {
    // 2 says its body and dies: 0 and 1 sign a list that no quorum signs, and their relay is over when 3 and 4 begin.
    for (int const skew : {0, 1}) {
        for (int const first : {10, 13, 16, 19, 22}) {
            for (int const later : {0, 1, 2, 3, 5, 8, 11}) {
                INFO("skew ", skew, ", first ", first, ", later ", later);
                swarm<> s(5, 2, 0);
                auto const begin = [&](std::size_t k, int deadline) {
                    auto setup = s.setup(k);
                    setup.deadline = at(deadline);
                    s.peers[k].emplace(s.who->signers[k], setup);
                };
                begin(1, skew);
                for (std::size_t const k : {3, 4}) s.peers[k].reset();
                s.submit_all();
                s.peers[2].reset();
                int const last = first + later;
                for (int t = 0; t <= last + 60 && !(t > last && s.all_closed()); ++t) {
                    for (std::size_t const k : {3, 4}) {
                        if (t != (k == 3 ? first : last)) continue;
                        begin(k, t + 6);
                        s.peers[k]->submit(body_of(k));
                    }
                    s.tick(at(t));
                }
                REQUIRE(s.all_closed());
                log_list const& log = s.peers[0]->log();
                for (std::size_t const k : {1, 3, 4}) CHECK(s.peers[k]->log() == log);
                for (std::size_t const k : {0, 1, 2}) CHECK(log[k].kind == entry_kind::body);
                for (std::size_t const k : {0, 1, 3, 4}) CHECK(s.peers[k]->certificate().has_value());
            }
        }
    }
}
