// SPDX-License-Identifier: Apache-2.0
#include <btard/core/types.hpp>
#include <btard/protocol/step/standing.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

using namespace btard;

namespace {

public_key key_of(std::uint8_t k) {
    public_key key;
    key.bytes[5] = static_cast<std::byte>(k);
    return key;
}
public_key const a = key_of(0), b = key_of(1), c = key_of(2);

} // namespace

TEST_CASE("standing: each absence doubles the wait, and time in the roster halves it again") {
    standing of(2);
    CHECK(of.may_return_at(a) == 0);
    of.note_absence(a, 10);
    CHECK(of.may_return_at(a) == 30);
    of.note_return(a, 30);
    of.note_absence(a, 50);
    CHECK(of.may_return_at(a) == 50 + 40);
    of.note_return(a, 90);
    of.note_absence(a, 100);
    CHECK(of.may_return_at(a) == 100 + 80);
    of.note_return(a, 180);
    of.note_absence(a, 180 + 250); // two doublings back of three
    CHECK(of.may_return_at(a) == 430 + 40);
    CHECK(!of.is_struck(a));
    CHECK(of.may_return_at(b) == 0);
}

TEST_CASE("standing: any number of absences has a wait that ends") {
    standing of(0);
    std::uint64_t step = 0;
    for (int k = 0; k < 100; ++k) {
        of.note_absence(a, step);
        CHECK(of.may_return_at(a) > step);
        of.note_return(a, step);
        ++step;
    }
}

