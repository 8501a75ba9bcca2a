// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/trimmed_mean.hpp>

#include "run.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

using namespace btard;

TEST_CASE("trimmed_mean: the f lowest and the f highest values of each coordinate are left out") {
    rows_of<float> const rows{{9, 1}, {1, 2}, {2, 30}, {3, -40}, {4, 6}};
    CHECK(run(any(trimmed_mean{0}), rows.view()).vector[0] == 3.8f);
    CHECK(run(any(trimmed_mean{1}), rows.view()).vector == std::vector<float>{3, 3});
    CHECK(run(any(trimmed_mean{2}), rows.view()).vector == std::vector<float>{3, 2});
}

TEST_CASE("trimmed_mean: with f = 0 it is the mean of the rows, whatever they weigh") {
    rows_of<double> const rows(normal_rows(9, 30));
    auto const trimmed = run(any(trimmed_mean{0}), rows.view(), {.weights = {9, 8, 7, 6, 5, 4, 3, 2, 1}});
    CHECK(difference(trimmed.vector, run(any(mean{}), rows.view()).vector) < 1e-14);
}

TEST_CASE("trimmed_mean: as many as f rows cannot lead it out of the range of the others") {
    auto rows = normal_rows(11, 40);
    for (std::size_t i = 0; i < 4; ++i) rows.x[i].assign(40, i == 3 ? -1e30 : 1e30);
    auto const v = run(any(trimmed_mean{4}), rows_of<float>(rows).view()).vector;
    for (std::size_t k = 0; k < 40; ++k) {
        double low = 1e30, high = -1e30;
        for (std::size_t i = 4; i < 11; ++i) {
            low = std::min(low, rows.x[i][k]);
            high = std::max(high, rows.x[i][k]);
        }
        CHECK(double(v[k]) >= low);
        CHECK(double(v[k]) <= high);
    }
}

TEST_CASE("trimmed_mean: one row more than f leads it anywhere") {
    auto rows = normal_rows(11, 3);
    for (std::size_t i = 0; i < 3; ++i) rows.x[i].assign(3, 1e20);
    CHECK(run(any(trimmed_mean{2}), rows_of<float>(rows).view()).vector[0] == doctest::Approx(1e20 / 7));
}

TEST_CASE("trimmed_mean: rows that are lost count among the f") {
    rows_of<float> const rows{{9}, {1}, {2}, {3}, {4}};
    CHECK(run(any(trimmed_mean{1}), rows.view(), {.weights = {1, 1, 1, 1, 0}}).vector[0] == 3.75f);
    CHECK(trimmed_mean{3}.without(2) == trimmed_mean{1});
    CHECK(trimmed_mean{3}.without(7) == trimmed_mean{0});
}

TEST_CASE("trimmed_mean: in plain words, column by column, as the kernels compute it") {
    std::array<double, 5> const sorted{1, 2, 4, 8, 100};
    trimmed_mean const rule{1};
    CHECK(rule.ranks(5) == rank_range{1, 3});
    CHECK(rule.column(std::span<double const>(sorted)) == doctest::Approx(14.0 / 3));
    std::vector<double> weights(5);
    rule.rank_weights(weights);
    CHECK(weights == std::vector<double>{0, 1.0 / 3, 1.0 / 3, 1.0 / 3, 0});
}

TEST_CASE("trimmed_mean: of doubles that are nearly the largest there is, up to what the rounding needs") {
    double const most = std::numeric_limits<double>::max();
    for (std::size_t n = 1; n <= 40; ++n) {
        double const large = most * (1 - double(n + 2) * 0x1p-53);
        rows_of<double> const rows(std::vector(n, std::vector<double>{large, -large, 1}));
        for (std::size_t f = 0; 2 * f < n; ++f) {
            auto const v = run(any(trimmed_mean{f}), rows.view()).vector;
            CHECK(std::isfinite(v[0]));
            CHECK(v[1] == -v[0]);
            CHECK(std::abs(v[0] / large - 1) < double(n + 2) * 0x1p-53);
            std::vector<double> const sorted(n, large);
            CHECK(std::isfinite(trimmed_mean{f}.column(std::span<double const>(sorted))));
        }
    }
}
