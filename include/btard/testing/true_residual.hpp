// btard/testing/true_residual.hpp: how far from exact the result of a verifiable rule is, in long double.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/concept.hpp>
#include <btard/testing/plain_rows.hpp>

#include <cstddef>
#include <vector>

namespace btard::testing {

/// F(v) = sum_i w_i pull(|x_i - v|) (x_i - v) / W: zero at the exact result of a verifiable rule.
struct true_residual {
    template <verifiable_aggregator A>
    true_residual(A const& rule, plain_rows const& rows, std::vector<long double> const& v) {
        std::vector<long double> f(v.size());
        for (std::size_t i = 0; i < rows.n(); ++i) {
            long double const d = testing::distance(rows.x[i], v), q = rows.w[i] * rule.pull(double(d));
            for (std::size_t k = 0; k < v.size(); ++k) f[k] += q * (rows.x[i][k] - v[k]) / rows.weight();
            pull += q / rows.weight();
            scale += q * d / rows.weight();
        }
        norm = testing::distance(std::vector<double>(f.size()), f);
    }

    long double norm = 0;  ///< |F|
    long double scale = 0; ///< sum_i w_i pull_i |x_i - v| / W: a residual is small compared with it
    long double pull = 0;  ///< sum_i w_i pull_i / W: an error e of v changes F by at most pull * |e|
};

} // namespace btard::testing
