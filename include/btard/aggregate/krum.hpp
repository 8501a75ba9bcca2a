// btard/aggregate/krum.hpp: the one row that has the closest neighbours.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/concept.hpp>
#include <btard/core/describe.hpp>
#include <btard/core/error.hpp>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

namespace btard {

/// The rows by their Krum score, the best first: the sum of the squared distances to so many nearest other rows.
/// Ties go to the lower row.
[[nodiscard]] inline std::vector<std::size_t> by_krum_score(gram_matrix const& g, std::size_t neighbours) {
    std::size_t const n = g.rows();
    std::vector<double> score(n), distances;
    for (std::size_t i = 0; i < n; ++i) {
        distances.clear();
        for (std::size_t j = 0; j < n; ++j)
            if (j != i) distances.push_back(g.squared_distance(i, j));
        std::sort(distances.begin(), distances.end());
        for (std::size_t j = 0; j < std::min(neighbours, n - 1); ++j) score[i] += distances[j];
    }
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) {
        return score[i] != score[j] ? score[i] < score[j] : i < j;
    });
    return order;
}

namespace detail {
/// The fields that Krum and Multi-Krum have in common.
constexpr void describe_krum_byzantine(auto& self, auto&& field) {
    field("byzantine", self.byzantine, "f, the number of Byzantine rows that it shall withstand");
}
constexpr void describe_krum_besides(auto& self, auto&& field) {
    field("besides", self.besides, "n - f - this many neighbours count: 2 in the paper, 1 in some libraries");
}
} // namespace detail

/// The row with the lowest score, bit for bit.
///
///     score_i = sum of |x_i - x_j|^2 over the n - f - 2 nearest j
///
/// Blanchard, El Mhamdi, Guerraoui, Stainer. Machine Learning with Adversaries: Byzantine Tolerant Gradient
/// Descent. NeurIPS 2017.
/// Here: needs 2 f < n only, and at least one neighbour counts.
struct krum {
    std::size_t byzantine = 0; ///< f
    std::size_t besides = 2;   ///< n - f - besides neighbours

    static constexpr auto name = "krum";
    static constexpr auto summary = "the row with the closest neighbours";
    static constexpr void describe(auto& self, auto&& field) {
        detail::describe_krum_byzantine(self, field);
        detail::describe_krum_besides(self, field);
    }
    friend bool operator==(krum const&, krum const&) = default;

    static constexpr start_point start() { return start_point::lower_median; }
    static constexpr products needs() { return products::rows; }
    void check(std::size_t n) const { expects(2 * byzantine < n, "krum: 2 * ", byzantine, " >= ", n, " rows"); }
    constexpr krum without(std::size_t k) const { return {byzantine - std::min(k, byzantine), besides}; }
    constexpr std::size_t neighbours(std::size_t n) const {
        return n > byzantine + besides ? n - byzantine - besides : 1;
    }

    aggregation_report coefficients(gram_matrix const& g, std::span<double> c) const {
        std::fill(c.begin(), c.end(), 0.0);
        c[by_krum_score(g, neighbours(g.rows())).front()] = 1;
        return {};
    }
};

static_assert(aggregator<krum> && !verifiable_aggregator<krum>);

} // namespace btard
