// btard/aggregate/nnm.hpp: a mixing: every row becomes the mean of its nearest neighbours.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/coefficient.hpp>
#include <btard/aggregate/minority.hpp>
#include <btard/core/describe.hpp>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

namespace btard {

/// Nearest-neighbour mixing: every row becomes the mean of its n - f nearest rows, itself included.
///
/// Allouah, Farhadkhani, Guerraoui, Gupta, Pinot, Stephan. Fixing by Mixing: A Recipe for Optimal Byzantine ML
/// under Heterogeneity. AISTATS 2023. https://arxiv.org/abs/2302.01772
struct nnm {
    std::size_t byzantine = 0; ///< f

    static constexpr auto name = "nnm";
    static constexpr auto summary = "every row becomes the mean of its n - f nearest rows";
    static constexpr void describe(auto& self, auto&& field) {
        field("byzantine", self.byzantine, "f, so many rows are not neighbours");
    }
    friend bool operator==(nnm const&, nnm const&) = default;

    static constexpr products needs() { return products::rows; }
    static constexpr std::size_t size(std::size_t n) { return n; }
    void check(std::size_t n) const { expect_minority(name, byzantine, n); }
    constexpr nnm without(std::size_t k) const { return {byzantine - std::min(k, byzantine)}; }

    void mix(gram_matrix const& g, matrix_view<double> out, std::span<double> weights) const {
        std::size_t const n = g.rows(), near = n - std::min(byzantine, n - 1);
        std::vector<std::size_t> order(n);
        for (std::size_t i = 0; i < n; ++i) {
            std::iota(order.begin(), order.end(), std::size_t{0});
            auto const distance = [&](std::size_t j) { return j == i ? -1 : g.squared_distance(i, j); };
            std::sort(order.begin(), order.end(), [&](std::size_t j, std::size_t l) {
                double const dj = distance(j), dl = distance(l);
                return dj != dl ? dj < dl : j < l;
            });
            for (std::size_t r = 0; r < n; ++r) out(i, order[r]) = r < near ? 1 / double(near) : 0;
        }
        std::copy(g.weights.begin(), g.weights.end(), weights.begin());
    }
};

static_assert(mixing<nnm>);

} // namespace btard
