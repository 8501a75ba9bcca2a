// SPDX-License-Identifier: Apache-2.0
// What members say before this one is there.
#include "proceedings_room.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

namespace proceedings_test {

TEST_CASE("proceedings: what is said before this member is there waits for it") {
    room r(2);
    r.begin(at(0, phase::commit));
    r.say_all(1);
    r.deliver();
    r.begin(0, at(0, phase::result)); // the other one is slow
    r.say(0, 2);
    r.deliver();
    CHECK(!r.peers[0].closed());
    r.begin(1, at(0, phase::result));
    r.say(1, 2);
    r.deliver();
    CHECK(r.closed());
}

TEST_CASE("proceedings: shares and reveals alternate, and each waits in its place") {
    room r(2);
    std::vector<place> const order{
        at(0, phase::commit),    at(0, phase::result),    at(0, phase::have),      at(0, phase::result_again),
        at(0, phase::reveal),    at(0, phase::share, 1),  at(0, phase::reveal, 1), at(0, phase::share, 2),
        at(0, phase::reveal, 2), at(0, phase::testimony), at(0, phase::accuse),    at(0, phase::vote),
        at(0, phase::open),      at(1, phase::commit)};
    r.begin(1, order.front());
    r.begin(0, order.front());
    // All that member 0 says comes at once, the last things first.
    for (std::size_t k = order.size(); k-- > 0;) {
        auto const body = body_of(r, 0, order[k], std::uint32_t(k));
        log_list const list{{entry_kind::body, sha256_of(body.bytes)},
                            {entry_kind::body, sha256_of(body_of(r, 1, order[k], 0).bytes)}};
        r.peers[1].handle_message(r.keys[0].key(), body, r.now);
        r.peers[1].handle_message(r.keys[0].key(), digest_of(r, 0, order[k], list), r.now);
    }
    r.flush(1);
    for (std::size_t k = 0; k < order.size(); ++k) {
        if (k > 0) r.begin(1, order[k]);
        CHECK(r.peers[1].at() == order[k]);
        r.say(1, 0);
        REQUIRE(r.peers[1].closed());
        CHECK(r.peers[1].read<word>().log[0].body.number == k);
        CHECK(r.peers[1].current().offences() == 0);
    }
}

TEST_CASE("proceedings: a message that is early and not for this epoch is never taken for another one") {
    room r(2);
    r.begin(at(0, phase::commit));
    r.peers[1].handle_message(r.keys[0].key(), body_of(r, 0, at(0, phase::result, 0, 7), 1), r.now);
    r.peers[1].handle_message(r.keys[0].key(), body_of(r, 0, at(0, phase::result, 5, 0), 2), r.now);
    r.say_all(1);
    r.deliver();
    REQUIRE(r.closed());
    r.begin(at(0, phase::result));
    r.say(1, 3);
    CHECK(r.peers[1].current().where() == broadcast_stage::collecting);
    CHECK(r.peers[1].current().offences() == 0);
}

namespace {

/// All close COMMIT, then peer 2 goes on alone: whose RESULT does it ask for?
std::vector<peer_id> missed_results(room& r) {
    r.say_all(1);
    r.deliver();
    REQUIRE(r.closed());
    r.begin(2, at(0, phase::result));
    r.peers[2].submit({});
    r.way.clear();
    r.now += 20s;
    r.peers[2].handle_timeout(r.now);
    std::vector<peer_id> missed;
    while (auto const out = r.peers[2].poll(r.now))
        if (auto const* q = std::get_if<wire::log_question>(&out->message); q && !q->bodies.empty()) {
            CHECK((missed.empty() || missed == q->bodies));
            missed = q->bodies;
        }
    return missed;
}

} // namespace

TEST_CASE("proceedings: of each member no more than so many early messages wait; the others have room of their own") {
    room r(3);
    r.begin(at(0, phase::commit));
    for (std::uint32_t k = 0; k < 200; ++k)
        r.peers[2].handle_message(r.keys[0].key(), body_of(r, 0, at(0, phase::accuse), k), r.now);
    r.peers[2].handle_message(r.keys[0].key(), body_of(r, 0, at(0, phase::result), 1), r.now); // too much
    r.peers[2].handle_message(r.keys[1].key(), body_of(r, 1, at(0, phase::result), 1), r.now);
    r.peers[2].handle_message(key(17).key(), body_of(r, 1, at(0, phase::result), 1), r.now); // no member
    CHECK(missed_results(r) == std::vector{peer_id{0}});
}

TEST_CASE("proceedings: early lists that are longer than a roster can be take no room") {
    room r(3);
    r.begin(at(0, phase::commit));
    for (int k = 0; k < 64; ++k)
        r.peers[2].handle_message(r.keys[0].key(),
                                  wire::log_question{at(0, phase::result), std::vector<peer_id>(7)}, r.now);
    r.peers[2].handle_message(r.keys[0].key(), body_of(r, 0, at(0, phase::result), 1), r.now);
    CHECK(missed_results(r) == std::vector{peer_id{1}});
}

TEST_CASE("proceedings: what a member of the next step says waits for those who do not know yet that it is one") {
    room r(3);
    auto const two = std::make_shared<roster const>(
        std::vector(r.members->members().begin(), r.members->members().begin() + 2));
    auto const three = r.members;
    r.members = two;
    for (std::size_t k = 0; k < 2; ++k) r.begin(k, at(0, phase::accuse));
    r.say(0, 1);
    r.say(1, 1);
    r.members = three;
    auto const next = at(1, phase::commit, 0, 1);
    r.begin(2, next);
    r.peers[2].submit({});
    r.flush(2);
    r.way.push_front(r.way.back()); // it comes before the others have closed theirs
    r.way.pop_back();
    r.way.push_front(r.way.back());
    r.way.pop_back();
    r.deliver();
    for (std::size_t k = 0; k < 2; ++k) {
        REQUIRE(r.peers[k].closed());
        r.begin(k, next);
        r.say(k, 2);
    }
    r.deliver();
    CHECK(r.closed()); // with no question asked
    CHECK(r.now == time_point{});
    // Strangers find room for a few, and for the next step alone.
    auto const many = [&](place where) {
        for (std::size_t k = 10; k < 1'000; ++k)
            r.peers[0].handle_message(key(k).key(), body_of(r, 1, where, 1), r.now);
    };
    many(at(1, phase::accuse, 0, 1));
    many(at(2, phase::commit, 0, 2));
    r.peers[0].handle_message(r.keys[1].key(), body_of(r, 1, at(1, phase::result, 0, 1), 7), r.now);
    r.begin(0, at(1, phase::result, 0, 1));
    r.say(0, 3);
    CHECK(r.peers[0].current().offences() == 0);
}

} // namespace proceedings_test
