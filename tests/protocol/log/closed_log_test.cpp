// SPDX-License-Identifier: Apache-2.0
// What is said, in the next broadcast or a later one, about one that is over.
#include "proceedings_room.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace proceedings_test {

TEST_CASE("proceedings: two bodies for one slot are proved in the next body, whatever the log says") {
    room r(4, 1);
    r.begin(at(0, phase::commit));
    r.say_all(1);
    r.deliver();
    REQUIRE(r.closed()); // in peace
    r.begin(at(0, phase::result));
    auto const second = body_of(r, 3, at(0, phase::result), 99);
    for (std::size_t k = 0; k < 3; ++k) r.say(k, 2);
    r.peers[3].submit(encode(wire::said<word>{{}, {2}}));
    r.flush(3);
    r.deliver();
    REQUIRE(r.closed());
    r.peers[1].handle_message(r.keys[3].key(), second, r.now); // one of them sees the other one, late
    r.flush(1);
    r.deliver();
    r.begin(at(0, phase::reveal));
    r.say_all(3);
    r.deliver();
    REQUIRE(r.closed());
    auto const all = r.peers[0].read<word>();
    CHECK(all.reports[1].proofs.size() == 1);
    for (auto const& one : r.peers) {
        auto const verdict = one.judge_last(all.reports);
        REQUIRE(verdict.proofs.size() == 1);
        CHECK(verdict.proofs[0].member == peer_id{3});
        CHECK(verdict.proofs[0].kind == statement::body);
    }
    r.begin(at(0, phase::testimony)); // said once
    r.say_all(4);
    r.deliver();
    CHECK(r.peers[0].read<word>().reports == std::vector<wire::aftermath>(4));
}

TEST_CASE("proceedings: two bodies of an epoch that is over are proved as long as anybody can see them") {
    std::vector<place> const order{at(1, phase::commit, 0, 1), at(1, phase::result, 0, 1), at(2, phase::commit, 0, 1),
                                   at(2, phase::result, 0, 1)};
    for (std::size_t shown = 0; shown + 1 < order.size(); ++shown) { // after that broadcast
        room r(5, 1);
        auto const hold = [&](place where) {
            r.begin(where);
            r.say_all(1);
            r.deliver();
            REQUIRE(r.closed());
        };
        hold(at(0, phase::accuse));
        auto const second = body_of(r, 4, at(0, phase::accuse), 99);
        auto const& five = r.members->members();
        r.members = std::make_shared<roster const>(
            std::vector{five[0], five[1], five[2], five[4], five[3]}); // new numbers
        for (std::size_t k = 0; k < order.size(); ++k) {
            hold(order[k]);
            if (k == shown) r.peers[1].handle_message(r.keys[4].key(), second, r.now), r.flush(1);
            bool const said =
                k == shown + 1 && order[shown].step == 1; // in step 2 nobody keeps the broadcasts of step 0
            auto const all = r.peers[0].read<word>();
            for (auto const& one : r.peers) {
                INFO("shown after ", shown, ", in broadcast ", k);
                auto const verdict = one.judge_last(all.reports);
                CHECK(verdict.proofs.empty());
                REQUIRE(verdict.earlier.size() == std::size_t(said));
                if (!said) continue;
                CHECK(verdict.earlier[0].first == r.keys[4].key());
                CHECK(verdict.earlier[0].second.in.at == at(0, phase::accuse));
                CHECK(one.proof_against(r.keys[4].key()) == verdict.earlier[0].second);
            }
        }
    }
}

TEST_CASE("proceedings: a newcomer judges what is said of the broadcast before it came") {
    room r(4, 1);
    r.begin(at(0, phase::accuse));
    r.say_all(1);
    r.deliver();
    proceedings<key> fresh(r.keys[3], r.keys[3].key(), run);
    CHECK(!fresh.has_last());
    fresh.inherit(at(0, phase::accuse), r.peers[0].current().log(), 1, r.peers[0].epochs());
    std::swap(r.peers[3], fresh);
    r.members = std::make_shared<roster const>(r.members->members());
    r.begin(at(1, phase::commit, 0, 1));
    CHECK(r.peers[3].has_last());
    r.say_all(2);
    r.deliver();
    REQUIRE(r.closed());
    auto const all = r.peers[3].read<word>();
    CHECK(r.peers[3].judge_last(all.reports) == r.peers[1].judge_last(all.reports));
}

} // namespace proceedings_test
