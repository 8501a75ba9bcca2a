// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/coordinate_median.hpp>

#include "run.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

using namespace btard;

TEST_CASE("coordinate_median: of an even number of rows the lower, the upper, or the mean of both") {
    rows_of<float> const rows{{4, -1}, {1, -2}, {3, -8}, {2, 5}};
    CHECK(run(any(coordinate_median{middle::lower}), rows.view()).vector == std::vector<float>{2, -2});
    CHECK(run(any(coordinate_median{middle::upper}), rows.view()).vector == std::vector<float>{3, -1});
    CHECK(run(any(coordinate_median{middle::midpoint}), rows.view()).vector == std::vector<float>{2.5, -1.5});
    CHECK(coordinate_median{} == coordinate_median{middle::midpoint});
}

TEST_CASE("coordinate_median: of an odd number of rows they agree, bit for bit") {
    rows_of<float> const rows(normal_rows(7, 50));
    auto const lower = run(any(coordinate_median{middle::lower}), rows.view()).vector;
    CHECK(run(any(coordinate_median{middle::upper}), rows.view()).vector == lower);
    CHECK(run(any(coordinate_median{middle::midpoint}), rows.view()).vector == lower);
}

TEST_CASE("coordinate_median: positive weights are ignored, a weight of zero is not") {
    rows_of<float> const rows{{1}, {2}, {9}};
    CHECK(run(any(coordinate_median{}), rows.view(), {.weights = {100, 1, 0.5}}).vector[0] == 2);
    CHECK(run(any(coordinate_median{}), rows.view(), {.weights = {100, 0, 0.5}}).vector[0] == 5);
}

TEST_CASE("coordinate_median: less than half of the rows cannot lead it out of the range of the others") {
    for (std::size_t const b : {1u, 3u, 7u}) {
        auto rows = normal_rows(16, 40, b);
        for (std::size_t i = 0; i < b; ++i) rows.x[i].assign(40, i % 2 ? -1e30 : 1e30);
        if (b == 7)
            for (std::size_t i = 0; i < b; ++i) rows.x[i].assign(40, 1e30); // all to one side
        auto const v = run(any(coordinate_median{}), rows_of<float>(rows).view()).vector;
        for (std::size_t k = 0; k < 40; ++k) {
            double low = 1e30, high = -1e30;
            for (std::size_t i = b; i < 16; ++i) {
                low = std::min(low, rows.x[i][k]);
                high = std::max(high, rows.x[i][k]);
            }
            CHECK(double(v[k]) >= low - 1e-6);
            CHECK(double(v[k]) <= high + 1e-6);
        }
    }
}

TEST_CASE("coordinate_median: half of the rows can lead it anywhere") {
    auto rows = normal_rows(16, 3);
    for (std::size_t i = 0; i < 8; ++i) rows.x[i].assign(3, 1e20);
    CHECK(run(any(coordinate_median{middle::upper}), rows_of<float>(rows).view()).vector[0] == 1e20f);
    CHECK(run(any(coordinate_median{middle::midpoint}), rows_of<float>(rows).view()).vector[0] > 1e19f);
}

TEST_CASE("coordinate_median: it may lie outside of all that the rows span") {
    rows_of<float> const rows{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}; // convex combinations of them sum to one
    CHECK(run(any(coordinate_median{}), rows.view()).vector == std::vector<float>{0, 0, 0});
}

TEST_CASE("coordinate_median: the midpoint of the two largest doubles is finite") {
    double const most = std::numeric_limits<double>::max();
    rows_of<double> const rows{{most, -most}, {most, -most}};
    CHECK(run(any(coordinate_median{}), rows.view()).vector == std::vector<double>{most, -most});
    CHECK(coordinate_median{}.column(std::span<double const>(std::array{most, most})) == most);
}

TEST_CASE("coordinate_median: in plain words, column by column, as the kernels compute it") {
    std::array<float, 4> const sorted{1, 2, 4, 8};
    std::array<float, 1> const one{3};
    for (auto const m : {middle::lower, middle::upper, middle::midpoint}) {
        coordinate_median const rule{m};
        std::vector<double> weights(4);
        rule.rank_weights(weights);
        double sum = 0;
        for (std::size_t r = 0; r < 4; ++r) sum += weights[r] * double(sorted[r]);
        CHECK(double(rule.column(std::span<float const>(sorted))) == sum);
        CHECK(rule.column(std::span<float const>(one)) == 3);
    }
}
