// SPDX-License-Identifier: Apache-2.0
#include <btard/protocol/step/roster.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

using namespace btard;

namespace {

std::vector<peer_id> peers(std::size_t first, std::size_t end) {
    std::vector<peer_id> all;
    for (std::size_t k = first; k < end; ++k) all.push_back(peer_id(k));
    return all;
}

digest number(std::uint64_t k) { return tagged_hash("test", k); }

} // namespace

TEST_CASE("duties: idle peers have no part, and parts move on by one owner a step") {
    auto const roster = peers(0, 5), idle = std::vector{peer_id{2}};
    auto const first = duties_of(roster, idle, 0), second = duties_of(roster, idle, 1);
    CHECK(first.workers == std::vector{peer_id{0}, peer_id{1}, peer_id{3}, peer_id{4}});
    CHECK(first.owners == first.workers);
    CHECK(second.owners == std::vector{peer_id{1}, peer_id{3}, peer_id{4}, peer_id{0}});
    CHECK(duties_of(roster, idle, 4) == first);
    CHECK(duties_of(idle, idle, 7).owners.empty());
}

TEST_CASE("reown: only parts of absent owners move, and only to workers that committed") {
    auto const before = duties_of(peers(0, 8), {}, 3);
    auto const committed = std::vector{peer_id{0}, peer_id{1}, peer_id{5}, peer_id{7}};
    auto after = before;
    reown(after, committed, number(1));
    for (std::size_t part = 0; part < 8; ++part) {
        if (std::ranges::find(committed, before.owners[part]) != committed.end())
            CHECK(after.owners[part] == before.owners[part]);
        CHECK(std::ranges::find(committed, after.owners[part]) != committed.end());
    }
    auto again = before;
    reown(again, committed, number(1));
    CHECK(again == after);
    auto nobody = before;
    reown(nobody, {}, number(1));
    CHECK(nobody == before);
}

TEST_CASE("pairs: all members differ, and every pair is as likely as any other") {
    auto const all = peers(0, 5);
    std::map<audit_pair, int> seen;
    constexpr int draws = 20'000;
    for (int k = 0; k < draws; ++k) {
        auto const pairs = draw_pairs(number(std::uint64_t(k)), 2, all, all);
        REQUIRE(pairs.size() == 2);
        std::set<peer_id> const members{pairs[0].validator, pairs[0].target, pairs[1].validator, pairs[1].target};
        REQUIRE(members.size() == 4);
        for (auto const& pair : pairs) ++seen[pair];
    }
    CHECK(seen.size() == 20);
    for (auto const& [pair, count] : seen) { // mean 2,000, deviation 42
        CHECK(count > 1'790);
        CHECK(count < 2'210);
    }
}

TEST_CASE("pairs: fewer where there are too few to check or to be checked") {
    CHECK(draw_pairs(number(0), 3, peers(0, 1), peers(0, 1)).empty());
    CHECK(draw_pairs(number(0), 3, {}, peers(0, 4)).empty());
    CHECK(draw_pairs(number(0), 3, peers(0, 4), {}).empty());
    for (std::uint64_t k = 0; k < 50; ++k) {
        // Peer 0 is the only one that can check: it never checks itself.
        CHECK(draw_pairs(number(k), 3, peers(0, 2), peers(0, 1)) ==
              std::vector{audit_pair{.validator = peer_id{0}, .target = peer_id{1}}});
        CHECK(draw_pairs(number(k), 3, peers(0, 4), peers(0, 4)).size() == 2);
    }
}

TEST_CASE("cycle: everybody who committed is checked once, by another one who revealed") {
    auto const committed = peers(0, 6);
    auto const revealed = std::vector{peer_id{1}, peer_id{2}, peer_id{4}, peer_id{7}}; // 7 was idle
    std::set<std::vector<audit_pair>> different;
    for (std::uint64_t k = 0; k < 100; ++k) {
        auto const pairs = draw_cycle(number(k), 0, committed, revealed);
        REQUIRE(pairs.size() == committed.size());
        for (std::size_t i = 0; i < pairs.size(); ++i) {
            CHECK(pairs[i].target == committed[i]);
            CHECK(pairs[i].validator != pairs[i].target);
            CHECK(std::ranges::find(revealed, pairs[i].validator) != revealed.end());
        }
        different.insert(pairs);
    }
    CHECK(different.size() > 50); // of 120
    CHECK(draw_cycle(number(0), 0, committed, revealed) != draw_cycle(number(0), 1, committed, revealed));
    CHECK(draw_cycle(number(0), 0, peers(0, 1), peers(0, 1)).empty());
}
