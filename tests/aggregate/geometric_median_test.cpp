// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/centered_clip.hpp>
#include <btard/aggregate/geometric_median.hpp>
#include <btard/testing/true_residual.hpp>

#include "run.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

using namespace btard;
using testing::plain_rows;

namespace {

double sum_of_distances(plain_rows const& rows, std::vector<double> const& v) {
    double sum = 0;
    for (std::size_t i = 0; i < rows.n(); ++i) sum += rows.w[i] * testing::distance(rows.x[i], v);
    return sum;
}

} // namespace

TEST_CASE("geometric_median: no other point has a smaller sum of weighted distances") {
    for (std::size_t const n : {3u, 4u, 11u, 16u}) {
        plain_rows rows = normal_rows(n, 8);
        for (std::size_t i = 0; i < n; ++i) rows.w[i] = 1 + double(i % 3);
        auto const v = run(any(geometric_median{}), rows_of<double>(rows).view(), {.weights = rows.w}).vector;
        double const least = sum_of_distances(rows, v);
        random_stream draw({n, 0});
        for (int trial = 0; trial < 200; ++trial) {
            auto other = v;
            for (double& value : other) value += draw.normal() * std::pow(10.0, -trial % 6);
            CHECK(sum_of_distances(rows, other) >= least * (1 - 1e-7));
        }
        for (auto const& row : rows.x) CHECK(sum_of_distances(rows, row) >= least * (1 - 1e-7));
    }
}

TEST_CASE(
    "geometric_median: of a triangle with angles below 120 degrees it sees each side under 120 degrees") {
    rows_of<double> const triangle{{0, 0}, {4, 0}, {1, 3}};
    auto const v = run(any(geometric_median{.nu = 1e-9}), triangle.view()).vector;
    for (std::size_t i = 0; i < 3; ++i) {
        auto const &a = triangle.x[i], &b = triangle.x[(i + 1) % 3];
        double const dot = (a[0] - v[0]) * (b[0] - v[0]) + (a[1] - v[1]) * (b[1] - v[1]);
        CHECK(dot / (distance(a, v) * distance(b, v)) == doctest::Approx(-0.5).epsilon(1e-7));
    }
}

TEST_CASE("geometric_median: a point that holds more than half of the rows is it, up to nu") {
    rows_of<double> const rows{{1, 2}, {1, 2}, {1, 2}, {50, -7}, {-3, 1e9}};
    CHECK(distance(run(any(geometric_median{}), rows.view()).vector, {1, 2}) < 1e-6);
    CHECK(distance(run(any(geometric_median{.nu = 0.1}), rows.view()).vector, {1, 2}) < 0.1);
}

TEST_CASE(
    "geometric_median: less than half of the rows move it no further than 2 (n - b) / (n - 2 b) radii") {
    for (std::size_t const b : {1u, 3u, 7u})
        for (double const far : {3.0, 1e3, 1e30}) {
            auto rows = normal_rows(16, 30, b);
            double radius = 0;
            for (auto const& row : rows.x)
                radius = std::max(radius, testing::distance(row, std::vector<double>(30)));
            for (std::size_t i = 0; i < b; ++i) rows.x[i].assign(30, far);
            auto const v = run(any(geometric_median{}), rows_of<double>(rows).view()).vector;
            CHECK(distance(v, std::vector<double>(30)) <= 2.0 * double(16 - b) / double(16 - 2 * b) * radius);
        }
}

TEST_CASE("geometric_median: more than half of the rows lead it anywhere") {
    auto rows = normal_rows(15, 4);
    for (std::size_t i = 0; i < 8; ++i) rows.x[i].assign(4, 1e20);
    CHECK(run(any(geometric_median{}), rows_of<double>(rows).view()).vector[0] == doctest::Approx(1e20));
}

TEST_CASE("geometric_median: is what centered_clip becomes for a small tau") {
    rows_of<double> const rows(normal_rows(11, 20));
    auto const v = run(any(geometric_median{}), rows.view()).vector;
    CHECK(distance(run(any(centered_clip{.tau = 1e-6}), rows.view()).vector, v) == 0);
    CHECK(distance(run(any(centered_clip{.tau = 0.1}), rows.view()).vector, v) < 1e-6); // below all distances
}

TEST_CASE("geometric_median: reports the residual of the smoothed sum, relative to nu") {
    rows_of<double> const rows(normal_rows(16, 50));
    auto const [v, report] = run(any(geometric_median{.nu = 1e-3}), rows.view());
    testing::true_residual const f(centered_clip{.tau = 1e-3}, rows.plain(), {v.begin(), v.end()});
    CHECK(double(f.norm / f.scale) < 1e-9);
    CHECK(report.residual < 1e-9 * report.scale);
    CHECK(report.scale == doctest::Approx(1e-3)); // all rows are farther away
    CHECK(report.iterations < 10);
}
