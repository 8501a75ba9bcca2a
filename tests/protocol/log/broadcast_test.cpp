// SPDX-License-Identifier: Apache-2.0
#include "log_swarm.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <utility>
#include <variant>
#include <vector>

using namespace log_test;

namespace {

/// All that a machine wants to send.
std::vector<wire::log_message> outgoing(plain::machine& one) {
    std::vector<wire::log_message> all;
    while (auto const action = one.poll_action()) {
        if (auto const* to = std::get_if<act::send_log>(&*action)) all.push_back(to->message);
        if (auto const* to = std::get_if<act::broadcast_log>(&*action)) all.push_back(to->message);
    }
    return all;
}

} // namespace

TEST_CASE(
    "broadcast: honest members close by a full certificate before the deadline, with two messages each way") {
    for (std::size_t const n : {1, 2, 3, 4, 7, 16, 64}) {
        plain s(n, (n - 1) / 3, 0);
        s.submit_all();
        CHECK(s.agreed(0));
        CHECK(s.sent == 2 * n * (n - 1)); // a body and a digest to each other member
        for (auto const& one : s.peers) {
            CHECK(one->how() == closed_by::full_certificate);
            CHECK(one->offences() == 0);
            CHECK_FALSE(one->poll_deadline());
            CHECK(one->next_from() == at(6));
            CHECK(one->certificate()->signatures.size() == n);
        }
        for (std::size_t k = 0; k < n; ++k) {
            auto const body = s.peers[0]->body(peer_id(k));
            CHECK(std::vector(body.begin(), body.end()) == body_of(k));
        }
    }
}

TEST_CASE("broadcast: one honest crash, after any number of sends, costs one pull and one digest interval, "
          "no relay") {
    for (std::size_t const n : {4, 5, 7}) {
        for (std::size_t point = 0; point <= 2 * (n - 1); ++point) {
            INFO("n = ", n, ", crash after ", point, " messages");
            plain s(n, 1, 0);
            std::size_t const who = n / 2;
            for (auto& one : s.peers) one->submit(body_of(std::size_t(&one - s.peers.data())));
            s.flush(std::pair{who, point});
            s.peers[who].reset();
            s.tick(at(0));
            s.tick(at(2));
            s.tick(at(4));
            CHECK(s.agreed(0));
            CHECK_FALSE(s.any_relay());
            auto const expected =
                point == 0 ? entry_kind::absent : entry_kind::body; // one that has it is enough
            CHECK(kind_of(s, 0, who) == expected);
        }
    }
}

TEST_CASE("broadcast: a crash after the deadline, while others pull, starts no relay either") {
    for (std::size_t point = 0; point <= 12; ++point) {
        INFO("crash after ", point, " messages");
        plain s(5, 2, 1); // 0 says nothing, 3 crashes: both count among the faulty
        s.submit_all();
        for (auto& one : s.peers)
            if (one) one->handle_timeout(at(0));
        s.flush(std::pair{std::size_t{3}, point});
        s.peers[3].reset();
        s.tick(at(2));
        s.tick(at(4));
        CHECK(s.agreed(1));
        CHECK_FALSE(s.any_relay());
    }
}

TEST_CASE("broadcast: a body that went to one member reaches all by the pull") {
    plain s(4, 1, 1);
    s.submit_all();
    s.deliver(0, 2, s.body(0, 1));
    s.tick(at(0));
    s.tick(at(2));
    s.tick(at(4)); // the sender's own digest is missing
    REQUIRE(s.agreed(1));
    CHECK_FALSE(s.any_relay());
    for (std::size_t k = 1; k < 4; ++k) {
        CHECK(kind_of(s, k, 0) == entry_kind::body);
        CHECK(s.peers[k]->how() == closed_by::certificate);
    }
}

TEST_CASE(
    "broadcast: a digest that is withheld from some: those close two intervals after the deadline, alike") {
    plain s(4, 1, 1);
    s.submit_all();
    for (std::size_t k = 1; k < 4; ++k) s.deliver(0, k, s.body(0, 1));
    s.flush();
    s.deliver(0, 1, s.vote(0, hash_of(s.peers[1]->own_list())));
    s.flush();
    CHECK(s.peers[1]->how() == closed_by::full_certificate);
    CHECK_FALSE(s.peers[2]->decided());
    SUBCASE("by a certificate of their own") {
        s.tick(at(4));
        CHECK(s.agreed(1));
        CHECK(s.peers[2]->how() == closed_by::certificate);
        CHECK(s.peers[2]->next_from() == at(2 * 5)); // D + (f + 4) delta
    }
    SUBCASE("or at once, from one that is already in the next phase") {
        for (std::size_t const k : {2, 3}) s.peers[k]->handle_later(peer_id{1});
        s.flush();
        CHECK(s.agreed(1));
        CHECK(s.peers[2]->how() == closed_by::full_certificate);
    }
}

