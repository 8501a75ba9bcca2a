// SPDX-License-Identifier: Apache-2.0
#include <btard/core/policy_text.hpp>
#include <btard/testing/plain_rows.hpp>
#include <btard/testing/reference.hpp>
#include <btard/testing/true_residual.hpp>

#include "../aggregate/run.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

using namespace btard;
using testing::nasty;
using testing::nasty_rows;
using testing::plain_rows;

namespace {

/// The witness of a rule chosen at run time.
std::vector<double> witness(any_aggregator const& choice, plain_rows rows, std::vector<double> const& given,
                            seed public_seed) {
    for (auto const& mixing : choice.mixings.items)
        rows =
            std::visit([&](auto const& m) { return testing::mixed_plainly(m, rows, public_seed); }, mixing);
    return std::visit([&](auto const& rule) { return testing::witness(rule, rows, given, public_seed); },
                      choice.rule);
}

std::vector<any_rule> rules(std::size_t f) {
    std::vector<any_rule> all{mean{},
                              centered_clip{.tau = 3, .iterations = 1},
                              centered_clip{.tau = 0.5, .iterations = 20},
                              centered_clip{.tau = 2, .iterations = 4, .start_at = start_point::upper_median},
                              centered_clip{.tau = 2, .iterations = 4, .start_at = start_point::midpoint},
                              centered_clip{.tau = 2, .iterations = 2, .start_at = start_point::given},
                              geometric_median{.nu = 0.1, .iterations = 3},
                              coordinate_median{middle::lower},
                              coordinate_median{middle::upper},
                              coordinate_median{middle::midpoint}};
    for (any_rule const& rule :
         {any_rule{krum{f}}, any_rule{krum{f, 1}}, any_rule{multi_krum{f}}, any_rule{trimmed_mean{f}}})
        all.push_back(rule);
    return all;
}

/// Each coordinate within a few roundings of T of the witness, those of a sum over all rows included.
template <class T>
bool agrees(std::vector<T> const& v, std::vector<double> const& expected, plain_rows const& rows,
            aggregation_report const& report) {
    double const unit = std::numeric_limits<T>::epsilon();
    std::vector<double> coefficients; // of the rows that count
    for (std::size_t i = 0; i < rows.n() && !report.coefficients.empty(); ++i)
        coefficients.push_back(report.coefficients[i]);
    double const slack = sizeof(T) == sizeof(float) ? 1e-6 : 1e-10;
    for (std::size_t k = 0; k < v.size(); ++k) {
        double size = 1 + std::abs(expected[k]);
        for (std::size_t i = 0; i < coefficients.size(); ++i)
            size += std::abs(coefficients[i] * rows.x[i][k]);
        if (!(std::abs(double(v[k]) - expected[k]) <= 4 * unit * size + slack * std::min(size, 1e3)))
            return false;
    }
    return true;
}

} // namespace

TEST_CASE_TEMPLATE("witness: every rule agrees with its plain loops, on rows that are nasty", T, float,
                   double) {
    for (std::size_t const n : {1u, 2u, 3u, 5u, 11u, 16u, 17u, 33u})
        for (std::size_t const d : {1u, 37u, 131u})
            for (double const offset : {0.0, 1e4})
                for (bool const not_finite : {false, true}) {
                    nasty_rows<T> const fixture({n, d, offset, not_finite, n + d});
                    if (2 * fixture.far() >= n || n - fixture.far() < 1) continue; // nothing is promised then
                    plain_rows const plain = fixture.plain();
                    std::size_t const lost = n - plain.n();
                    std::vector<T> const given(d, T(offset));
                    for (any_rule const& rule : rules(fixture.far())) {
                        auto const choice = any_aggregator{{}, rule};
                        auto const [v, report] =
                            run(choice, fixture.view(), {.weights = fixture.weights, .given = given});
                        auto const expected =
                            witness(choice.without(lost), plain, {given.begin(), given.end()}, {});
                        CAPTURE(to_text(choice));
                        CAPTURE(n);
                        CAPTURE(d);
                        CAPTURE(offset);
                        CHECK(agrees(v, expected, plain, report));
                        CHECK(report.rows_used == plain.n());
                    }
                }
}

