// btard/aggregate/clipping.hpp: a mixing: long rows are shortened.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/coefficient.hpp>
#include <btard/core/describe.hpp>
#include <btard/core/error.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace btard {

/// Every row is shortened to a norm of at most `radius`.
///
///     x_i <- x_i * min(1, radius / |x_i|)
struct clipping {
    double radius = 2; ///< in the units of the rows

    static constexpr auto name = "clipping";
    static constexpr auto summary = "rows longer than a radius are shortened to it";
    static constexpr void describe(auto& self, auto&& field) {
        field("radius", self.radius, "the longest norm, in the units of the rows");
    }
    friend bool operator==(clipping const&, clipping const&) = default;

    void validate() const { expects(radius > 0, "radius is ", radius, ", it must be positive"); }
    static constexpr products needs() { return products::all; }
    static constexpr std::size_t size(std::size_t n) { return n; }

    void mix(gram_matrix const& g, matrix_view<double> out, std::span<double> weights) const {
        std::size_t const n = g.rows();
        for (std::size_t i = 0; i < n; ++i) {
            double const square = g.products(i, i) + 2 * g.products(i, n) + g.products(n, n); // of x_i = z_i + v0
            double const norm = std::sqrt(std::max(0.0, square));
            std::fill_n(out.row_data(i), n, 0.0);
            out(i, i) = norm > radius ? radius / norm : 1;
        }
        std::copy(g.weights.begin(), g.weights.end(), weights.begin());
    }
};

static_assert(mixing<clipping>);

} // namespace btard
