// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/aggregate.hpp>
#include <btard/core/policy_text.hpp>

#include "run.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <vector>

using namespace btard;
using testing::plain_rows;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr float none = std::numeric_limits<float>::quiet_NaN();

/// The sentence with which four rows of two columns are refused.
std::string refusal(any_aggregator const& rule, std::vector<double> weights = {1, 1, 1, 1},
                    std::size_t length = 2, float in_out = 0) {
    std::vector<float> const x{1, 2, 3, 4, 5, 6, 7, 9};
    try {
        run(rule, matrix_view<float const>(x.data(), 4, 2),
            {.weights = weights, .given = std::vector<float>(length, in_out)});
    } catch (contract_violation const& violation) {
        return violation.what();
    }
    return "";
}

/// A rule of each kind, for n rows.
std::vector<any_aggregator> all_rules(std::size_t n) {
    std::size_t const f = (n - 1) / 4;
    std::vector<any_aggregator> all;
    for (any_rule const& rule :
         {any_rule{mean{}}, any_rule{centered_clip{}}, any_rule{centered_clip{.tau = 2, .iterations = 3}},
          any_rule{geometric_median{}}, any_rule{geometric_median{.nu = 0.1, .iterations = 3}},
          any_rule{krum{f}}, any_rule{multi_krum{f}}, any_rule{coordinate_median{}},
          any_rule{trimmed_mean{f}}}) {
        all.push_back({{}, rule});
        all.push_back({{{nnm{f}}}, rule});
        all.push_back({{{clipping{3}}}, rule});
        if (n > 8) all.push_back({{{bucketing{2}}}, rule});
        if (n > 8) all.push_back({{{clipping{3}, bucketing{2}, nnm{f}}}, rule});
    }
    return all;
}

} // namespace

TEST_CASE("aggregate: whoever breaks the contract is told so, with the numbers") {
    CHECK(refusal(any(mean{})) == "");
    CHECK(refusal(any(mean{}), {1, 1, 1}) == "there are 3 weights for 4 rows");
    CHECK(refusal(any(mean{}), {1, 1, 1, 1}, 3) == "out has 3 elements, the rows have 2");
    CHECK(refusal(any(mean{}), {1, -0.5, 1, 1}) ==
          "the weight of row 1 is -0.5, it must be finite and not negative");
    CHECK(refusal(any(mean{}), {1, 1, infinity, 1}) ==
          "the weight of row 2 is inf, it must be finite and not negative");
    CHECK(refusal(any(mean{}), {1, 1, 1, double(none)}) ==
          "the weight of row 3 is nan, it must be finite and not negative");
    CHECK(refusal(any(mean{}), {0, 0, 0, 0}) == "all 4 weights are zero");

    CHECK(refusal(any(centered_clip{.tau = 0})) == "tau is 0, it must be positive");
    CHECK(refusal(any(centered_clip{.tau = -1})) == "tau is -1, it must be positive");
    CHECK(refusal(any(centered_clip{.tau = double(none)})) == "tau is nan, it must be positive");
    CHECK(refusal(any(centered_clip{.tau = infinity})) == "");
    CHECK(refusal(any(centered_clip{.rtol = 0})) == "rtol is 0, it must be between 0 and 1");
    CHECK(refusal(any(centered_clip{.iterations = 0})) == "iterations is 0, it must be 1 or more");
    CHECK(refusal(any(centered_clip{.step = 0.5})) ==
          "step is 0.5, it must not be negative, and goes with iterations");
    CHECK(refusal(any(centered_clip{.iterations = 2, .step = -1})) ==
          "step is -1, it must not be negative, and goes with iterations");
    CHECK(refusal(any(geometric_median{.nu = 0})) == "nu is 0, it must be positive");
    CHECK(refusal(any(geometric_median{.iterations = 0})) == "iterations is 0, it must be 1 or more");
    CHECK(refusal(any(geometric_median{.rtol = 2})) == "rtol is 2, it must be between 0 and 1");

    CHECK(refusal(any(krum{.byzantine = 2})) == "krum: 2 * 2 >= 4 rows");
    CHECK(refusal(any(krum{.byzantine = 1})) == "");
    CHECK(refusal(any(multi_krum{.byzantine = 3})) == "multi_krum: 2 * 3 >= 4 rows");
    CHECK(refusal(any(multi_krum{.byzantine = 1, .selected = 4})) ==
          "multi_krum: selected is 4, it must be 1 to 3");
    CHECK(refusal(any(multi_krum{.selected = 0})) == "multi_krum: selected is 0, it must be 1 to 4");
    CHECK(refusal(any(trimmed_mean{2})) == "trimmed_mean: 2 * 2 >= 4 rows");

    CHECK(refusal(any(mean{}, {nnm{2}})) == "nnm: 2 * 2 >= 4 rows");
    CHECK(refusal(any(mean{}, {bucketing{0}})) == "bucket is 0, it must be 1 or more");
    CHECK(refusal(any(mean{}, {clipping{0}})) == "radius is 0, it must be positive");
    CHECK(refusal(any(krum{1}, {bucketing{2}})) ==
          "krum: 2 * 1 >= 2 rows"); // of four rows two groups are left
    CHECK(refusal(any(mean{}, {bucketing{2}, nnm{1}})) == "nnm: 2 * 1 >= 2 rows");

    CHECK(refusal(any(centered_clip{.start_at = start_point::row(4)})) ==
          "the start is row 4, there are 4 rows");
    CHECK(refusal(any(centered_clip{.start_at = start_point::row(3)})) == "");
    for (float const value : {none, float(infinity)}) {
        std::string const sentence = "out, where the rule starts, holds a value that is not finite";
        CHECK(refusal(any(centered_clip{.start_at = start_point::given}), {1, 1, 1, 1}, 2, value) ==
              sentence);
        CHECK(refusal(any(centered_clip{.iterations = 2, .start_at = start_point::given}), {1, 1, 1, 1}, 2,
                      value) == sentence);
        CHECK(refusal(any(geometric_median{.start_at = start_point::given}, {nnm{1}}), {1, 1, 1, 1}, 2,
                      value) == sentence);
        CHECK(refusal(any(centered_clip{}), {1, 1, 1, 1}, 2, value) == ""); // not read
    }
}

