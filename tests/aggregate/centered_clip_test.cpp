// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/centered_clip.hpp>
#include <btard/testing/reference.hpp>
#include <btard/testing/true_residual.hpp>

#include "run.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

using namespace btard;
using testing::plain_rows;
using testing::true_residual;

namespace {

/// v before it was rounded: v0 + sum of a_i (x_i - v0), in long double.
std::vector<long double> unrounded(plain_rows const& rows, std::vector<double> const& v0,
                                   aggregation_report const& report) {
    std::vector<long double> v(v0.begin(), v0.end());
    for (std::size_t i = 0; i < rows.n(); ++i)
        for (std::size_t k = 0; k < v.size(); ++k)
            v[k] += report.coefficients[i] * (static_cast<long double>(rows.x[i][k]) - v0[k]);
    return v;
}

/// What a test of the fixed point saw at worst.
struct worst {
    std::size_t iterations = 0;
    double residual = 0;   ///< the true one of v before rounding, relative
    double unreported = 0; ///< by how much it is more or less than it says, relative
    double returned = 0;   ///< the true one of the floats that are returned, beyond both terms, relative
};

/// Solves for rows of double and of float, centred on the lower median and on the origin, with a tau of 1.
void try_all(worst& w, plain_rows const& rows) {
    centered_clip const rule{.tau = 1};
    std::vector<double> const origin(rows.d());
    auto const median = testing::witness(coordinate_median{middle::lower}, rows);
    rows_of<double> const doubles(rows);
    rows_of<float> const floats(rows);
    plain_rows const of_floats = floats.plain();
    for (bool const given : {false, true}) {
        any_aggregator const asked =
            any(centered_clip{.tau = 1, .start_at = given ? start_point::given : start_point::lower_median});
        auto const report = run(asked, doubles.view()).report;
        true_residual const f(rule, rows, unrounded(rows, given ? origin : median, report));
        double const scale = f.scale > 0 ? double(f.scale) : 1;
        w.iterations = std::max(w.iterations, report.iterations);
        w.residual = std::max(w.residual, double(f.norm) / scale);
        w.unreported = std::max(w.unreported, std::abs(double(f.norm) - report.residual) / scale);

        auto const [v, single] = run(asked, floats.view());
        true_residual const returned(rule, of_floats, {v.begin(), v.end()});
        double const size = returned.scale > 0 ? double(returned.scale) : 1;
        w.iterations = std::max(w.iterations, single.iterations);
        w.returned = std::max(w.returned, (double(returned.norm) - single.residual - single.rounding) / size);
    }
}

void check(worst const& w) {
    CHECK(w.iterations <= 30);
    CHECK(w.residual <= 1e-9);
    CHECK(w.unreported <= 1e-9); // "zero" is reported as zero, up to the rounding of the inner products
    CHECK(w.returned <=
          3e-9); // the distances are those of rows rounded after centring: 1/20 of a float's precision
}

/// Ratios of the norm of the noise to tau.
std::vector<double> const ratios{0.01, 0.1, 0.5, 0.9, 1, 1.1, 2, 5, 10, 30, 100, 300, 1000, 3000};

/// Rows whose noise has the norm `radius`, in d - 1 coordinates; the last one is free for attackers.
plain_rows noise(std::size_t n, std::size_t d, double radius) {
    plain_rows rows = normal_rows(n, d);
    for (auto& row : rows.x) {
        row.back() = 0;
        for (double& value : row) value *= radius / std::sqrt(double(d - 1));
    }
    return rows;
}

/// The distance at which the result leaves the attackers: aggregation.md, C7.
double critical(std::size_t n, std::size_t b, double radius) {
    double const r = double(b) / double(n - b);
    return radius * std::sqrt(1 - 1 / double(n - b)) * r / std::sqrt(1 - r * r);
}

struct crowd {
    std::size_t n, b;
};

} // namespace

TEST_CASE("centered_clip: the fixed point, honest noise from 0.01 to 3000 tau") {
    worst w;
    for (auto const [n, b] : {crowd{16, 7}, crowd{64, 31}})
        for (double const ratio : ratios) try_all(w, noise(n, 101, ratio));
    check(w);
}

