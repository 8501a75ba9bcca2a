// btard/aggregate/mean.hpp: the weighted mean: what attackers hope for.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/concept.hpp>

#include <cstddef>
#include <span>

namespace btard {

/// The weighted mean: one row moves it as far as it likes.
///
///     v = sum_i w_i x_i / sum_i w_i
struct mean {
    static constexpr auto name = "mean";
    static constexpr auto summary = "the weighted mean; resists nothing";
    static constexpr void describe(auto&, auto&&) {}
    friend bool operator==(mean const&, mean const&) = default;

    static constexpr start_point start() { return start_point::origin; }
    static constexpr products needs() { return products::none; }
    static constexpr double pull(double) { return 1; }

    aggregation_report coefficients(gram_matrix const& g, std::span<double> c) const {
        double sum = 0;
        for (double const w : g.weights) sum += w;
        for (std::size_t i = 0; i < g.rows(); ++i) c[i] = g.weights[i] / sum;
        aggregation_report report;
        report.rounding = 1;
        return report;
    }
};

static_assert(verifiable_aggregator<mean>);

} // namespace btard
