// btard/aggregate/coordinate_median.hpp: the median of each coordinate.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/concept.hpp>
#include <btard/core/describe.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace btard {

/// Which of the two middle values is taken when n is even.
enum class middle { lower, upper, midpoint };
constexpr std::array<std::string_view, 3> enum_names(middle) { return {"lower", "upper", "midpoint"}; }

/// The median of each coordinate.  Positive weights are ignored.
///
/// Yin, Chen, Ramchandran, Bartlett. Byzantine-Robust Distributed Learning: Towards Optimal Statistical Rates.
/// ICML 2018. https://arxiv.org/abs/1803.01498
struct coordinate_median {
    btard::middle middle = btard::middle::midpoint; ///< sorted[(n - 1) / 2], sorted[n / 2], or their mean

    static constexpr auto name = "coordinate_median";
    static constexpr auto summary = "the median of each coordinate";
    static constexpr void describe(auto& self, auto&& field) {
        field("middle", self.middle, "which of the two middle values, when n is even");
    }
    friend bool operator==(coordinate_median const&, coordinate_median const&) = default;

    constexpr rank_range ranks(std::size_t n) const {
        return {middle == btard::middle::upper ? n / 2 : (n - 1) / 2,
                middle == btard::middle::lower ? (n - 1) / 2 : n / 2};
    }
    constexpr void rank_weights(std::span<double> weights) const {
        auto const [first, last] = ranks(weights.size());
        std::fill(weights.begin(), weights.end(), 0.0);
        weights[first] += 0.5;
        weights[last] += 0.5;
    }
    template <class T>
    constexpr T column(std::span<T const> sorted) const {
        auto const [first, last] = ranks(sorted.size());
        return first == last ? sorted[first] : T(double(sorted[first]) / 2 + double(sorted[last]) / 2);
    }
};

static_assert(linear_coordinate_rule<coordinate_median> && aggregator<coordinate_median, double>);

} // namespace btard
