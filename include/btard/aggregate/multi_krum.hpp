// btard/aggregate/multi_krum.hpp: the mean of the rows that have the closest neighbours.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/concept.hpp>
#include <btard/aggregate/krum.hpp>
#include <btard/core/describe.hpp>
#include <btard/core/error.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>

namespace btard {

/// The weighted mean of the `selected` rows with the lowest Krum scores.
///
/// Blanchard, El Mhamdi, Guerraoui, Stainer. Machine Learning with Adversaries: Byzantine Tolerant Gradient
/// Descent. NeurIPS 2017, section 4.
struct multi_krum {
    std::size_t byzantine = 0;                ///< f
    std::optional<std::size_t> selected = {}; ///< absent: n - f
    std::size_t besides = 2;                  ///< n - f - besides neighbours

    static constexpr auto name = "multi_krum";
    static constexpr auto summary = "the mean of the rows with the closest neighbours";
    static constexpr void describe(auto& self, auto&& field) {
        detail::describe_krum_byzantine(self, field);
        field("selected", self.selected, "rows that are averaged; absent: n - f");
        detail::describe_krum_besides(self, field);
    }
    friend bool operator==(multi_krum const&, multi_krum const&) = default;

    static constexpr start_point start() { return start_point::lower_median; }
    static constexpr products needs() { return products::rows; }
    void check(std::size_t n) const {
        expects(2 * byzantine < n, "multi_krum: 2 * ", byzantine, " >= ", n, " rows");
        expects(!selected || (*selected > 0 && *selected <= n - byzantine), "multi_krum: selected is ",
                selected.value_or(0), ", it must be 1 to ", n - byzantine);
    }
    constexpr multi_krum without(std::size_t k) const {
        return {byzantine - std::min(k, byzantine), selected, besides};
    }

    aggregation_report coefficients(gram_matrix const& g, std::span<double> c) const {
        std::size_t const n = g.rows();
        auto order = by_krum_score(g, krum{byzantine, besides}.neighbours(n));
        order.resize(std::min(selected.value_or(n - std::min(byzantine, n - 1)), n)); // fewer, where rows were lost
        std::fill(c.begin(), c.end(), 0.0);
        double sum = 0;
        for (std::size_t const i : order) sum += g.weights[i];
        for (std::size_t const i : order) c[i] = g.weights[i] / sum;
        return {};
    }
};

static_assert(aggregator<multi_krum> && !verifiable_aggregator<multi_krum>);

} // namespace btard
