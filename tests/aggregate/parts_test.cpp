// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/centered_clip.hpp>
#include <btard/aggregate/mean.hpp>
#include <btard/aggregate/parts.hpp>
#include <btard/core/norm.hpp>
#include <btard/core/random.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

using namespace btard;

namespace {
constexpr std::size_t n = 5, d = 23;

std::vector<float> rows() {
    random_stream random({7, 0});
    std::vector<float> values(n * d);
    for (float& x : values) x = static_cast<float>(random.normal());
    return values;
}
matrix_view<float const> view(std::vector<float> const& values) { return {values.data(), n, d}; }
std::vector<double> const ones(n, 1.0);
} // namespace

TEST_CASE("aggregate_parts: a rule that treats each coordinate alone does not notice the parts") {
    auto const data = rows();
    std::vector<float> whole(d), in_parts(d);
    aggregate(host{.threads = 1}, mean{}, view(data), ones, std::span(whole));
    for (std::size_t const parts : {1u, 2u, 5u, 23u, 30u}) { // 30: the last seven are empty
        aggregate_parts(host{.threads = 2}, mean{}, view(data), ones, std::span(in_parts),
                        partition(d, parts));
        CHECK(in_parts == whole);
    }
}

TEST_CASE("aggregate_parts: each part is what the rule makes of its slices, on any number of threads") {
    auto const data = rows();
    partition const cut(d, 3);
    std::vector<float> expected(d);
    for (std::uint32_t k = 0; k < 3; ++k) {
        part_id const part{k};
        matrix_view<float const> const slice(data.data() + cut.begin(part), n, cut.size(part), d);
        aggregate(host{.threads = 1}, centered_clip{.tau = 0.5f}, slice, ones,
                  cut.slice(std::span(expected), part));
    }
    for (std::size_t const threads : {1u, 2u, 3u}) {
        std::vector<float> out(d);
        auto const report = aggregate_parts(host{.threads = threads}, centered_clip{.tau = 0.5f}, view(data),
                                            ones, std::span(out), cut);
        CHECK(out == expected);
        CHECK(report.rows_used == n);
        CHECK(report.clipped > 0);
    }
}

TEST_CASE("aggregate_parts: a row that is not finite is left out of its part only, and named") {
    auto data = rows();
    data[2 * d + 20] = std::numeric_limits<float>::quiet_NaN();
    std::vector<float> out(d), expected(d);
    auto const report =
        aggregate_parts(host{.threads = 2}, mean{}, view(data), ones, std::span(out), partition(d, 2));
    CHECK(report.not_finite == std::vector<std::size_t>{2});
    CHECK(report.rows_used == n - 1);
    data[2 * d + 20] = 0;
    aggregate(host{.threads = 1}, mean{}, view(data), ones, std::span(expected));
    CHECK(std::vector(out.begin(), out.begin() + 12) == std::vector(expected.begin(), expected.begin() + 12));
}

TEST_CASE("merged: lengths by Pythagoras, counts of the worst part, coefficients by coordinates") {
    std::vector<aggregation_report> reports(2);
    reports[0].iterations = 3;
    reports[0].clipped = 1;
    reports[0].residual = 3;
    reports[0].norm = 6;
    reports[0].rows_used = 4;
    reports[0].not_finite = {3, 1};
    reports[0].coefficients = {1, 0};
    reports[1].iterations = 2;
    reports[1].clipped = 2;
    reports[1].residual = 4;
    reports[1].norm = 8;
    reports[1].rows_used = 3;
    reports[1].not_finite = {1};
    reports[1].coefficients = {0, 1};
    auto const all = merged(reports, partition(5, 2)); // parts of 3 and 2 coordinates
    CHECK(all.iterations == 3);
    CHECK(all.clipped == 2);
    CHECK(all.residual == doctest::Approx(5));
    CHECK(all.norm == doctest::Approx(10));
    CHECK(all.rows_used == 3);
    CHECK(all.not_finite == std::vector<std::size_t>{1, 3});
    CHECK(all.coefficients[0] == doctest::Approx(0.6));
    CHECK(all.coefficients[1] == doctest::Approx(0.4));
}

TEST_CASE("aggregate_parts: a partition of another length than the rows is refused") {
    std::vector<float> const rows(30);
    std::vector<float> out(100);
    std::vector<double> const weights(3, 1.0);
    CHECK_THROWS_WITH_AS(aggregate_parts(host{.threads = 1}, mean{}, {rows.data(), 3, 10}, weights, out, partition(100, 4)),
                         "the parts are those of 100 elements, the rows have 10", contract_violation);
}
