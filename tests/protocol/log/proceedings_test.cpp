// SPDX-License-Identifier: Apache-2.0
#include "proceedings_room.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

namespace proceedings_test {

TEST_CASE("proceedings: broadcasts one after another, each closed by everybody's signature") {
    room r(4, 1);
    CHECK(!r.peers[0].begun());
    std::uint32_t number = 0;
    for (std::uint64_t step = 0; step < 3; ++step) {
        for (phase const of : {phase::commit, phase::result, phase::reveal, phase::testimony, phase::accuse}) {
            r.begin(at(step, of));
            r.deliver();
            r.say_all(++number);
            CHECK(!r.closed());
            r.deliver();
            CHECK(r.closed());
            auto const all = r.peers[1].read<word>();
            for (auto const& entry : all.log) CHECK((entry.present() && entry.body.number == number));
            CHECK(all.reports == std::vector<wire::aftermath>(4));
            CHECK(r.peers[1].judge_last(all.reports) == contest_verdict{});
            CHECK(!r.peers[1].poll_deadline());
        }
    }
}

TEST_CASE("proceedings: a broadcast that is over goes on answering, in this step and the next one") {
    room r(3, 0);
    std::size_t answers = 0;
    auto const ask = [&](place where) {
        answers = 0;
        r.peers[0].handle_message(
            r.keys[1].key(),
            wire::log_question{.at = where, .bodies = {peer_id{0}, peer_id{2}}, .certificate = true}, r.now);
        while (auto const out = r.peers[0].poll(r.now)) answers += out->to == r.keys[1].key();
    };
    auto const hold = [&](place where) {
        r.begin(where);
        r.say_all(1);
        r.deliver();
        REQUIRE(r.closed());
    };
    hold(at(0, phase::commit));
    hold(at(0, phase::result));
    hold(at(1, phase::commit));
    ask(at(0, phase::commit));
    CHECK(answers == 3);
    ask(at(0, phase::result));
    CHECK(answers == 3);
    hold(at(2, phase::commit));
    ask(at(0, phase::result));
    CHECK(answers == 0);
    ask(at(1, phase::commit));
    CHECK(answers == 3);
    ask(at(1, phase::commit, 3));
    CHECK(answers == 0);
    ask(at(1, phase::commit, 0, 9));
    CHECK(answers == 0);
}

TEST_CASE("proceedings: statements of another run are none here") {
    room r(2);
    r.begin(at(0, phase::commit));
    auto bytes = encode(wire::said<word>{{}, {1}});
    auto const hash = sha256_of(bytes);
    wire::signed_body const body{at(0, phase::commit), peer_id{0}, bytes,
                                 sign_statement(r.keys[0], {tagged_hash("other"), at(0, phase::commit)},
                                                statement::body, peer_id{0}, r.members->members(), hash,
                                                peer_id{0})};
    r.peers[1].handle_message(r.keys[0].key(), body, r.now);
    r.say(1, 1);
    CHECK(r.peers[1].current().where() == broadcast_stage::collecting);
    CHECK(r.peers[1].current().offences() == 1);
}

TEST_CASE("proceedings: somebody who says nothing is absent, later garbled bodies are told from absent ones") {
    room r(4, 1);
    r.begin(at(0, phase::commit));
    for (std::size_t k = 0; k < 3; ++k) r.say(k, 1);
    r.deliver();
    CHECK(!r.closed());
    r.wait(time_point{} + 60s);
    for (std::size_t k = 0; k < 3; ++k) {
        REQUIRE(r.peers[k].closed());
        auto const all = r.peers[k].read<word>();
        CHECK(all.log[3].is == log_entry<word>::kind::absent);
        CHECK(all.reports.size() == 3);
    }
    r.begin(at(0, phase::result));
    for (std::size_t k = 0; k < 2; ++k) r.say(k, 2);
    r.peers[2].submit({std::byte{77}});
    r.flush(2);
    r.deliver();
    REQUIRE(r.closed());
    auto const all = r.peers[0].read<word>();
    CHECK(all.log[2].is == log_entry<word>::kind::garbled);
    CHECK(all.log[3].is == log_entry<word>::kind::absent);
    CHECK(all.reports.size() == 2);
    CHECK(r.peers[0].judge_last(all.reports) == contest_verdict{}); // an absence costs nothing here
}

TEST_CASE("proceedings: times of members stay together though a digest reaches only some of them") {
    // Member 6 sends its digest to 0 alone, so 0 closes with everybody's signature, the others at D + 2 delta.
    for (std::int64_t const late : {0, 5, 15, 17, 19, 25}) {
        INFO("after ", late, " s");
        room r(7, 3);
        r.begin(at(0, phase::commit));
        r.keep = [&](std::size_t from, std::size_t to, wire::log_message const& m) {
            bool const digest = std::holds_alternative<wire::signed_digest>(m) ||
                                std::holds_alternative<wire::log_certificate>(m) ||
                                std::holds_alternative<wire::signed_list>(m);
            return from != 6 || !digest || (to == 0 && r.now >= time_point{} + std::chrono::seconds(late));
        };
        r.say_all(1);
        r.deliver();
        std::vector<time_point> from(7);
        std::vector<bool> known(7);
        auto const look = [&] {
            for (std::size_t k = 0; k < 6; ++k) {
                if (r.peers[k].closed() && !known[k]) known[k] = true, from[k] = r.peers[k].next_from(r.now);
                if (auto const sooner = r.peers[k].poll_sooner()) from[k] = std::min(from[k], *sooner);
            }
        };
        for (std::int64_t s = 0; s < 60; ++s) {
            if (s == late && late > 0) {
                r.peers[0].handle_message(
                    r.keys[6].key(), digest_of(r, 6, at(0, phase::commit), r.peers[6].current().own_list()),
                    r.now);
                r.flush(0);
                r.deliver();
            }
            look();
            r.wait(time_point{} + std::chrono::seconds(s + 1));
            look();
        }
        for (std::size_t k = 0; k < 6; ++k) {
            CHECK(known[k]);
            auto const apart = from[k] > from[0] ? from[k] - from[0] : from[0] - from[k];
            CHECK(apart <= 2s);
        }
    }
}

TEST_CASE("proceedings: whose key is used by somebody else too does not speak a second time, and does not fail") {
    room r(3);
    auto const where = at(0, phase::commit);
    r.begin(where);
    r.peers[0].handle_message(r.keys[1].key(), body_of(r, 0, where, 5), r.now); // what its twin has said
    r.say(0, 6);
    r.say(1, 6);
    r.say(2, 6);
    r.peers[1].handle_message(r.keys[0].key(), body_of(r, 0, where, 5), r.now);
    r.peers[2].handle_message(r.keys[0].key(), body_of(r, 0, where, 5), r.now);
    r.flush(1);
    r.flush(2);
    r.deliver();
    REQUIRE(r.closed());
    CHECK(r.peers[0].read<word>().log[0].body.number == 5);
}

} // namespace proceedings_test