TEST_CASE("aggregate: no rows at all are the caller's mistake, no columns are none") {
    CHECK_THROWS_WITH_AS(run(any(mean{}), matrix_view<float const>()), "there are no rows to aggregate",
                         contract_violation);
    for (auto const& rule : all_rules(3))
        CHECK(run(rule, matrix_view<float const>(nullptr, 3, 0)).report.rows_used == 3);
}

TEST_CASE("aggregate: the numbers of a rule are checked against the rows that the caller has, whatever is in "
          "them") {
    rows_of<float> const rows{{1, 2}, {3, 4}, {none, 4}, {5, none}};
    CHECK_THROWS_AS(run(any(krum{.byzantine = 2}), rows.view()), contract_violation);
    CHECK(run(any(krum{.byzantine = 1}), rows.view()).vector == rows.x[0]);
    CHECK_THROWS_AS(run(any(trimmed_mean{2}), rows.view(), {.weights = {1, 0, 0, 1}}), contract_violation);
    CHECK(run(any(trimmed_mean{1}), rows.view(), {.weights = {1, 1, 0, 1}}).vector ==
          std::vector<float>{2, 3});
}

TEST_CASE("aggregate: rows that are not finite are named and have no say") {
    auto rows = normal_rows(11, 40);
    rows_of<float> const good(plain_rows{{rows.x.begin() + 3, rows.x.end()}, std::vector<double>(8, 1.0)});
    rows.x[0][39] = double(none);
    rows.x[1][0] = infinity;
    rows.x[2][20] = -infinity;
    rows_of<float> const all(rows);
    for (auto const& rule : all_rules(11)) {
        if (rule.mixings.items.size() == 3 ||
            (rule.mixings.items.size() == 1 && rule.mixings.items[0].index() == 1))
            continue; // the shuffle of 11 rows is another than that of 8
        auto const [v, report] = run(rule, all.view());
        auto expected = run(rule.without(3), good.view());
        CAPTURE(to_text(rule));
        CHECK(v == expected.vector);
        CHECK(report.not_finite == std::vector<std::size_t>{0, 1, 2});
        CHECK(report.rows_used == 8);
        auto& coefficients = expected.report.coefficients;
        if (!coefficients.empty()) coefficients.insert(coefficients.begin(), {0, 0, 0});
        CHECK(report.coefficients == coefficients);
        // A row of weight zero may hold anything, and is not named.
        auto const zero = run(rule, all.view(), {.weights = {0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1}});
        CHECK(zero.vector == v);
        CHECK(zero.report.not_finite.empty());
        CHECK(zero.report.rows_used == 8);
    }
}

