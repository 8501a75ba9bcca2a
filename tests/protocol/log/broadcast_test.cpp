// SPDX-License-Identifier: Apache-2.0
#include "log_swarm.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <type_traits>

using namespace log_test;

namespace {

using plain = swarm<>;

/// All that a machine wants to send.
std::vector<wire::log_message> outgoing(plain::machine& one) {
    std::vector<wire::log_message> all;
    while (auto const action = one.poll_action()) {
        if (auto const* to = std::get_if<act::send_log>(&*action)) all.push_back(to->message);
        if (auto const* to = std::get_if<act::broadcast_log>(&*action)) all.push_back(to->message);
    }
    return all;
}

entry_kind kind_of(plain const& s, std::size_t seen_by, std::size_t member) {
    return s.peers[seen_by]->log()[member].kind;
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

TEST_CASE(
    "broadcast: two bodies of one sender: equivocated for all, with a proof that a third party can check") {
    plain s(4, 1, 1);
    s.submit_all();
    s.deliver(0, 1, s.body(0, 1));
    s.deliver(0, 2, s.body(0, 2)); // 3 has none, asks, and gets both
    s.run_to_end();
    REQUIRE(s.agreed(1));
    for (std::size_t k = 1; k < 4; ++k) CHECK(kind_of(s, k, 0) == entry_kind::equivocated);
    auto const proof = s.peers[3]->equivocated(peer_id{0});
    REQUIRE(proof);
    CHECK(proves(*proof, s.who->signers[1], s.who->members));
    auto forged = *proof;
    forged.hashes[1] = forged.hashes[0];
    forged.signatures[1] = forged.signatures[0];
    CHECK_FALSE(proves(forged, s.who->signers[1], s.who->members));
    forged = *proof;
    forged.member = peer_id{1};
    CHECK_FALSE(proves(forged, s.who->signers[1], s.who->members));
    CHECK(s.proofs >= 1);
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

TEST_CASE(
    "broadcast: what belongs to another run, epoch, step, phase, draw or life of the key is no evidence") {
    for (int which = 0; which < 6; ++which) {
        plain s(4, 1, 1);
        s.submit_all();
        auto foreign = here;
        auto members = s.who->members;
        if (which == 0) foreign.run.bytes[0] = std::byte{8};
        if (which == 1) ++foreign.at.epoch;
        if (which == 2) ++foreign.at.step;
        if (which == 3) ++foreign.at.phase;
        if (which == 4) ++foreign.at.draw;
        if (which == 5) members[0].incarnation[3] = std::byte{1};
        auto const bytes = body_of(0, 1);
        auto const hash = sha256_of(bytes);
        auto const by = sign_statement(s.who->signers[0], foreign, statement::body, peer_id{0}, members, hash,
                                       peer_id{0});
        s.deliver(0, 1, wire::signed_body{foreign.at, peer_id{0}, bytes, by});
        s.deliver(0, 1, wire::signed_body{here.at, peer_id{0}, bytes, by}); // said to be of this one
        auto const vote = sign_statement(s.who->signers[0], foreign, statement::list, peer_id{0}, members,
                                         hash, peer_id{0});
        s.deliver(0, 1, wire::signed_digest{here.at, peer_id{0}, hash, vote});
        CHECK(s.peers[1]->offences() >= 2);
        CHECK_FALSE(s.peers[1]->digests().heard(peer_id{0}));
        s.run_to_end();
        REQUIRE(s.agreed(1));
        CHECK(kind_of(s, 1, 0) == entry_kind::absent);
        CHECK_FALSE(s.any_relay());
        CHECK(s.proofs == 0);
    }
}

TEST_CASE("broadcast: garbage is counted and changes nothing") {
    plain s(4, 1, 1);
    s.submit_all();
    auto const far = peer_id{4'000'000'000};
    log_list const own(4), small(3), odd(4, list_entry{entry_kind::absent, digest{std::byte{1}}});
    std::vector<wire::log_message> const garbage{
        wire::signed_body{here.at, far, {}, {}},
        wire::signed_body{here.at, peer_id{2}, {}, {}},
        wire::signed_digest{here.at, far, {}, {}},
        wire::signed_digest{here.at, peer_id{2}, {}, {}},
        wire::signed_list{here.at, peer_id{2}, small, {}},
        wire::signed_list{here.at, peer_id{2}, odd, {}},
        wire::log_question{here.at, {far}, true, true},
        wire::log_question{here.at, {peer_id{1}, peer_id{1}}, false, false},
        wire::log_certificate{here.at, false, own, {}},
        wire::log_certificate{here.at, false, small, {}},
        wire::log_certificate{here.at, true, own, {{far, {}}}},
        wire::log_certificate{here.at, false, own, std::vector<wire::member_signature>(5)},
        wire::relayed_body{{here.at, far, {}, {}}, {}},
        wire::relayed_body{{here.at, peer_id{2}, {}, {}}, {{far, {}}}},
        wire::relayed_certificate{{here.at, false, small, {}}, {}},
        wire::relayed_certificate{{here.at, false, own, {{far, {}}}}, {{far, {}}}},
        wire::signed_outcome{here.at, far, {}, {}},
        wire::signed_outcome{here.at, peer_id{2}, {}, {}},
    };
    for (int time = -1; time <= 10; ++time) {
        if (time >= 0) s.tick(at(time));
        for (auto const& m : garbage) s.deliver(0, 1, m);
        s.flush();
    }
    CHECK(s.peers[1]->offences() > garbage.size());
    CHECK(s.agreed(1));
    CHECK_FALSE(s.any_relay());
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

namespace {

/// Liars that send anything they can make to anybody at any time, and honest members that crash: together at
/// most f.
template <broadcast_rules rules>
bool survives(std::uint64_t number, std::size_t& relays) {
    std::mt19937_64 random(number);
    auto const below = [&](std::size_t m) { return std::size_t(random() % m); };
    std::size_t const n = 3 + below(30), f = (n - 1) / 2;
    std::size_t const faulty = below(f + 1),
                      crashes = faulty == 0 ? 0 : below(std::min<std::size_t>(faulty, 3)),
                      liars = faulty - crashes;
    swarm<rules> s(n, f, liars);
    s.submit_all();
    std::vector<std::size_t> crashed_at;
    for (std::size_t k = 0; k < crashes; ++k) crashed_at.push_back(below(f + 6));
    std::size_t next_crash = liars;
    auto const somebody = [&] { return liars + below(n - liars); };
    auto const some_list = [&] {
        for (int tries = 0; tries < 8; ++tries)
            if (std::size_t const k = somebody(); s.peers[k] && !s.peers[k]->own_list().empty())
                return s.peers[k]->own_list();
        return log_list(n);
    };
    for (std::size_t r = 0; r < f + 6; ++r) {
        for (std::size_t sends = liars ? below(4 * n) : 0; sends-- > 0;) {
            std::size_t const liar = below(liars), to = somebody(),
                              slot = below(std::min<std::size_t>(liars, 2));
            unsigned const variant = unsigned(below(3));
            auto const l = some_list();
            auto const hash = sha256_of(body_of(slot, variant));
            switch (below(7)) {
            case 0:
            case 1: s.deliver(liar, to, s.body(liar, variant)); break;
            case 2: s.deliver(liar, to, s.vote(liar, hash_of(l))); break;
            case 3: s.deliver(liar, to, s.list(liar, l)); break;
            case 4: s.deliver(liar, to, s.certificate(l, liars)); break;
            case 5:
                s.deliver(liar, to,
                          wire::relayed_body{s.body(slot, variant),
                                             s.relays(statement::relayed_body, hash, slot, liars)});
                break;
            case 6:
                s.deliver(liar, to,
                          wire::relayed_certificate{
                              s.certificate(l, liars),
                              s.relays(statement::relayed_certificate, hash_of(l), 0, liars)});
                break;
            }
        }
        if (below(2)) s.flush(); // else all that came, came just before the interval ends
        for (std::size_t k = 0; k < crashes; ++k) {
            if (crashed_at[k] != r) continue;
            s.flush(std::pair{next_crash, below(2 * n)});
            s.peers[next_crash++].reset();
        }
        s.tick(at(2 * std::int64_t(r)));
    }
    s.run_to_end();
    relays += s.any_relay();
    return s.agreed(next_crash);
}

} // namespace

TEST_CASE(
    "broadcast: 3 to 32 members, up to f that lie or crash at any time: equal logs, all honest in them") {
    std::size_t relays = 0;
    for (std::uint64_t number = 1; number <= 300; ++number) {
        INFO("seed ", number);
        CHECK(survives<broadcast_rules{}>(number, relays));
    }
    CHECK(relays > 100); // else nothing was tried
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
