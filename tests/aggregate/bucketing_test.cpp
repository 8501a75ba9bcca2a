// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/bucketing.hpp>
#include <btard/testing/reference.hpp>

#include "run.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <set>
#include <vector>

using namespace btard;
using testing::plain_rows;

TEST_CASE("bucketing: groups of s rows, the last one smaller, each row in one of them") {
    CHECK(bucketing{.bucket = 3}.size(7) == 3);
    CHECK(bucketing{.bucket = 3}.size(6) == 2);
    CHECK(bucketing{.bucket = 9}.size(7) == 1);
    plain_rows rows{{}, {}};
    for (std::size_t i = 0; i < 7; ++i) {
        rows.x.emplace_back(7);
        rows.x[i][i] = 1; // a mark
        rows.w.push_back(1);
    }
    auto const y = mixed_by(bucketing{.bucket = 3}, rows, {4, 2});
    CHECK(y.w == std::vector<double>{3, 3, 1});
    for (std::size_t i = 0; i < 7; ++i) {
        std::size_t groups = 0;
        for (std::size_t j = 0; j < 3; ++j) {
            groups += y.x[j][i] != 0;
            if (y.x[j][i] != 0) CHECK(y.x[j][i] == doctest::Approx(1 / y.w[j]));
        }
        CHECK(groups == 1);
    }
}

TEST_CASE(
    "bucketing: a group is the weighted mean of its rows and weighs what they weigh, so the mean stays") {
    plain_rows rows = normal_rows(11, 6);
    for (std::size_t i = 0; i < 11; ++i) rows.w[i] = 1 + double(i);
    for (std::size_t const s : {1u, 2u, 3u, 11u, 20u}) {
        auto const y = mixed_by(bucketing{.bucket = s}, rows, {9, s});
        auto const expected = testing::mixed_plainly(bucketing{.bucket = s}, rows, {9, s});
        for (std::size_t j = 0; j < y.n(); ++j) {
            CHECK(difference(y.x[j], expected.x[j]) < 1e-13);
            CHECK(y.w[j] == doctest::Approx(expected.w[j]));
        }
        CHECK(difference(testing::witness(mean{}, y), testing::witness(mean{}, rows)) < 1e-13);
    }
}

TEST_CASE("bucketing: the public seed shuffles, the same one in the same way") {
    plain_rows const rows = normal_rows(8, 1);
    std::set<double> first_groups;
    for (std::uint64_t number = 0; number < 50; ++number) {
        auto const y = mixed_by(bucketing{}, rows, {number, 0});
        first_groups.insert(y.x[0][0]);
        CHECK(mixed_by(bucketing{}, rows, {number, 0}).x == y.x);
    }
    CHECK(first_groups.size() > 15); // of 28 pairs
    rows_of<float> const seen(rows);
    CHECK(run(any(coordinate_median{}, {bucketing{}}), seen.view(), {.public_seed = {1, 1}}).vector !=
          run(any(coordinate_median{}, {bucketing{}}), seen.view(), {.public_seed = {1, 2}}).vector);
}

TEST_CASE("bucketing: averages shrink the noise") {
    plain_rows const rows = normal_rows(40, 50);
    auto const y = mixed_by(bucketing{.bucket = 4}, rows);
    double before = 0, after = 0;
    for (auto const& row : rows.x) before += testing::distance(row, std::vector<double>(50)) / 40;
    for (auto const& row : y.x) after += testing::distance(row, std::vector<double>(50)) / 10;
    CHECK(after < 0.6 * before); // by a factor of two
}

TEST_CASE("bucketing: a few far rows spoil as many groups, which may be most of them") {
    auto rows = normal_rows(10, 3);
    for (std::size_t i = 0; i < 3; ++i) rows.x[i].assign(3, 1e9);
    rows_of<float> const seen(rows);
    CHECK(run(any(coordinate_median{}), seen.view()).vector[0] < 10);
    bool spoilt = false; // three of five groups, unless two far rows meet
    for (std::uint64_t number = 0; number < 20; ++number)
        spoilt =
            spoilt || run(any(coordinate_median{}, {bucketing{}}), seen.view(), {.public_seed = {number, 0}})
                              .vector[0] > 1e8f;
    CHECK(spoilt);
}

TEST_CASE("bucketing: a bucket larger than all rows is one group of them, however large") {
    for (std::size_t const bucket : {std::size_t{7}, std::numeric_limits<std::size_t>::max()}) {
        CHECK(bucketing{.bucket = bucket}.size(5) == 1);
        plain_rows const rows{{{1, 2}, {3, 4}}, {1, 1}};
        auto const y = mixed_by(bucketing{.bucket = bucket}, rows, {4, 2});
        CHECK(y.x == std::vector<std::vector<double>>{{2, 3}});
    }
}