TEST_CASE("centered_clip: the fixed point, 7 of 16 or 31 of 64 rows times -1000, times 1e6, or of 1e30") {
    for (int const kind : {0, 1, 2, 3}) {
        worst w;
        for (auto const [n, b] : {crowd{16, 7}, crowd{64, 31}})
            for (double const ratio : ratios) {
                plain_rows rows = noise(n, 101, ratio);
                for (std::size_t i = 0; i < b; ++i)
                    for (double& value : rows.x[i])
                        value = kind == 3 ? 1e30 : value * (kind == 0 ? -1000 : kind == 1 ? 1e6 : 1e30);
                try_all(w, rows);
            }
        check(w);
    }
}

TEST_CASE("centered_clip: the fixed point, attackers together around the critical distance") {
    for (double const ratio : ratios) {
        worst w;
        for (auto const [n, b] : {crowd{16, 7}, crowd{64, 31}})
            for (int step = 0; step <= 100; ++step) {
                if (n == 64 && step % 10 != 0) continue;
                plain_rows rows = noise(n, 101, ratio);
                plain_rows const honest{{rows.x.begin() + std::ptrdiff_t(b), rows.x.end()},
                                        std::vector<double>(n - b, 1.0)};
                auto there = testing::witness(mean{}, honest);
                there.back() += (1 + 0.002 * step) * critical(n, b, ratio);
                std::fill_n(rows.x.begin(), b, there);
                try_all(w, rows);
            }
        CAPTURE(ratio);
        check(w);
    }
}

TEST_CASE("centered_clip: the fixed point, equal rows, rows on a line, two rows, one row") {
    worst w;
    for (double const ratio : ratios) {
        plain_rows rows = noise(16, 40, ratio), line = rows;
        for (std::size_t i = 0; i < 16; ++i)
            for (std::size_t k = 0; k < 40; ++k)
                line.x[i][k] = rows.x[0][k] * (rows.x[i][1] / ratio + double(i % 3));
        try_all(w, line);
        for (std::size_t i = 7; i < 16; ++i) rows.x[i] = rows.x[8]; // equal honest rows
        try_all(w, rows);
        for (std::size_t i = 0; i < 7; ++i) rows.x[i].assign(40, 1e6);
        try_all(w, rows);
        try_all(w, noise(2, 40, ratio));
        try_all(w, noise(3, 40, ratio));
        try_all(w, noise(5, 2, ratio)); // on a line again
    }
    check(w);
    worst alone; // the result is the row, whatever the scale of nothing
    try_all(alone, noise(1, 40, 3));
    CHECK(alone.residual < 1e-15);
    CHECK(alone.iterations <= 1);
}

TEST_CASE("centered_clip: the fixed point, with weights, and as found by brute force") {
    for (std::size_t const n : {3u, 5u, 11u, 16u})
        for (double const tau : {0.1, 1.0, 4.0, 100.0}) {
            plain_rows rows = normal_rows(n, 12, n);
            for (std::size_t i = 0; i < n; ++i) rows.w[i] = 0.25 + double(i % 4);
            if (n > 5) rows.x[3].assign(12, -50);
            auto const [v, report] =
                run(any(centered_clip{.tau = tau}), rows_of<double>(rows).view(), {.weights = rows.w});
            CHECK(difference(v, testing::witness(centered_clip{.tau = tau}, rows)) < 1e-8);
            std::size_t far = 0;
            for (auto const& row : rows.x) far += testing::distance(row, v) > tau;
            CHECK(report.clipped == far);
        }
}

TEST_CASE("centered_clip: the start does not matter to the fixed point") {
    rows_of<double> const rows(normal_rows(11, 20));
    auto const v = run(any(centered_clip{}), rows.view()).vector;
    for (auto const start : {start_point::upper_median, start_point::midpoint, start_point::mean,
                             start_point::origin, start_point::row(3), start_point::given})
        CHECK(distance(run(any(centered_clip{.start_at = start}), rows.view(),
                           {.given = std::vector<double>(20, 3.0)})
                           .vector,
                       v) < 1e-8);
}

