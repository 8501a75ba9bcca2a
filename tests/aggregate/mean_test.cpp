// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/mean.hpp>
#include <btard/testing/true_residual.hpp>

#include "run.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <vector>

using namespace btard;

TEST_CASE("mean: each row counts by its weight") {
    rows_of<float> const rows{{1, 2}, {3, 6}, {100, -100}};
    CHECK(run(any(mean{}), rows.view(), {.weights = {3, 1, 0}}).vector == std::vector<float>{1.5, 3});
    auto const [v, report] = run(any(mean{}), rows.view(), {.weights = {2, 1, 1}});
    CHECK(v == std::vector<float>{26.25, -22.5});
    CHECK(report.coefficients == std::vector<double>{0.5, 0.25, 0.25});
    CHECK(report.norm == doctest::Approx(std::hypot(26.25, 22.5)));
    CHECK(report.rows_used == 3);
}

TEST_CASE("mean: its residual is zero, up to the rounding that it reports") {
    rows_of<float> const rows(normal_rows(16, 200));
    auto const [v, report] = run(any(mean{}), rows.view());
    CHECK(report.residual == 0);
    testing::true_residual const f(mean{}, rows.plain(), {v.begin(), v.end()});
    CHECK(double(f.norm) <= report.rounding);
    CHECK(double(f.norm) > report.rounding / 100); // and the bound is no fantasy
    CHECK(f.pull == doctest::Approx(1));
}

TEST_CASE("mean: a single row moves it as far as that row likes") {
    auto rows = normal_rows(10, 5);
    rows.x[7].assign(5, 1e9);
    auto const v = run(any(mean{}), rows_of<float>(rows).view()).vector;
    for (float const value : v) CHECK(value == doctest::Approx(1e8));
}

TEST_CASE("mean: common parts cost no digits, and doubles as large as there are no result") {
    rows_of<float> const common{{1e7f}, {1e7f + 1}, {1e7f + 2}};
    CHECK(run(any(mean{}), common.view()).vector[0] == 1e7f + 1);
    rows_of<double> const large{{1e300, -1e300}, {1.5e300, 1e300}};
    auto const [v, report] = run(any(mean{}), large.view());
    CHECK(v == std::vector<double>{1.25e300, 0});
    CHECK(report.rows_used == 2);
    CHECK(std::isfinite(report.norm));
    CHECK(std::isfinite(report.rounding));
}
