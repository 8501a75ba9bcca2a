// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/krum.hpp>

#include "run.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

using namespace btard;

namespace {

/// The row that has all the trust.
std::size_t chosen(aggregation_report const& report) {
    auto const& c = report.coefficients;
    auto const one = std::find(c.begin(), c.end(), 1.0);
    CHECK(std::count(c.begin(), c.end(), 0.0) == std::ptrdiff_t(c.size()) - 1);
    CHECK(one != c.end());
    return std::size_t(one - c.begin());
}

} // namespace

TEST_CASE("krum: so many neighbours count, and at least one") {
    CHECK(krum{.byzantine = 2}.neighbours(11) == 7);
    CHECK(krum{.byzantine = 2, .besides = 1}.neighbours(11) == 8);
    CHECK(krum{.byzantine = 1}.neighbours(3) == 1);
    CHECK(krum{.byzantine = 0}.neighbours(1) == 1);
    CHECK(krum{.byzantine = 1, .besides = std::numeric_limits<std::size_t>::max()}.neighbours(9) == 1);
    CHECK(krum{.byzantine = 3}.without(2) == krum{.byzantine = 1});
    CHECK(krum{.byzantine = 3, .besides = 1}.without(5) == krum{.byzantine = 0, .besides = 1});
}

TEST_CASE("krum: the row with the lowest score, bit for bit") {
    rows_of<float> const rows{{-0.0f, 10}, {1, 0}, {-0.0f, 0}, {-1, -0.0f}, {0, -10}, {1e30f, 1e30f}};
    auto const [v, report] = run(any(krum{.byzantine = 1}), rows.view());
    CHECK(chosen(report) == 2); // the middle one
    CHECK(v == rows.x[2]);
    CHECK(std::signbit(v[0]));
}

TEST_CASE("krum: ties go to the lower row") {
    rows_of<float> const square{{1, 1}, {-1, 1}, {-1, -1}, {1, -1}};
    CHECK(chosen(run(any(krum{}), square.view()).report) == 0);
    rows_of<float> const two{{3}, {5}};
    CHECK(chosen(run(any(krum{}), two.view()).report) == 0);
    rows_of<float> const equal{{9}, {4}, {4}, {4}};
    CHECK(chosen(run(any(krum{.byzantine = 1}), equal.view()).report) == 1);
}

TEST_CASE("krum: as many as f rows far away are never chosen, wherever they stand") {
    for (std::size_t trial = 0; trial < 50; ++trial) {
        auto rows = normal_rows(11, 20, trial);
        random_stream draw({trial, 1});
        std::vector<bool> bad(11);
        for (std::size_t b = 0; b < 4; ++b) {
            std::size_t const i = draw.below(11);
            bad[i] = true;
            rows.x[i].assign(
                20, trial % 2 ? 1e30 : double(draw.below(2)) * 2000 - 1000); // together or in two places
        }
        CHECK_FALSE(bad[chosen(run(any(krum{.byzantine = 4}), rows_of<float>(rows).view()).report)]);
    }
}

TEST_CASE("krum: colluders near the mean are chosen, although there are no more than f of them") {
    auto rows = normal_rows(11, 100);
    for (std::size_t i = 8; i < 11; ++i)
        rows.x[i].assign(100, 0.5); // closer to the honest rows than those are
    CHECK(chosen(run(any(krum{.byzantine = 3}), rows_of<float>(rows).view()).report) == 8);
}

TEST_CASE("krum: weights do not change what it chooses, rows that are lost count among the f") {
    rows_of<float> const rows(normal_rows(9, 10));
    auto const v = run(any(krum{.byzantine = 2}), rows.view()).vector;
    CHECK(run(any(krum{.byzantine = 2}), rows.view(), {.weights = {1, 2, 3, 4, 5, 6, 7, 8, 9}}).vector == v);
    auto more = normal_rows(9, 10);
    more.x.push_back(std::vector<double>(10, 1e5));
    more.x.push_back(std::vector<double>(10, NAN));
    std::vector<double> weights(11, 1.0);
    weights[9] = 0;
    auto const with = run(any(krum{.byzantine = 4}), rows_of<float>(more).view(), {.weights = weights});
    CHECK(with.vector == v);
    CHECK(with.report.not_finite == std::vector<std::size_t>{10});
}