TEST_CASE("aggregate: with no row left the result is zeros, and that is no error") {
    rows_of<double> const rows{{1, double(none)}, {infinity, 2}, {3, -infinity}, {4, 4}};
    for (auto const& rule : all_rules(4)) {
        auto const [v, report] = run(rule, rows.view(), {.weights = {1, 1, 1, 0}, .given = {8, 8}});
        CHECK(v == std::vector<double>{0, 0});
        CHECK(report.rows_used == 0);
        CHECK(report.not_finite == std::vector<std::size_t>{0, 1, 2});
        CHECK(report.residual == 0);
    }
}

TEST_CASE("aggregate: a single row is the result, for every rule that keeps rows as they are") {
    rows_of<float> const row{{3, -0.5f, 1e-40f, 1e30f, -3e38f}};
    for (auto const& rule : all_rules(1)) {
        CAPTURE(to_text(rule));
        if (!rule.mixings.items.empty() && rule.mixings.items[0].index() == 2) continue; // clipping
        CHECK(run(rule, row.view()).vector == row.x[0]);
    }
}

TEST_CASE("aggregate: rows may stand anywhere, and are read where they stand") {
    auto const rows = normal_rows(11, 77);
    std::vector<float> flat(11 * 80, none);
    std::vector<std::vector<float>> apart;
    std::vector<float const*> table;
    for (std::size_t i = 0; i < 11; ++i) {
        std::copy(rows.x[i].begin(), rows.x[i].end(), flat.begin() + std::ptrdiff_t(i * 80));
        apart.emplace_back(rows.x[i].begin(), rows.x[i].end());
    }
    for (auto const& row : apart) table.push_back(row.data());
    for (auto const& rule : all_rules(11)) {
        auto const strided = run(rule, matrix_view<float const>(flat.data(), 11, 77, 80));
        auto const scattered = run(rule, matrix_view<float const>(std::span<float const* const>(table), 77));
        CHECK(strided.vector == scattered.vector);
        CHECK(strided.report == scattered.report);
    }
}

TEST_CASE("aggregate: a rule that starts at what is given reads out, the others do not") {
    rows_of<double> const rows(normal_rows(5, 3));
    std::vector<double> const far(3, 1e3);
    centered_clip rule{.tau = 1, .iterations = 1, .start_at = start_point::given};
    auto const moved = run(any(rule), rows.view(), {.given = far}).vector; // one step from there: at most tau
    CHECK(distance(moved, far) == doctest::Approx(1).epsilon(0.01));
    rule.start_at = start_point::lower_median;
    CHECK(run(any(rule), rows.view(), {.given = far}).vector == run(any(rule), rows.view()).vector);
}

TEST_CASE("aggregate: a row rule sees the rows that count, and its own kind of report comes back") {
    struct long_report : aggregation_report {
        std::size_t seen = 0;
    };
    auto const rule = [](matrix_view<float const> rows, std::span<double const> weights,
                         std::span<float> out) {
        long_report report;
        report.seen = rows.rows();
        for (std::size_t k = 0; k < out.size(); ++k) out[k] = rows(0, k) * float(weights[0]);
        for (std::size_t i = 0; i < rows.rows(); ++i) report.coefficients.push_back(i == 0 ? weights[0] : 0);
        return report;
    };
    rows_of<float> const rows{{none, 1}, {1, 2}, {3, 4}, {5, 6}};
    std::vector<double> const weights{1, 0, 2, 1};
    std::vector<float> out(2);
    auto const report =
        aggregate(host{1}, rule, rows.view(), std::span<double const>(weights), std::span(out));
    static_assert(std::is_same_v<decltype(report), long_report const>);
    CHECK(out == std::vector<float>{6, 8});
    CHECK(report.seen == 2);
    CHECK(report.coefficients == std::vector<double>{0, 0, 2, 0});
    CHECK(report.not_finite == std::vector<std::size_t>{0});
}

TEST_CASE("aggregate: the short form takes unit weights, and returns a new vector with the report") {
    auto const sum_of_weights = [](matrix_view<float const> rows, std::span<double const> weights,
                                   std::span<float> out) {
        for (std::size_t k = 0; k < out.size(); ++k)
            for (std::size_t i = 0; i < rows.rows(); ++i) out[k] += float(weights[i]) * rows(i, k);
        return aggregation_report{};
    };
    std::vector<float> data{1, 2, 3, 4, 5, 9};
    auto const [v, report] = aggregate(sum_of_weights, matrix_view<float>(data.data(), 3, 2));
    CHECK(v == std::vector<float>{9, 15});
    CHECK(report.rows_used == 3);
    CHECK(aggregate(sum_of_weights, matrix_view<float const>(data.data(), 2, 3)).vector ==
          std::vector<float>{5, 7, 12});
}