TEST_CASE("standing: a second strike is final, unless the first has faded") {
    standing of(1);
    of.note_strike(a, 100);
    CHECK(!of.is_struck(a));
    CHECK(of.may_return_at(a) == 120);
    of.note_strike(a, 5'100);
    CHECK(!of.is_struck(a));
    of.note_strike(a, 10'099);
    CHECK(of.is_struck(a));
    CHECK(!of.is_struck(b));
    standing at_start(1);
    at_start.note_strike(a, 0);
    at_start.note_strike(a, 1);
    CHECK(at_start.is_struck(a));
}

TEST_CASE("standing: a budget of f + 1 points, which grows back in a window") {
    standing of(2); // three points
    for (int k = 0; k < 3; ++k) CHECK(!of.charge(a, point, 0));
    CHECK(of.points_of(a, 0) == of.budget());
    CHECK(of.points_of(a, 500) == of.budget() / 2);
    CHECK(!of.charge(a, point, 500));
    CHECK(of.charge(a, point, 500)); // 3.5 of 3
    CHECK(of.points_of(a, 5'000) == 0);
    CHECK(of.points_of(b, 500) == 0);
}

TEST_CASE("standing: in quarrels over the slots of others, f liars never spend an honest peer's budget") {
    constexpr std::size_t faults = 3;
    standing of(faults);
    std::uint64_t most = 0;
    for (std::uint64_t step = 0; step < 20'000; ++step) {
        for (std::uint8_t liar = 1; liar <= faults; ++liar) REQUIRE(!of.charge_share(a, key_of(liar), point, step));
        most = std::max(most, of.points_of(a, step));
    }
    CHECK(most == faults * point);
}

TEST_CASE("standing: the share in one sender's slots comes to one point a window") {
    standing of(1);
    CHECK(!of.charge_share(a, b, point / 4, 0));
    CHECK(of.points_of(a, 0) == point / 4);
    CHECK(!of.charge_share(a, b, point, 0));
    CHECK(of.points_of(a, 0) == point);
    CHECK(!of.charge_share(a, b, point, 0));
    CHECK(of.points_of(a, 0) == point);
    CHECK(!of.charge_share(a, c, point, 0));
    CHECK(of.points_of(a, 0) == 2 * point);
    CHECK(!of.charge_share(a, b, point, 1'000)); // a window later
    CHECK(of.points_of(a, 1'000) == point);
}

TEST_CASE("standing: complaints between two peers, whoever makes them, end in a dispute, for a window") {
    standing of(1);
    for (int k = 0; k < 3; ++k) of.note_complaint(k % 2 == 0 ? a : b, k % 2 == 0 ? b : a, 10);
    CHECK(!of.in_dispute(a, b, 10));
    of.note_complaint(a, b, 1'009);
    CHECK(of.in_dispute(a, b, 1'009));
    CHECK(of.in_dispute(b, a, 2'008));
    CHECK(!of.in_dispute(a, b, 2'009));
    CHECK(!of.in_dispute(a, c, 1'009));
    for (std::uint64_t step = 5'000; step < 9'000; step += 400)
        of.note_complaint(a, c, step); // never four in a window
    CHECK(!of.in_dispute(a, c, 9'000));
}

TEST_CASE("standing: a strike ends the disputes of whoever is struck, and nobody else's; while there is one, "
          "complaints say nothing") {
    standing of(1);
    auto const quarrel = [&](public_key x, public_key y, std::uint64_t step) {
        for (int k = 0; k < 4; ++k) of.note_complaint(x, y, step);
    };
    quarrel(a, b, 10);
    quarrel(a, c, 10);
    quarrel(c, b, 10);
    of.note_complaint(b, a, 900); // the row goes to all anyway
    CHECK(!of.in_dispute(a, b, 1'010));
    CHECK(of.quarrels_too_much(a, std::vector{b, c}, 500));
    of.note_strike(a, 500);
    CHECK(!of.in_dispute(a, b, 500));
    CHECK(!of.in_dispute(c, a, 500));
    CHECK(of.in_dispute(b, c, 500)); // none of its business
    CHECK(!of.quarrels_too_much(a, std::vector{b, c}, 520));
    of.note_complaint(a, b, 520); // it knows how many are too many
    CHECK(of.in_dispute(a, b, 520));
    of.note_complaint(a, c, 1'500); // a window after the strike
    CHECK(!of.in_dispute(a, c, 1'500));
}

TEST_CASE("standing: a strike leaves complaints as they are that were no dispute") {
    standing of(1);
    for (int k = 0; k < 2; ++k) of.note_complaint(a, b, 10);
    of.note_strike(a, 11);
    for (int k = 0; k < 2; ++k) {
        CHECK(!of.in_dispute(a, b, 40));
        of.note_complaint(a, b, 40);
    }
    CHECK(of.in_dispute(a, b, 40));
}

TEST_CASE("standing: liars that complain where it costs least, strikes and all, have no more steps with complaints "
          "than their accounts") {
    std::size_t const n = 8, faults = 3;
    standing of(faults);
    std::vector<public_key> keys;
    for (std::uint8_t k = 0; k < n; ++k) keys.push_back(key_of(k));
    std::vector<std::uint64_t> back(n);
    std::size_t steps = 0, struck = 0;
    for (std::uint64_t step = 0; step < 1'000; ++step) {
        auto const may = [&](std::size_t x, std::size_t y) {
            bool const there = step >= back[x] && step >= back[y] && !of.is_struck(keys[x]);
            return x != y && there && !of.in_dispute(keys[x], keys[y], step);
        };
        auto const counted = [&](std::size_t x, std::size_t y) {
            auto const at = of.kept().pairs.find(std::minmax(keys[x], keys[y]));
            return at == of.kept().pairs.end() ? std::size_t{0} : at->second.complaints.size();
        };
        std::optional<std::pair<std::size_t, std::size_t>> best; // the pair with the fewest complaints
        for (std::size_t x = 0; x < faults; ++x)
            for (std::size_t y = n; y-- > 0;)
                if (may(x, y) && (!best || counted(x, y) < counted(best->first, best->second))) best = {x, y};
        if (!best) continue;
        ++steps;
        of.note_complaint(keys[best->first], keys[best->second], step);
        for (std::size_t k = 0; k < n; ++k) {
            if (step < back[k] || !of.quarrels_too_much(keys[k], keys, step)) continue;
            CHECK(k < faults);
            of.note_strike(keys[k], step);
            back[k] = of.may_return_at(keys[k]);
            struck += of.is_struck(keys[k]);
        }
    }
    CHECK(struck == faults);
    std::size_t const pairs = faults * (n - faults) + faults * (faults - 1) / 2;
    CHECK(steps <= 3 * pairs + faults * 2 * (faults + 1)); // c each, and one more for each dispute of two strikes
}

TEST_CASE("standing: who leaves in good order waits twice as long each time, and time takes it back") {
    standing of(1);
    std::uint64_t step = 10;
    for (std::uint64_t const wait : {20, 40, 80}) {
        of.note_leave(a, step);
        CHECK(of.may_return_at(a) == step + wait);
        step += wait;
        of.note_return(a, step);
    }
    of.note_absence(a, step + 250); // two doublings back of three
    CHECK(of.may_return_at(a) == step + 250 + 40);
}

TEST_CASE("standing: f liars cannot make an honest peer quarrel with more than f others") {
    constexpr std::size_t faults = 2;
    standing of(faults);
    std::vector<public_key> others;
    for (std::uint8_t k = 1; k < 7; ++k) others.push_back(key_of(k));
    for (std::uint8_t liar = 1; liar <= faults; ++liar)
        for (int k = 0; k < 100; ++k) of.note_complaint(key_of(liar), a, 0);
    CHECK(!of.quarrels_too_much(a, others, 1));
    for (int k = 0; k < 4; ++k) of.note_complaint(a, key_of(3), 0);
    CHECK(of.quarrels_too_much(a, others, 1));
    CHECK(!of.quarrels_too_much(a, others, 1'001));
}
