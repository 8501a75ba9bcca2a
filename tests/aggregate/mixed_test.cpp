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
static_assert(aggregator<mixed<nnm, coordinate_median>> &&
              aggregator<mixed<clipping, mixed<nnm, trimmed_mean>>>);
static_assert(!verifiable_aggregator<mixed<nnm, centered_clip>> &&
              !verifiable_aggregator<mixed<clipping, mean>>);

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

std::vector<double> aggregated_by(any_aggregator const& rule, plain_rows const& rows) {
    return run(rule, rows_of<double>(rows).view(), {.weights = rows.w, .public_seed = {3, 4}}).vector;
}

/// A rule after each mixing, and after two, is the rule on rows that were really mixed.
template <class A>
void check(A const& rule) {
    plain_rows const rows = sample();
    std::vector<double> const origin(14);
    auto const same = [&](auto const& mixing) {
        auto const expected = testing::witness(mixed{mixing, rule}, rows, origin, {3, 4});
        CHECK(difference(aggregated_by(any(rule, {mixing}), rows), expected) < 1e-8);
    };
    same(nnm{.byzantine = 2});
    same(bucketing{.bucket = 2});
    same(clipping{.radius = 3});
    auto const same_after_two = [&](auto const& first, auto const& second) {
        auto const expected = testing::witness(mixed{first, mixed{second, rule}}, rows, origin, {3, 4});
        CHECK(difference(aggregated_by(any(rule, {first, second}), rows), expected) < 1e-8);
    };
    same_after_two(clipping{.radius = 3}, nnm{.byzantine = 2});
    same_after_two(nnm{.byzantine = 2}, clipping{.radius = 1});
    same_after_two(bucketing{.bucket = 2}, clipping{.radius = 2});
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

TEST_CASE("mixed: the first mixing comes first") {
    auto const one =
        aggregated_by(any(centered_clip{}, {clipping{.radius = 3}, nnm{.byzantine = 2}}), sample());
    CHECK(difference(
              aggregated_by(any(centered_clip{}, {nnm{.byzantine = 2}, clipping{.radius = 3}}), sample()),
              one) > 1e-3);
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
    CHECK(mixed{nnm{.byzantine = 3}, krum{.byzantine = 2}}.without(2) ==
          mixed{nnm{.byzantine = 1}, krum{.byzantine = 0}});
    CHECK(to_text(mixed{nnm{.byzantine = 3}, mean{}}) == "mixed{nnm{.byzantine = 3}, mean{}}");
}

TEST_CASE("mixed: a mixing before a rule that shows it the far rows as near ones") {
    // Each bucket of two holds one far row, unless two of them meet: clipping before it is what helps.
    plain_rows rows = normal_rows(12, 8);
    for (std::size_t i = 0; i < 4; ++i) rows.x[i].assign(8, 1e8);
    std::vector<double> const origin(8);
    CHECK(distance(aggregated_by(any(mean{}, {bucketing{}}), rows), origin) > 1e7);
    CHECK(distance(aggregated_by(any(mean{}, {clipping{.radius = 4}, bucketing{}}), rows), origin) < 4);
}

namespace {

/// Asks for the distances from v0 alone.
struct reads_the_diagonal {
    static constexpr products needs() { return products::diagonal; }
    static constexpr std::size_t size(std::size_t n) { return n; }
    static void mix(gram_matrix const&, matrix_view<double>, std::span<double>) {}
    static constexpr start_point start() { return start_point::lower_median; }
    static aggregation_report coefficients(gram_matrix const&, std::span<double>) { return {}; }
};

} // namespace

TEST_CASE("mixed: the diagonal of mixed rows takes all pairs of rows") {
    CHECK(mixed{bucketing{}, reads_the_diagonal{}}.needs() == products::rows);
    CHECK(composed{bucketing{}, reads_the_diagonal{}}.needs() == products::rows);
    CHECK(composed{reads_the_diagonal{}, bucketing{}}.needs() == products::diagonal);
    CHECK(mixed{clipping{}, reads_the_diagonal{}}.needs() == products::all);
}
