// btard/aggregate/trimmed_mean.hpp: the mean of each coordinate without its lowest and highest values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/concept.hpp>
#include <btard/core/describe.hpp>
#include <btard/core/error.hpp>

#include <algorithm>
#include <cstddef>
#include <span>

namespace btard {

/// The mean of each coordinate, its f lowest and f highest values left out.  Positive weights are ignored.
///
/// Yin, Chen, Ramchandran, Bartlett. Byzantine-Robust Distributed Learning: Towards Optimal Statistical Rates.
/// ICML 2018. https://arxiv.org/abs/1803.01498
struct trimmed_mean {
    std::size_t byzantine = 0; ///< f, left out at either end

    static constexpr auto name = "trimmed_mean";
    static constexpr auto summary = "the mean of each coordinate without its f lowest and f highest values";
    static constexpr void describe(auto& self, auto&& field) {
        field("byzantine", self.byzantine, "f, so many values are left out at either end");
    }
    friend bool operator==(trimmed_mean const&, trimmed_mean const&) = default;

    void check(std::size_t n) const {
        expects(2 * byzantine < n, "trimmed_mean: 2 * ", byzantine, " >= ", n, " rows");
    }
    constexpr trimmed_mean without(std::size_t k) const { return {byzantine - std::min(k, byzantine)}; }

    constexpr rank_range ranks(std::size_t n) const {
        std::size_t const trimmed = std::min(byzantine, (n - 1) / 2);
        return {trimmed, n - 1 - trimmed};
    }
    constexpr void rank_weights(std::span<double> weights) const {
        auto const [first, last] = ranks(weights.size());
        std::fill(weights.begin(), weights.end(), 0.0);
        for (std::size_t r = first; r <= last; ++r) weights[r] = 1 / double(last - first + 1);
    }
    template <class T>
    constexpr T column(std::span<T const> sorted) const {
        auto const [first, last] = ranks(sorted.size());
        double mean = 0; // each value is divided, and not the sum: that of large doubles has no room
        for (std::size_t r = first; r <= last; ++r) mean += double(sorted[r]) / double(last - first + 1);
        return T(mean);
    }
};

static_assert(linear_coordinate_rule<trimmed_mean> && aggregator<trimmed_mean, double>);

} // namespace btard
