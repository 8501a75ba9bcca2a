// SPDX-License-Identifier: Apache-2.0
// Members over several broadcasts, with a hand on every message between them.
#include <btard/protocol/ban/transcript_check.hpp>
#include <btard/protocol/log/proceedings.hpp>
#include <btard/testing/counting_signer.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

using namespace btard;
using namespace std::chrono_literals;

namespace {

using key = testing::counting_signer;
digest const run = tagged_hash("a run");

/// A body of the tests.
struct word {
    std::uint32_t number = 0;
    static constexpr void members(auto& self, auto&& member) { member(self.number); }
};

place at(std::uint64_t step, phase of, std::uint32_t draw = 0, std::uint64_t epoch = 0) {
    return {epoch, step, std::uint8_t(of), draw};
}

struct room {
    explicit room(std::size_t n, std::size_t f = 0) : faults(f) {
        std::vector<log_member> all;
        for (std::size_t k = 0; k < n; ++k) {
            keys.emplace_back(k);
            all.push_back({keys[k].key(), {}});
        }
        members = std::make_shared<roster const>(all);
        for (std::size_t k = 0; k < n; ++k) peers.emplace_back(keys[k], keys[k].key(), run);
    }
    std::size_t size() const { return peers.size(); }
    void begin(std::size_t k, place where) {
        peers[k].begin(members, where, faults, {now + 10s, now + 5s, 4s, 1s});
        flush(k);
    }
    void begin(place where) {
        for (std::size_t k = 0; k < size(); ++k) begin(k, where);
    }
    void say(std::size_t k, std::uint32_t number) {
        peers[k].submit(encode(wire::said<word>{peers[k].aftermath(), {number}}));
        flush(k);
    }
    void say_all(std::uint32_t number) {
        for (std::size_t k = 0; k < size(); ++k) say(k, number);
    }
    void flush(std::size_t k) {
        while (auto out = peers[k].poll(now))
            for (std::size_t to = 0; to < size(); ++to)
                if (to != k && (!out->to || *out->to == keys[to].key())) way.push_back({k, to, out->message});
    }
    /// Everything arrives, and what follows from it.
    void deliver() {
        while (!way.empty()) {
            auto const one = way.front();
            way.pop_front();
            if (keep && !keep(one.from, one.to, one.message)) continue;
            peers[one.to].handle_message(keys[one.from].key(), one.message, now);
            flush(one.to);
        }
    }
    void tick(time_point to) {
        now = to;
        for (std::size_t k = 0; k < size(); ++k) peers[k].handle_timeout(now), flush(k);
        deliver();
    }
    /// To every deadline that comes up to that time.
    void wait(time_point until) {
        for (;;) {
            std::optional<time_point> next;
            for (auto const& one : peers)
                if (auto const t = one.poll_deadline(); t && (!next || *t < *next)) next = t;
            if (!next || *next > until) break;
            tick(std::max(*next, now));
        }
        now = until;
    }
    bool closed() const {
        for (auto const& one : peers)
            if (!one.closed()) return false;
        return true;
    }

    struct letter {
        std::size_t from, to;
        wire::log_message message;
    };
    std::size_t faults;
    std::vector<key> keys;
    std::shared_ptr<roster const> members;
    std::deque<proceedings<key>> peers;
    std::deque<letter> way;
    std::function<bool(std::size_t, std::size_t, wire::log_message const&)> keep;
    time_point now{};
};

wire::signed_body body_of(room const& r, std::size_t k, place where, std::uint32_t number) {
    auto bytes = encode(wire::said<word>{{}, {number}});
    auto const hash = sha256_of(bytes);
    return {where, peer_id(k), std::move(bytes),
            sign_statement(r.keys[k], {run, where}, statement::body, peer_id(k), r.members->members(), hash,
                           peer_id(k))};
}

wire::signed_digest digest_of(room const& r, std::size_t k, place where, log_list const& list) {
    auto const hash = hash_of(list);
    return {where, peer_id(k), hash,
            sign_statement(r.keys[k], {run, where}, statement::list, peer_id(k), r.members->members(), hash,
                           peer_id(k))};
}

} // namespace

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
