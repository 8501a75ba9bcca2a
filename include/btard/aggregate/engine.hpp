// btard/aggregate/engine.hpp: what a backend does for each kind of rule: two passes, one, or none of ours.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/backend.hpp>
#include <btard/aggregate/concept.hpp>
#include <btard/aggregate/mixed.hpp>
#include <btard/core/error.hpp>
#include <btard/core/half.hpp>
#include <btard/core/matrix_view.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace btard {
namespace detail {

/// The rows that count, each of positive weight; `names` are their numbers for the caller.
template <class T>
struct chosen_rows {
    std::vector<T const*> table;
    std::vector<double> weights;
    std::vector<std::size_t> names;
    std::size_t cols;
    std::size_t given; ///< the number of rows that the caller has

    [[nodiscard]] matrix_view<T const> view() const { return {std::span<T const* const>(table), cols}; }
};

/// Pass 1: v0 and G.  Nothing if a row was not finite.
template <class B, class T>
std::optional<small_matrix> first_pass(B const& on, chosen_rows<T> const& x, start_point start, products need,
                                       std::span<T> out) {
    std::size_t const n = x.names.size();
    if (start.at == start_point::kind::row) { // the caller's number; a row that is gone is no start
        expects(start.index < x.given, "the start is row ", start.index, ", there are ", x.given, " rows");
        auto const place = std::find(x.names.begin(), x.names.end(), start.index);
        start = place == x.names.end() ? start_point::lower_median
                                       : start_point::row(std::size_t(place - x.names.begin()));
    }
    small_matrix g(n + 1, n + 1);
    if (!on.gram(x.view(), start.reference(), need, out, g.view())) return {};
    return g;
}

/// The engine of coefficient rules: G, the rule on n by n numbers, the combination.
template <class B, coefficient_rule A, class T>
auto run_kind(B const& on, A const& rule, chosen_rows<T> const& x, std::span<T> out, seed public_seed)
    -> std::optional<decltype(rule.coefficients(gram_matrix{}, {}))> {
    std::size_t const n = x.names.size();
    bool const centred = needs_of(rule) != products::none; // else v0 is the origin, and no pass is made for it
    std::optional<small_matrix> g{std::in_place, n + 1, n + 1};
    if (centred) g = first_pass(on, x, rule.start(), needs_of(rule), out);
    if (!g) return {};
    std::vector<double> a(n + 1);
    auto report = rule.coefficients(gram_matrix{std::as_const(*g).view(), x.weights, public_seed}, a);
    report.norm = std::sqrt(on.combine(x.view(), a, centred ? start_point::given : start_point::origin, out));
    if (!centred && !std::isfinite(report.norm)) return {};
    expects(start_point(rule.start()) != start_point::given || std::isfinite(report.norm),
            "out, where the rule starts, holds a value that is not finite");
    report.rounding *= report.norm * double(std::numeric_limits<T>::epsilon()) / 2;
    a.pop_back();
    report.coefficients = std::move(a);
    return report;
}

/// The engine of coordinate rules, on M x where there are mixings.
template <class B, class M, class A, class T>
std::optional<aggregation_report> run_columns(B const& on, M const* mixing, A const& rule, chosen_rows<T> const& x,
                                              std::span<T> out, seed public_seed) {
    std::optional<mixed_rows> mixed;
    if constexpr (!std::is_same_v<M, void const>) {
        std::size_t const n = x.names.size();
        std::optional<small_matrix> g{std::in_place, n + 1, n + 1};
        if (needs_of(*mixing) != products::none)
            g = first_pass(on, x, start_point::lower_median, needs_of(*mixing), out);
        if (!g) return {};
        mixed.emplace(*mixing, gram_matrix{std::as_const(*g).view(), x.weights, public_seed});
    }
    if (!on.columns(x.view(), mixed ? mixed->mix() : matrix_view<double const>{}, rule, out)) return {};
    return aggregation_report{};
}
template <class B, class A, class T>
    requires coordinate_rule<A, T> && (!coefficient_rule<A>)
auto run_kind(B const& on, A const& rule, chosen_rows<T> const& x, std::span<T> out, seed public_seed) {
    return run_columns<B, void const>(on, nullptr, rule, x, out, public_seed);
}
template <class B, class M, class A, class T>
    requires coordinate_rule<A, T> && (!coefficient_rule<A>)
auto run_kind(B const& on, mixed<M, A> const& rule, chosen_rows<T> const& x, std::span<T> out, seed public_seed) {
    return run_columns(on, &rule.mixing, rule.rule, x, out, public_seed);
}
template <class B, class M, class Inner, class A, class T>
    requires(!coefficient_rule<A>)
auto run_kind(B const& on, mixed<M, mixed<Inner, A>> const& rule, chosen_rows<T> const& x, std::span<T> out,
              seed public_seed) {
    return run_kind(on, mixed{composed{rule.mixing, rule.rule.mixing}, rule.rule.rule}, x, out, public_seed);
}

/// A row rule gets a matrix of the rows that count; whether they are finite was not seen yet.
template <class B, class A, class T>
    requires row_rule<A, T> && (!coefficient_rule<A>) && (!coordinate_rule<A, T>)
auto run_kind(B const&, A const& rule, chosen_rows<T> const& x, std::span<T> out, seed)
    -> std::optional<decltype(rule(x.view(), std::span<double const>{}, out))> {
    for (T const* row : x.table)
        if (!std::all_of(row, row + x.cols, [](T value) { return std::isfinite(compute_t<T>(value)); })) return {};
    auto report = rule(x.view(), std::span<double const>(x.weights), out);
    if (report.coefficients.size() != x.names.size()) report.coefficients.clear();
    return report;
}

/// Takes out the rows that hold an infinity or a NaN.
template <class T>
void screen(chosen_rows<T>& x, std::vector<std::size_t>& not_finite) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < x.names.size(); ++i) {
        if (!std::all_of(x.table[i], x.table[i] + x.cols, [](T value) { return std::isfinite(compute_t<T>(value)); })) {
            not_finite.push_back(x.names[i]);
            continue;
        }
        x.table[kept] = x.table[i];
        x.weights[kept] = x.weights[i];
        x.names[kept++] = x.names[i];
    }
    x.table.resize(kept);
    x.weights.resize(kept);
    x.names.resize(kept);
}

} // namespace detail

} // namespace btard
