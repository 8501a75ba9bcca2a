// btard/aggregate/backend.hpp: where aggregation runs: four kernels over the rows, and no rule by name.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/coefficient.hpp>
#include <btard/aggregate/coordinate.hpp>
#include <btard/core/matrix_view.hpp>
#include <btard/core/random.hpp>

#include <concepts>
#include <cstddef>
#include <span>

namespace btard {

/// An example of a coordinate rule, for the concept below.
struct least_value {
    constexpr rank_range ranks(std::size_t) const { return {0, 0}; }
    template <class T>
    constexpr T column(std::span<T const> sorted) const {
        return sorted[0];
    }
};

/// A backend.  Each kernel reads every row once; nothing of size n by d is ever allocated.
///
/// Semantics (x: rows (n, d); v (d); every double product of a difference that was rounded to T is exact, so it
/// does not matter whether a compiler fuses it; blocks are summed in a fixed order, so bits do not depend on threads):
///
/// | kernel | does | returns |
/// | `gram(x, start, need, v, g)` | v <- v0;  g (n + 1, n + 1) <- products of x_i - v0 and of v0 | all rows finite? |
/// | `add_row(x, arrived, i, v, g)` | the entries of g for row i, each j with arrived[j], and v0, which is v | row i finite? |
/// | `combine(x, a, start, v)` | v <- (1 + a_n) v0 + sum_i a_i (x_i - v0); v0: what v holds, or the origin | |v|^2 |
/// | `columns(x, mix, rule, v)` | v_k <- rule(sorted column k of mix x); empty mix: x itself | all rows finite? |
/// | `project(x, v, z, out)` | out (n, 2) <- <z, x_i - v>, |x_i - v| | |
///
/// A kernel that met a value which is not finite says so, and does not trap; v, unless it was given, and g are then
/// unspecified.  Differences of doubles beyond 1e140 count as 1e140, in `gram` and `combine` alike.
template <class B, class T = float>
concept backend = requires(B const& on, matrix_view<T const> rows, std::span<T> v, start_point start, products need,
                           matrix_view<double> g, std::span<double const> a, std::span<bool const> arrived,
                           std::size_t i, matrix_view<double const> mix, directions z,
                           matrix_view<double> dot_and_distance) {
    { on.gram(rows, start, need, v, g) } -> std::same_as<bool>;
    { on.add_row(rows, arrived, i, std::span<T const>(v), g) } -> std::same_as<bool>;
    { on.combine(rows, a, start, v) } -> std::same_as<double>;
    { on.columns(rows, mix, least_value{}, v) } -> std::same_as<bool>;
    on.project(rows, std::span<T const>(v), z, dot_and_distance);
};

} // namespace btard