TEST_CASE("centered_clip: attackers in one direction shift equal rows by b / (n - b) tau") {
    std::vector<double> const honest{1, -2, 0.5, 3}, u{0.5, 0.5, -0.5, 0.5};
    for (std::size_t const b : {1u, 3u, 7u})
        for (double const far : {10.0, 1e4, 1e30})
            for (double const tau : {0.125, 1.0}) {
                plain_rows rows{std::vector(16, honest), std::vector<double>(16, 1.0)};
                auto expected = honest;
                for (std::size_t k = 0; k < 4; ++k) {
                    for (std::size_t i = 0; i < b; ++i) rows.x[i][k] += far * u[k];
                    expected[k] += double(b) / double(16 - b) * tau * u[k];
                }
                auto const v = run(any(centered_clip{.tau = tau}), rows_of<double>(rows).view()).vector;
                CHECK(distance(v, expected) < 1e-14);
            }
}

TEST_CASE("centered_clip: where tau is below the noise, attackers shift the result by as much as the noise, "
          "whatever tau") {
    std::size_t const n = 16, b = 7, honest = n - b;
    for (double const radius : {1.0, 1000.0})
        for (double const tau : {1.4, 1.0, 1e-3}) { // every row is clipped as long as it is below 1.5 radii
            plain_rows rows{std::vector(n, std::vector<double>(honest + 1)), std::vector<double>(n, 1.0)};
            for (std::size_t i = 0; i < honest; ++i) rows.x[i][i] = radius;
            for (std::size_t i = honest; i < n; ++i) rows.x[i][honest] = 50 * radius;
            for (std::size_t i = honest; i < n; ++i) // all of them at the height of the honest mean
                std::fill_n(rows.x[i].begin(), honest, radius / double(honest));
            std::vector<double> expected(honest + 1, radius / double(honest));
            expected[honest] = critical(n, b, radius);
            auto const [v, report] =
                run(any(centered_clip{.tau = tau * radius, .rtol = 1e-15}), rows_of<double>(rows).view());
            CHECK(distance(v, expected) < 1e-14 * radius);
            CHECK(report.clipped == n);
        }
}

TEST_CASE("centered_clip: with tau = infinity it is the mean, after one step; all rows equal are that row, "
          "for any tau") {
    plain_rows rows = normal_rows(11, 20);
    rows.w = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    auto const [v, report] =
        run(any(centered_clip{.tau = INFINITY}), rows_of<double>(rows).view(), {.weights = rows.w});
    CHECK(difference(v, testing::witness(mean{}, rows)) < 1e-14);
    CHECK(report.iterations == 1);
    CHECK(report.clipped == 0);
    std::fill(rows.x.begin(), rows.x.end(), rows.x[4]);
    for (double const tau : {1e-300, 1e-9, 1.0, 1e9, double(INFINITY)}) {
        auto const equal = run(any(centered_clip{.tau = tau}), rows_of<double>(rows).view());
        CHECK(equal.vector == rows.x[4]);
        CHECK(equal.report.residual == 0);
    }
}

TEST_CASE("centered_clip: so many plain steps from each start, as the formula says") {
    plain_rows rows = normal_rows(11, 9);
    rows.x[2].assign(9, 40);
    for (std::size_t i = 0; i < 11; ++i) rows.w[i] = 1 + double(i % 2);
    std::vector<double> const given(9, -0.25);
    for (auto const start :
         {start_point::given, start_point::lower_median, start_point::upper_median, start_point::midpoint,
          start_point::row(5), start_point::mean, start_point::origin})
        for (std::size_t const iterations : {1u, 2u, 20u})
            for (double const tau : {0.5, 3.0, 100.0}) {
                centered_clip const rule{.tau = tau, .iterations = iterations, .start_at = start};
                auto const [v, report] =
                    run(any(rule), rows_of<double>(rows).view(), {.weights = rows.w, .given = given});
                CHECK(difference(v, testing::witness(rule, rows, given)) < 1e-12);
                CHECK(report.iterations == iterations);
                true_residual const f(rule, rows, {v.begin(), v.end()});
                CHECK(report.residual == doctest::Approx(double(f.norm)).epsilon(1e-6));
                CHECK(report.scale == doctest::Approx(double(f.scale)));
            }
}

