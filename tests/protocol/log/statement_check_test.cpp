// SPDX-License-Identifier: Apache-2.0
// What is no statement of the broadcast, and what proves that somebody has made two.
#include "log_swarm.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <vector>

using namespace log_test;

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
