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
    for (std::uint64_t step = 5'000; step < 9'000; step += 400) of.note_complaint(a, c, step); // never four in a window
    CHECK(!of.in_dispute(a, c, 9'000));
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
