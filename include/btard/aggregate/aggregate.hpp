// btard/aggregate/aggregate.hpp: the front door: checks the caller, screens the rows, runs the rule.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/backend.hpp>
#include <btard/aggregate/concept.hpp>
#include <btard/aggregate/engine.hpp>
#include <btard/aggregate/host.hpp>
#include <btard/core/describe.hpp>
#include <btard/core/error.hpp>
#include <btard/core/matrix_view.hpp>
#include <btard/core/rows.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace btard {

namespace detail {

/// Checks what the front door was given, and leaves out the rows of weight zero.
template <class T>
chosen_rows<T> choose_rows(matrix_view<T const> rows, std::span<double const> weights, std::size_t length) {
    std::size_t const n = rows.rows();
    expects(n > 0, "there are no rows to aggregate");
    expects(length == rows.cols(), "out has ", length, " elements, the rows have ", rows.cols());
    expects(weights.size() == n, "there are ", weights.size(), " weights for ", n, " rows");
    chosen_rows<T> x{.table = {}, .weights = {}, .names = {}, .cols = rows.cols(), .given = n};
    for (std::size_t i = 0; i < n; ++i) {
        expects(std::isfinite(weights[i]) && weights[i] >= 0, "the weight of row ", i, " is ", weights[i],
                ", it must be finite and not negative");
        if (weights[i] == 0) continue;
        x.table.push_back(rows.row_data(i));
        x.weights.push_back(weights[i]);
        x.names.push_back(i);
    }
    expects(!x.names.empty(), "all ", n, " weights are zero");
    return x;
}

/// From the rows that counted to those that the caller knows.
inline void complete(aggregation_report& report, std::span<std::size_t const> names, std::size_t given,
                     std::vector<std::size_t> not_finite) {
    report.rows_used = names.size();
    report.not_finite = std::move(not_finite);
    std::vector<double> coefficients(report.coefficients.empty() ? 0 : given);
    for (std::size_t i = 0; i < report.coefficients.size(); ++i) coefficients[names[i]] = report.coefficients[i];
    report.coefficients = std::move(coefficients);
}

} // namespace detail

/// out <- rule(rows, weights).
///
/// Rows with a value that is not finite get weight zero and are named in the report; they, and rows of weight
/// zero, count among the Byzantine ones that the rule assumes.  With no row left, out is zeros: data never throws.
/// A clean call reads the data once per pass of the rule: the kernels themselves notice what is not finite.
///
/// @param on           a backend, such as host{.threads = 2}
/// @param rows         (n, d) not aliased by out
/// @param weights      (n) not negative
/// @param out          (d) also the start of rules that begin at start_point::given
/// @param public_seed  for rules that shuffle
/// @throws contract_violation if shapes differ, a weight is negative or not finite, all are zero, the rule cannot work
///         on n rows, or begins at a vector that is not finite
template <class B, class T, aggregator<T> A>
    requires backend<B, T>
auto aggregate(B const& on, A const& rule, matrix_view<T const> rows, std::span<double const> weights,
               std::span<T> out, seed public_seed = {}) {
    std::size_t const n = rows.rows();
    auto x = detail::choose_rows(rows, weights, out.size());
    validate(rule);
    check_rows(rule, n);

    using detail::run_kind; // also found for kinds that are defined later
    using report_type = typename decltype(run_kind(on, rule, x, out, public_seed))::value_type;
    std::optional<report_type> report;
    std::vector<std::size_t> not_finite;
    auto const run = [&] {
        std::size_t const less = n - x.names.size();
        return less ? run_kind(on, without_rows(rule, less), x, out, public_seed)
                    : run_kind(on, rule, x, out, public_seed);
    };
    report = run();
    if (!report) {
        detail::screen(x, not_finite);
        if (!x.names.empty()) report = run();
    }
    if (!report) {
        std::fill(out.begin(), out.end(), T(0));
        report.emplace();
    }
    detail::complete(*report, x.names, n, std::move(not_finite));
    return *std::move(report);
}

/// The same for rows in another form: `std::vector<std::vector<float>>`, spans, an mdspan (`rows.hpp`).
template <class B, class A, row_source R>
    requires backend<B, row_element<R>> && aggregator<A, row_element<R>> &&
             (!std::same_as<R, matrix_view<row_element<R> const>>)
auto aggregate(B const& on, A const& rule, R const& rows, std::span<double const> weights,
               std::span<row_element<R>> out, seed public_seed = {}) {
    auto const source = as_rows(rows);
    matrix_view<row_element<R> const> const view = source;
    return aggregate(on, rule, view, weights, out, public_seed);
}

/// What the short form returns: the vector, and the report as its second half.
template <class T, class Report>
struct aggregated {
    std::vector<T> vector;
    Report report;
};

/// All processors, unit weights, a new vector: `auto [v, report] = aggregate(centered_clip{.tau = 1}, rows);`
template <row_source R, aggregator<row_element<R>> A>
[[nodiscard]] auto aggregate(A const& rule, R const& rows) {
    auto const source = as_rows(rows);
    matrix_view<row_element<R> const> const view = source;
    std::vector<row_element<R>> out(view.cols());
    std::vector<double> const weights(view.rows(), 1.0);
    auto report = aggregate(host{}, rule, view, std::span<double const>(weights), std::span(out));
    return aggregated<row_element<R>, decltype(report)>{std::move(out), std::move(report)};
}

} // namespace btard