TEST_CASE("centered_clip: ends with the first step that is no longer than asked, and reports that step") {
    rows_of<double> const rows(normal_rows(11, 9));
    auto const long_run = run(any(centered_clip{.tau = 0.5, .iterations = 1000, .step = 1e-3}), rows.view());
    auto const n = long_run.report.iterations;
    CHECK(n > 3);
    CHECK(n < 1000);
    CHECK(long_run.report.last_step <= 1e-3);
    auto const before = run(any(centered_clip{.tau = 0.5, .iterations = n - 1}), rows.view());
    CHECK(before.report.last_step > 1e-3);
    CHECK(run(any(centered_clip{.tau = 0.5, .iterations = n}), rows.view()).vector == long_run.vector);
    CHECK(distance(before.vector, long_run.vector) == doctest::Approx(long_run.report.last_step));
}

TEST_CASE(
    "centered_clip: from a given point, one plain step with any b rows moves it by at most b tau / n more") {
    plain_rows rows = normal_rows(10, 8);
    centered_clip const rule{.tau = 2, .iterations = 1, .start_at = start_point::given};
    auto const v = run(any(rule), rows_of<double>(rows).view()).vector;
    for (std::size_t b = 1; b <= 3; ++b) {
        rows.x[b].assign(8, b % 2 ? 1e30 : -1e30);
        CHECK(distance(run(any(rule), rows_of<double>(rows).view()).vector, v) <=
              2 * double(b) * 2 / 10 + 1e-12);
    }
}

TEST_CASE("centered_clip: half of the rows lead the fixed point anywhere") {
    plain_rows rows = normal_rows(10, 4);
    for (std::size_t i = 0; i < 6; ++i) rows.x[i].assign(4, 1e9);
    CHECK(run(any(centered_clip{}), rows_of<double>(rows).view()).vector[0] > 9e8);
}

TEST_CASE("centered_clip: the coefficients say whom it trusted") {
    plain_rows rows = normal_rows(11, 30);
    rows.x[4].assign(30, 1e6);
    auto const report = run(any(centered_clip{.tau = 100}), rows_of<double>(rows).view()).report;
    double sum = 0;
    for (std::size_t i = 0; i < 11; ++i) {
        sum += report.coefficients[i];
        if (i != 4) CHECK(report.coefficients[i] == doctest::Approx(1.0 / 10).epsilon(1e-3));
    }
    CHECK(sum == doctest::Approx(1));
    CHECK(report.coefficients[4] < 1e-4);
    CHECK(report.clipped == 1);
}

TEST_CASE("centered_clip: a loose rtol ends earlier, and is kept") {
    plain_rows const rows = noise(16, 60, 30);
    auto const loose = run(any(centered_clip{.rtol = 1e-2}), rows_of<double>(rows).view()).report;
    auto const tight = run(any(centered_clip{}), rows_of<double>(rows).view()).report;
    CHECK(loose.residual <= 1e-2 * loose.scale);
    CHECK(tight.residual <= 1e-9 * tight.scale);
    CHECK(loose.iterations < tight.iterations);
}

TEST_CASE("centered_clip: rows of double further away than 1e140 move it no more than other far rows") {
    plain_rows rows = normal_rows(11, 6);
    auto const v = run(any(centered_clip{}), rows_of<double>(rows).view()).vector;
    for (double const far : {1e130, 1e150, 1e300, 1.7e308}) {
        rows.x[2].assign(6, far);
        rows.x[7].assign(6, -far);
        CHECK(distance(run(any(centered_clip{}), rows_of<double>(rows).view()).vector, v) < 1);
    }
}
