// SPDX-License-Identifier: Apache-2.0
#include <btard/core/types.hpp>
#include <btard/protocol/step/standing.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
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
    for (int k = 0; k < 3; ++k) of.note_complaint(a, b, 520); // what was before is not counted either
    CHECK(!of.in_dispute(a, b, 520));
    of.note_complaint(a, b, 520);
    CHECK(of.in_dispute(a, b, 520));
}

TEST_CASE("standing: who leaves in good order waits once, each time as long, and not less than it has to anyway") {
    standing of(1);
    for (std::uint64_t step = 10; step < 500; step += 50) {
        of.note_leave(a, step);
        CHECK(of.may_return_at(a) == step + 20);
        of.note_return(a, step + 20);
    }
    of.note_absence(a, 1'000); // leaving has doubled nothing
    CHECK(of.may_return_at(a) == 1'020);
    of.note_return(a, 1'020);
    of.note_absence(a, 1'030);
    CHECK(of.may_return_at(a) == 1'070);
    of.note_leave(a, 1'031);
    CHECK(of.may_return_at(a) == 1'070);
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
