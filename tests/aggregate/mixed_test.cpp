// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/any_aggregator.hpp>
#include <btard/aggregate/mixed.hpp>
#include <btard/testing/reference.hpp>

#include "run.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <span>
#include <vector>

using namespace btard;
using testing::plain_rows;

static_assert(coefficient_rule<mixed<nnm, krum>> && !coefficient_rule<mixed<nnm, coordinate_median>>);
static_assert(aggregator<mixed<nnm, coordinate_median>> && aggregator<mixed<clipping, mixed<nnm, trimmed_mean>>>);
static_assert(!verifiable_aggregator<mixed<nnm, centered_clip>> && !verifiable_aggregator<mixed<clipping, mean>>);

namespace {

plain_rows sample() {
    plain_rows rows = normal_rows(11, 14);
    for (std::size_t i = 0; i < 11; ++i) {
        rows.w[i] = 1 + double(i % 3);
        for (double& value : rows.x[i]) value += 0.5;
    }
    rows.x[4].assign(14, -20);
    return rows;
}

template <class A>
std::vector<double> aggregated_by(A const& rule, plain_rows const& rows) {
    rows_of<double> const seen(rows);
    std::vector<double> out(rows.d());
    aggregate(host{1}, rule, seen.view(), std::span<double const>(rows.w), std::span(out), seed{3, 4});
    return out;
}

/// A rule after each mixing, and after two, is the rule on rows that were really mixed.
template <class A>
void check(A const& rule) {
    plain_rows const rows = sample();
    auto const same = [&](auto const& mixing) {
        mixed const all{mixing, rule};
        CHECK(difference(aggregated_by(all, rows), testing::witness(all, rows, std::vector<double>(14), {3, 4})) < 1e-8);
    };
    same(nnm{.byzantine = 2});
    same(bucketing{.bucket = 2});
    same(clipping{.radius = 3});
    CHECK(difference(aggregated_by(mixed{clipping{.radius = 3}, mixed{nnm{.byzantine = 2}, rule}}, rows),
                     testing::witness(mixed{clipping{.radius = 3}, mixed{nnm{.byzantine = 2}, rule}}, rows)) < 1e-8);
    CHECK(difference(aggregated_by(mixed{nnm{.byzantine = 2}, mixed{clipping{.radius = 1}, rule}}, rows),
                     testing::witness(mixed{nnm{.byzantine = 2}, mixed{clipping{.radius = 1}, rule}}, rows)) < 1e-8);
}

} // namespace

TEST_CASE("mixed: a coefficient rule sees the rows that were mixed") {
    check(mean{});
    check(centered_clip{.tau = 1});
    check(krum{.byzantine = 1});
}

TEST_CASE("mixed: a coordinate rule sees the rows that were mixed") {
    check(coordinate_median{});
    check(trimmed_mean{.byzantine = 1});
}

TEST_CASE("mixed: nested mixings are the composed one, the first one first") {
    plain_rows const rows = sample();
    auto const nested = aggregated_by(mixed{clipping{.radius = 3}, mixed{nnm{.byzantine = 2}, centered_clip{}}}, rows);
    CHECK(difference(aggregated_by(mixed{composed{clipping{.radius = 3}, nnm{.byzantine = 2}}, centered_clip{}}, rows), nested) < 1e-8);
    auto const other = aggregated_by(mixed{nnm{.byzantine = 2}, mixed{clipping{.radius = 3}, centered_clip{}}}, rows);
    CHECK(difference(other, nested) > 1e-3);
}

TEST_CASE("mixed: needs what its parts need, checks them, and passes on what was lost") {
    CHECK(mixed{bucketing{}, mean{}}.needs() == products::none);
    CHECK(mixed{nnm{}, mean{}}.needs() == products::rows);
    CHECK(mixed{clipping{}, mean{}}.needs() == products::all);
    CHECK(composed{bucketing{}, nnm{}}.needs() == products::rows);
    CHECK(composed{bucketing{.bucket = 3}, bucketing{.bucket = 2}}.size(10) == 2);
    CHECK_THROWS_AS((mixed{bucketing{}, krum{.byzantine = 2}}.check(8)), contract_violation);
    CHECK_NOTHROW((mixed{bucketing{}, krum{.byzantine = 2}}.check(9)));
    CHECK_THROWS_AS((composed{bucketing{}, nnm{.byzantine = 2}}.check(8)), contract_violation);
    CHECK(mixed{nnm{.byzantine = 3}, krum{.byzantine = 2}}.without(2) == mixed{nnm{.byzantine = 1}, krum{.byzantine = 0}});
    CHECK(to_text(mixed{nnm{.byzantine = 3}, mean{}}) == "mixed{nnm{.byzantine = 3}, mean{}}");
}

TEST_CASE("mixed: a mixing before a rule that shows it the far rows as near ones") {
    // Each bucket of two holds one far row, unless two of them meet: clipping before it is what helps.
    plain_rows rows = normal_rows(12, 8);
    for (std::size_t i = 0; i < 4; ++i) rows.x[i].assign(8, 1e8);
    std::vector<double> const origin(8);
    CHECK(distance(aggregated_by(mixed{bucketing{}, mean{}}, rows), origin) > 1e7);
    CHECK(distance(aggregated_by(mixed{clipping{.radius = 4}, mixed{bucketing{}, mean{}}}, rows), origin) < 4);
}