TEST_CASE("aggregate: rows may be vectors, spans, an array of arrays or a matrix, and are seen in place") {
    std::vector<void const*> seen;
    auto const first_row = [&](matrix_view<float const> rows, std::span<double const>, std::span<float> out) {
        for (std::size_t i = 0; i < rows.rows(); ++i) seen.push_back(rows.row_data(i));
        for (std::size_t k = 0; k < out.size(); ++k) out[k] = rows(0, k);
        return aggregation_report{};
    };
    std::vector<std::vector<float>> const x{{1, 2, 3}, {4, 5, 6}};
    CHECK(aggregate(first_row, x).vector == x[0]);
    CHECK(seen == std::vector<void const*>{x[0].data(), x[1].data()});
    seen.clear();
    std::array<std::span<float const>, 2> const spans{x[1], x[0]};
    CHECK(aggregate(first_row, spans).vector == x[1]);
    CHECK(seen == std::vector<void const*>{x[1].data(), x[0].data()});
    std::array<std::array<float, 2>, 1> const one{{{7, 8}}};
    CHECK(aggregate(first_row, one).vector == std::vector<float>{7, 8});

    std::vector<float> out(3);
    std::vector<double> const weights{0, 1};
    auto const report = aggregate(host{1}, first_row, x, weights, out, seed{1, 2}); // a vector is a span, too
    CHECK(out == x[1]);
    CHECK(report.rows_used == 1);
    std::vector<float> data{1, 2, 3, 4, 5, 6};
    aggregate(host{1}, first_row, matrix_view<float>(data.data(), 2, 3), weights, out);
    CHECK(out == std::vector<float>{4, 5, 6});

    CHECK_THROWS_WITH_AS((void)aggregate(first_row, std::vector<std::vector<float>>{{1, 2}, {3}}),
                         "row 1 has 1 elements, row 0 has 2", contract_violation);
    CHECK_THROWS_WITH_AS((void)aggregate(first_row, std::vector<std::vector<float>>{}),
                         "there are no rows to aggregate", contract_violation);
    CHECK_THROWS_WITH_AS(aggregate(host{1}, first_row, x, weights, std::span(out).first(2)),
                         "out has 2 elements, the rows have 3", contract_violation);
}

TEST_CASE_TEMPLATE("aggregate: whatever is in the rows, nothing is thrown and the result is finite", T, float,
                   double) {
    double const large = sizeof(T) == 4 ? 3e38 : 1e300, tiny = sizeof(T) == 4 ? 1e-42 : 1e-310;
    for (std::uint64_t trial = 0; trial < 150; ++trial) {
        random_stream draw(derive({trial, 0}, "fuzz"));
        std::size_t const n = 1 + draw.below(12), d = 1 + draw.below(40);
        double const trouble = draw.uniform() * draw.uniform();
        std::vector<std::vector<T>> x(n, std::vector<T>(d));
        std::vector<double> weights(n);
        std::vector<std::size_t> bad;
        for (std::size_t i = 0; i < n; ++i) {
            weights[i] = draw.below(5) == 0 && i > 0 ? 0 : draw.uniform() + 1e-3;
            for (T& value : x[i]) {
                double const choice[] = {draw.normal(), infinity, -infinity, double(none), large,
                                         -large,        0,        tiny,      1e30};
                value = T(choice[draw.uniform() < trouble ? draw.below(9) : 0]);
            }
            if (i > 0 && draw.below(4) == 0) x[i] = x[draw.below(std::uint32_t(i))];
            bool const finite =
                std::all_of(x[i].begin(), x[i].end(), [](T value) { return std::isfinite(value); });
            if (!finite && weights[i] > 0) bad.push_back(i);
        }
        rows_of<T> const rows(x);
        for (auto const& rule : all_rules(n)) {
            auto const [v, report] = run(rule, rows.view(), {.weights = weights, .public_seed = {trial, 1}});
            bool const finite = std::all_of(v.begin(), v.end(), [](T value) { return std::isfinite(value); });
            CAPTURE(to_text(rule));
            CAPTURE(trial);
            CHECK(finite);
            CHECK(report.not_finite == bad);
            CHECK(std::isfinite(report.residual + report.rounding + report.scale + report.norm +
                                report.last_step));
            for (double const c : report.coefficients) CHECK(std::isfinite(c));
        }
    }
}
