// SPDX-License-Identifier: Apache-2.0
#include "proceedings_room.hpp"

#include <btard/protocol/ban/transcript_check.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <span>
#include <vector>

namespace proceedings_test {

TEST_CASE("proceedings: who is absent in one broadcast of a step has no slot in the others, whatever it sends") {
    room r(4, 1);
    r.begin(at(0, phase::commit));
    for (std::size_t k = 0; k < 3; ++k) r.say(k, 1);
    r.deliver();
    r.wait(time_point{} + 60s);
    REQUIRE(r.closed());
    auto const before = r.now;
    for (phase const of : {phase::result, phase::reveal}) {
        r.begin(at(0, of));
        r.peers[1].handle_message(r.keys[3].key(), body_of(r, 3, at(0, of), 9), r.now);
        r.say(3, 8); // it knows that it has nothing to say
        CHECK(r.way.empty());
        for (std::size_t k = 0; k < 3; ++k) r.say(k, 2);
        r.deliver();
        REQUIRE(r.closed()); // at once, also for the one that is left out
        for (auto const& one : r.peers) {
            CHECK(!one.has_slot(peer_id{3}));
            CHECK(one.current().how() == closed_by::full_certificate);
            CHECK(one.read<word>().log[3].is == log_entry<word>::kind::absent);
        }
    }
    CHECK(r.now == before);
    step_context const context{.run = run, .roster = r.members->members()};
    auto logs = r.peers[0].logs_of(0);
    REQUIRE(logs.size() == 3);
    auto const check = [&] {
        run_rules const rules{.faults = 1};
        return check_logs(std::span<kept_log const>(logs), context, r.keys[0], rules, list_quorum::wanted);
    };
    CHECK(!check());
    auto& [certificate, bodies] = logs[1];
    auto const late = body_of(r, 3, at(0, phase::result), 9);
    bodies.push_back({late.bytes, late.by_sender});
    certificate.list[3] = {entry_kind::body, sha256_of(late.bytes)};
    certificate.signatures.clear();
    for (std::size_t k = 0; k < 4; ++k)
        certificate.signatures.push_back(
            {peer_id(k), digest_of(r, k, certificate.at, certificate.list).by_signer});
    CHECK(check().value_or("") == "log result of step 0 lets somebody speak whom a log before it has marked");
    r.begin(at(1, phase::commit)); // in the next step it would be heard
    r.say_all(3);
    r.deliver();
    REQUIRE(r.closed());
    CHECK(r.peers[0].read<word>().log[3].present());
}

TEST_CASE("proceedings: who is marked first is left out first, and 2f + 1 members never are") {
    marked_members marked(6, 1);
    CHECK(marked.left_out().empty());
    log_list log(6, {entry_kind::body, {}});
    marked.read(log);
    CHECK(marked.left_out().empty());
    log[4] = {};
    marked.read(log);
    marked.read(log);
    CHECK(marked.slots() == 5);
    log[0] = {entry_kind::equivocated, {}};
    log[1] = log[2] = {};
    marked.read(log);
    CHECK(marked.slots() == 3);
    CHECK(marked.left_out() == std::vector{true, true, false, false, true, false});
    marked_members none(3, 1);
    none.read(log_list(3));
    CHECK(none.left_out().empty());
}

} // namespace proceedings_test
