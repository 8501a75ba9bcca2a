// btard/aggregate/coefficient.hpp: rules that know the rows by their inner products alone, and mixings before them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/report.hpp>
#include <btard/aggregate/start_point.hpp>
#include <btard/core/matrix_view.hpp>
#include <btard/core/product.hpp>
#include <btard/core/types.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <vector>

namespace btard {

/// Which inner products a rule reads.  `none` saves a pass over the data, `diagonal` the n^2 d products.
enum class products { none, diagonal, rows, all };

/// All that a coefficient rule or a mixing may know.  Host memory, double.
///
/// With v0 the start point and z_i = x_i - v0:  products(i, j) = <z_i, z_j>,  products(i, n) = <z_i, v0>,
/// products(n, n) = <v0, v0>.  What a rule did not ask for is zero.
struct gram_matrix {
    matrix_view<double const> products; // (n + 1, n + 1), symmetric
    std::span<double const> weights;    // (n), all positive
    seed public_seed = {};              ///< for rules that shuffle

    [[nodiscard]] std::size_t rows() const { return weights.size(); }

    /// |x_i - x_j|^2, never below zero, the same bits for (j, i).
    [[nodiscard]] double squared_distance(std::size_t i, std::size_t j) const {
        return std::max(0.0, products(i, i) + products(j, j) - 2 * products(i, j));
    }
};

/// A rule whose result is  v0 + sum_i a_i (x_i - v0) + a_n v0,  with coefficients that depend on G alone.
///
/// Semantics: `coefficients` writes a_0 ... a_n into c (n + 1); a_n is the change of v0 itself, zero for all that
/// only mix rows.  Optional members: `needs()`, else `products::all`;  `check(n)` throws contract_violation if the
/// rule cannot work on n rows;  `without(k)` is the rule for k Byzantine rows less.
template <class A>
concept coefficient_rule = requires(A const& a, gram_matrix const& g, std::span<double> c) {
    { a.start() } -> std::convertible_to<start_point>;
    { a.coefficients(g, c) } -> std::derived_from<aggregation_report>;
};

/// Replaces the rows x by M x, before any rule.
///
/// Semantics: writes M (m, n) and the weights of the mixed rows (m).  The same optional members.  Where the rows of
/// M do not sum to one, v0 counts: `needs()` is then `products::all`.
template <class M>
concept mixing =
    std::copy_constructible<M> &&
    requires(M const& m, std::size_t n, gram_matrix const& g, matrix_view<double> out, std::span<double> weights) {
        { m.size(n) } -> std::same_as<std::size_t>; // so no field of a mixing is called size
        m.mix(g, out, weights);
    };

template <class A>
[[nodiscard]] constexpr products needs_of(A const& a) {
    if constexpr (requires { a.needs(); }) return a.needs();
    return products::all;
}
template <class A>
constexpr void check_rows(A const& a, std::size_t n) {
    if constexpr (requires { a.check(n); }) a.check(n);
}
template <class A>
[[nodiscard]] constexpr A without_rows(A const& a, std::size_t k) {
    if constexpr (requires { a.without(k); }) return a.without(k);
    return a;
}

/// A small dense matrix that owns its numbers: n by n, never n by d.
struct small_matrix {
    small_matrix(std::size_t rows, std::size_t cols) : view_rows(rows), view_cols(cols), data(rows * cols) {}
    [[nodiscard]] matrix_view<double> view() { return {data.data(), view_rows, view_cols}; }
    [[nodiscard]] matrix_view<double const> view() const { return {data.data(), view_rows, view_cols}; }

    std::size_t view_rows, view_cols;
    std::vector<double> data;
};

/// out_i = sum_j g_ij a_j.
inline void multiply(matrix_view<double const> g, std::span<double const> a, std::span<double> out) {
    for (std::size_t i = 0; i < out.size(); ++i) {
        double sum = 0;
        for (std::size_t j = 0; j < a.size(); ++j)
            if (a[j] != 0) sum += product(g(i, j), a[j]);
        out[i] = sum;
    }
}
[[nodiscard]] inline double dot(std::span<double const> a, std::span<double const> b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += product(a[i], b[i]);
    return sum;
}
/// sqrt(a^T G a): the length of sum_i a_i z_i.
[[nodiscard]] inline double length(matrix_view<double const> g, std::span<double const> a) {
    std::vector<double> ga(a.size());
    multiply(g, a, ga);
    return std::sqrt(std::max(0.0, dot(a, ga)));
}

/// The coefficients of a start point, for rules that iterate from it.
inline void begin_at(start_point start, gram_matrix const& g, std::span<double> c) {
    std::fill(c.begin(), c.end(), 0.0);
    double sum = 0;
    for (double const w : g.weights) sum += w;
    if (start == start_point::origin) c[g.rows()] = -1;
    if (start == start_point::mean)
        for (std::size_t i = 0; i < g.rows(); ++i) c[i] = g.weights[i] / sum;
}

/// What a mixing makes of the rows: M with a last column and row for v0, the new weights, the new G.
///
///     y_j = sum_i M_ji x_i,   y_j - v0 = sum_i M_ji z_i + (sum_i M_ji - 1) v0
struct mixed_rows {
    template <mixing M>
    mixed_rows(M const& mix, gram_matrix const& g)
        : matrix(mix.size(g.rows()) + 1, g.rows() + 1), weights(mix.size(g.rows())),
          products(weights.size() + 1, weights.size() + 1), public_seed(g.public_seed) {
        std::size_t const n = g.rows(), m = weights.size();
        matrix_view<double> const extended = matrix.view();
        mix.mix(g, {extended.row_data(0), m, n, n + 1}, weights);
        for (std::size_t j = 0; j < m; ++j) {
            double sum = 0;
            for (std::size_t i = 0; i < n; ++i) sum += extended(j, i);
            extended(j, n) = std::abs(sum - 1) < 1e-12 ? 0 : sum - 1; // an average is one, whatever its rounding
        }
        extended(m, n) = 1;
        std::vector<double> column(n + 1);
        for (std::size_t j = 0; j <= m; ++j) {
            multiply(g.products, extended.row(j), column);
            for (std::size_t l = 0; l <= j; ++l) {
                double sum = 0;
                for (std::size_t i = 0; i <= n; ++i)
                    if (extended(l, i) != 0) sum += product(extended(l, i), column[i]);
                products.view()(j, l) = products.view()(l, j) = sum;
            }
        }
    }
    [[nodiscard]] gram_matrix gram() const { return {products.view(), weights, public_seed}; }
    [[nodiscard]] matrix_view<double const> mix() const { // (m, n)
        auto const view = matrix.view();
        return {view.row_data(0), weights.size(), matrix.view_cols - 1, matrix.view_cols};
    }

    small_matrix matrix; // (m + 1, n + 1)
    std::vector<double> weights;
    small_matrix products; // (m + 1, m + 1)
    seed public_seed;
};

} // namespace btard