TEST_CASE_TEMPLATE("witness: mixings before every rule, too", T, float, double) {
    for (std::size_t const n : {1u, 5u, 11u, 17u})
        for (std::size_t const d : {1u, 37u}) {
            plain_rows const plain = rows_of<T>(normal_rows(n, d)).plain();
            rows_of<T> const rows(plain);
            std::size_t const f = (n - 1) / 5;
            for (std::vector<any_mixing> const& mixings : {std::vector<any_mixing>{nnm{f}},
                                                           {bucketing{2}},
                                                           {clipping{4}},
                                                           {clipping{5}, nnm{f}},
                                                           {nnm{f}, bucketing{3}}})
                for (any_rule const& rule : rules(0)) {
                    auto const* const clip = std::get_if<centered_clip>(&rule);
                    if ((clip && clip->start_at != start_point::given) ||
                        std::holds_alternative<geometric_median>(rule))
                        continue; // a start at the median is one of the rows before they were mixed
                    if ((std::holds_alternative<krum>(rule) || std::holds_alternative<multi_krum>(rule)) &&
                        n < 17)
                        continue; // few rows, mixed, have equal scores but for rounding
                    any_aggregator const choice{{mixings}, rule};
                    auto const [v, report] = run(choice, rows.view(), {.public_seed = {n, d}});
                    CAPTURE(to_text(choice));
                    CAPTURE(n);
                    CAPTURE(d);
                    CHECK(agrees(v, witness(choice, plain, std::vector<double>(d), {n, d}), plain, report));
                }
        }
}

TEST_CASE_TEMPLATE("witness: the fixed point on nasty rows leaves no true residual", T, float, double) {
    for (std::size_t const n : {1u, 2u, 3u, 5u, 11u, 16u, 17u, 33u})
        for (std::size_t const d : {1u, 7u, 37u, 515u})
            for (double const offset : {0.0, 1e4})
                for (double const tau : {0.01, 1.0, 50.0, 1e5}) {
                    nasty_rows<T> const fixture({n, d, offset, n > 8, d});
                    plain_rows const plain = fixture.plain();
                    if (2 * (fixture.far() + plain.n() - n) + 1 >= plain.n()) continue; // weights count, too
                    auto const [v, report] =
                        run(any(centered_clip{.tau = tau}), fixture.view(), {.weights = fixture.weights});
                    testing::true_residual const f(centered_clip{.tau = tau}, plain, {v.begin(), v.end()});
                    CAPTURE(n);
                    CAPTURE(d);
                    CAPTURE(offset);
                    CAPTURE(tau);
                    CHECK(report.iterations <= 30);
                    CHECK(report.residual <= 1e-9 * report.scale);
                    double const precision =
                        sizeof(T) == sizeof(float) ? 1e-7 : 2e-9; // of distances of few coordinates
                    CHECK(double(f.norm) <= report.residual + report.rounding + precision * double(f.scale));
                }
}

TEST_CASE("true_residual: zero at the mean, the pulled distance elsewhere") {
    plain_rows const rows{{{0}, {2}, {10}}, {1, 1, 2}};
    testing::true_residual const at_mean(mean{}, rows, {5.5L});
    CHECK(double(at_mean.norm) == 0);
    CHECK(double(at_mean.scale) == doctest::Approx((5.5 + 3.5 + 9) / 4));
    testing::true_residual const clipped(centered_clip{.tau = 1}, rows, {2.5L});
    CHECK(double(clipped.norm) == doctest::Approx((-1 - 0.5 + 2) / 4));
    CHECK(double(clipped.pull) == doctest::Approx((1 / 2.5 + 1 + 2 / 7.5) / 4));
}

TEST_CASE("fixed_point: what attackers do to equal rows, in closed form") {
    plain_rows rows{std::vector(9, std::vector<double>{3, -1}), std::vector<double>(9, 1.0)};
    rows.x[0] = rows.x[5] = {3, 1e6};
    auto const v = testing::fixed_point(rows, 0.5);
    CHECK(double(v[0]) == doctest::Approx(3).epsilon(1e-15));
    CHECK(double(v[1]) == doctest::Approx(-1 + 0.5 * 2 / 7).epsilon(1e-15));
}

TEST_CASE("nasty_rows: hold what they should, and say how much of it is far away") {
    nasty_rows<float> const rows({.rows = 11, .cols = 37, .offset = 1e4, .not_finite = true});
    auto const x = rows.view();
    CHECK(rows.finite() == 8);
    CHECK(rows.far() == 7); // zeros, denormal numbers, two of 1e30, three that are not finite
    CHECK(rows.plain().n() == 8);
    CHECK(std::all_of(x.row(2).begin(), x.row(2).end(), [](float value) { return value == 0; }));
    CHECK(std::equal(x.row(3).begin(), x.row(3).end(), x.row(0).begin()));
    CHECK(std::any_of(x.row(4).begin(), x.row(4).end(),
                      [](float value) { return std::fpclassify(value) == FP_SUBNORMAL; }));
    CHECK(std::count(x.row(5).begin(), x.row(5).end(), 1e30f) == 37);
    for (std::size_t i = 8; i < 11; ++i)
        CHECK(std::count_if(x.row(i).begin(), x.row(i).end(),
                            [](float value) { return !std::isfinite(value); }) == 1);
    CHECK(nasty_rows<double>({.rows = 2}).far() == 0);
    CHECK(nasty_rows<double>({.rows = 3, .offset = 5}).far() == 1);
}
