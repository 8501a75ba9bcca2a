// SPDX-License-Identifier: Apache-2.0
#include "log_swarm.hpp"

#include <btard/protocol/log/contest.hpp>

#include <doctest/doctest.h>

#include <algorithm>

using namespace log_test;

namespace {

struct table {
    swarm<> s{7, 3, 7}; // its keys and what they sign; nobody runs
    log_list log = log_list(7);
    std::vector<wire::aftermath> reports = std::vector<wire::aftermath>(7);

    table() {
        for (std::size_t k = 0; k < 7; ++k) log[k] = {entry_kind::body, sha256_of(body_of(k))};
    }
    log_list with(std::size_t slot, list_entry entry) const {
        auto list = log;
        list[slot] = entry;
        return list;
    }
    contest_verdict judge() const {
        return judge_contest(s.who->signers[0], here, s.who->members, s.f, log, reports);
    }
};

constexpr std::uint64_t point = 1'000'000;

} // namespace

TEST_CASE("contest: a phase without quarrel costs nobody anything") {
    table t;
    CHECK(t.judge() == contest_verdict{});
    t.reports[3].lists.push_back(t.s.list(2, t.log)); // no difference
    CHECK(t.judge() == contest_verdict{});
}

TEST_CASE(
    "contest: up to f that differ pay one point in equal shares, and the sender as much, a share for each of "
    "them") {
    table t;
    for (std::size_t const k : {3, 5}) t.reports[1].lists.push_back(t.s.list(k, t.with(0, {})));
    t.reports[2] = t.reports[1]; // said twice counts once
    CHECK(t.judge().charges == std::vector<contest_charge>{{peer_id{0}, peer_id{3}, point / 2},
                                                           {peer_id{3}, peer_id{0}, point / 2},
                                                           {peer_id{0}, peer_id{5}, point / 2},
                                                           {peer_id{5}, peer_id{0}, point / 2}});
}

TEST_CASE("contest: more than f that differ cannot all lie: the sender alone pays") {
    table t;
    for (std::size_t const k : {1, 3, 5, 6}) t.reports[1].lists.push_back(t.s.list(k, t.with(0, {})));
    CHECK(t.judge().charges == std::vector<contest_charge>{{peer_id{0}, peer_id{0}, point}});
}

TEST_CASE("contest: an equivocated slot costs no points, its sender is banned") {
    table t;
    auto const before = t.log;
    t.log[0] = {entry_kind::equivocated, {}};
    t.reports[1].lists.push_back(t.s.list(3, before));
    CHECK(t.judge() == contest_verdict{});
}

TEST_CASE("contest: a digest that more than half miss costs its owner one point, of one who is in the log") {
    table t;
    for (std::size_t k = 0; k < 3; ++k)
        t.reports[k].no_digest = {peer_id{4}, peer_id{4}, peer_id{4'000'000'000}};
    CHECK(t.judge().charges.empty());
    t.reports[3].no_digest = {peer_id{4}};
    CHECK(t.judge().charges == std::vector<contest_charge>{{peer_id{4}, peer_id{4}, point}});
    t.log[4] = {};
    CHECK(t.judge().charges.empty());
}

TEST_CASE("contest: whoever signed two lists is proved to, and its lists charge nobody, in any order of the "
          "reports") {
    table t;
    t.reports[1].lists.push_back(t.s.list(3, t.with(0, {})));
    t.reports[2].lists.push_back(t.s.list(3, t.with(1, {})));
    auto const verdict = t.judge();
    CHECK(verdict.charges.empty());
    REQUIRE(verdict.proofs.size() == 1);
    CHECK(proves(verdict.proofs[0], t.s.who->signers[1], t.s.who->members));
    std::ranges::reverse(t.reports);
    CHECK(t.judge() == verdict);
}

TEST_CASE("contest: lists that nobody signed, or that are none, are skipped") {
    table t;
    auto forged = t.s.list(3, t.with(0, {}));
    forged.by_signer.bytes[5] ^= std::byte{1};
    auto foreign = t.s.list(3, t.with(0, {}));
    ++foreign.at.step;
    auto far = t.s.list(3, t.with(0, {}));
    far.signer = peer_id{4'000'000'000};
    t.reports[1].lists = {forged, foreign, far, t.s.list(3, log_list(6))};
    CHECK(t.judge() == contest_verdict{});
}

TEST_CASE("contest: what honest members report after a relay charges the liar that caused it") {
    swarm<> s(5, 2, 2);
    s.contest_a_slot();
    for (std::size_t h = 2; h < 5; ++h) s.deliver(1, h, s.vote(1, digest{}));
    s.run_to_end();
    REQUIRE(s.agreed(2));
    std::vector<wire::aftermath> reports;
    for (std::size_t h = 2; h < 5; ++h) reports.push_back(aftermath_of(*s.peers[h], here.at));
    auto const verdict =
        judge_contest(s.who->signers[0], here, s.who->members, s.f, s.peers[2]->log(), reports);
    REQUIRE_FALSE(verdict.charges.empty());
    CHECK(verdict.charges[0] == contest_charge{peer_id{0}, peer_id{0}, point});
    CHECK(verdict.proofs.empty());
}