TEST_CASE("broadcast: split digests: the one who sees another one does not close, and gets the certificate "
          "of the others") {
    plain s(4, 1, 1);
    s.submit_all();
    for (std::size_t k = 1; k < 4; ++k) s.deliver(0, k, s.body(0, 1));
    s.flush();
    auto const own = hash_of(s.peers[1]->own_list());
    s.deliver(0, 1, s.vote(0, digest{}));
    s.deliver(0, 2, s.vote(0, own));
    s.flush();
    CHECK(s.peers[2]->how() == closed_by::full_certificate);
    s.tick(at(4));
    CHECK(s.agreed(1));
    CHECK(s.peers[1]->how() == closed_by::full_certificate); // pulled in round 0
    CHECK(s.peers[3]->how() == closed_by::certificate);
    s.deliver(0, 1, s.vote(0, own));
    s.flush();
    CHECK(s.proofs == 1); // two lists signed
}

TEST_CASE("broadcast: who was silent in the phase before is not waited for longer, and all others are") {
    for (bool const another : {false, true}) {
        plain s(5, 2, 0);
        for (std::size_t k = 0; k < 5; ++k) {
            auto setup = s.setup(k);
            setup.not_waited_for = {true, false, false, false, false};
            setup.short_deadline = at(-8);
            s.peers[k].emplace(s.who->signers[k], setup);
        }
        s.peers[0].reset();
        if (another) s.peers[1].reset();
        s.submit_all();
        s.tick(at(-8));
        s.tick(at(-6));
        CHECK(s.all_closed() == !another); // by a full certificate, before the deadline
        s.run_to_end();
        REQUIRE(s.agreed(2));
        CHECK_FALSE(s.any_relay());
        CHECK(s.peers[2]->silent() == std::vector<bool>{true, another, false, false, false});
    }
}

TEST_CASE("broadcast: a signed list is signed once, whatever comes later") {
    plain s(4, 1, 1);
    s.submit_all();
    s.tick(at(0));
    s.tick(at(2));
    auto const before = s.peers[1]->own_list();
    s.deliver(0, 1, s.body(0, 1));
    CHECK(s.peers[1]->own_list() == before);
    CHECK(outgoing(*s.peers[1]).empty());
    s.run_to_end();
    CHECK(s.agreed(1));
}

TEST_CASE("broadcast: what the caller gets wrong is said with its numbers") {
    keys const some(4);
    broadcast_setup setup{here, peer_id{1}, some.members, 1, 3, at(0), delta};
    auto const make = [&] { return plain::machine(some.signers[1], setup); };
    CHECK_NOTHROW((void)make());
    auto one = make();
    one.submit({});
    CHECK_THROWS_WITH_AS(one.submit({}), "this member has sent its body", contract_violation);
    setup.quorum = 1;
    CHECK_THROWS_WITH_AS((void)make(), "a quorum of 1 among 4 members, 1 of which may lie",
                         contract_violation);
    setup.quorum = 3;
    setup.self = peer_id{4};
    CHECK_THROWS_AS((void)make(), contract_violation);
    setup.self = peer_id{1};
    setup.interval = {};
    CHECK_THROWS_AS((void)make(), contract_violation);
}

TEST_CASE("broadcast: quorums of two cannot be formed without a common honest member while f < n/3") {
    for (std::size_t n = 1; n <= 40; ++n)
        for (std::size_t f = 0; 2 * f < n; ++f) {
            auto const q = quorum_of(n, f);
            CHECK(2 * q > n);
            CHECK(q > f);
            CHECK(q <= n - f);
            if (3 * f < n) CHECK(2 * q - n > f);
        }
}

TEST_CASE("broadcast: who asks all for a certificate before the deadline closes with it; who has decided "
          "asks nobody") {
    plain s(4, 1, 1);
    s.submit_all();
    for (std::size_t k = 1; k < 4; ++k) s.deliver(0, k, s.body(0, 1));
    s.flush();
    s.peers[2]->ask_for_certificate();
    s.flush();
    CHECK_FALSE(s.peers[2]->decided()); // nobody has one yet
    s.deliver(0, 1, s.vote(0, hash_of(s.peers[1]->own_list())));
    s.flush();
    REQUIRE(s.peers[1]->decided());
    for (auto& one : s.peers)
        if (one) one->ask_for_certificate();
    s.flush();
    CHECK(s.agreed(1));
    CHECK(s.peers[2]->how() == closed_by::full_certificate);
    s.peers[2]->ask_for_certificate();
    CHECK(outgoing(*s.peers[2]).empty());
}

TEST_CASE("broadcast: the deadline is that of the setup, until a pause moves it") {
    plain s(4, 1, 0);
    for (std::size_t a = 0; a < 4; ++a)
        for (std::size_t b = 0; b < 4; ++b) s.cut[a][b] = a / 2 != b / 2;
    s.submit_all();
    for (int t = 0; t <= 20; ++t) s.tick(at(t));
    for (auto const& one : s.peers) CHECK(one->deadline() == at(0));
    for (auto& row : s.cut) row.assign(4, false);
    for (int t = 21; t <= 40; ++t) s.tick(at(t));
    REQUIRE(s.agreed(0));
    for (auto const& one : s.peers) {
        CHECK(one->deadline() >= at(20));
        CHECK(one->next_from() == one->deadline() + 3 * delta);
    }
}
