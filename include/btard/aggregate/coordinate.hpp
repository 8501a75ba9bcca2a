// btard/aggregate/coordinate.hpp: rules that look at the sorted values of one coordinate, and how to sort them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/half.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace btard {

/// Ranks first ... last, both included, of n sorted values.
struct rank_range {
    std::size_t first = 0;
    std::size_t last = 0;
    friend bool operator==(rank_range const&, rank_range const&) = default;
};

/// A rule that treats each coordinate alone and looks only at its sorted values.  Positive weights are ignored.
///
/// Semantics: `column` reads the ranks of `ranks(n)` and no others: the network is pruned to them.  Rows of a two-byte
/// type are sorted as floats, and the result is rounded.
template <class A, class T = float>
concept coordinate_rule = requires(A const& a, std::size_t n, std::span<compute_t<T> const> sorted) {
    { a.ranks(n) } -> std::convertible_to<rank_range>;
    { a.column(sorted) } -> std::convertible_to<compute_t<T>>;
};

/// A coordinate rule that is linear in the sorted values, such as a median or a trimmed mean: an L-estimator.
/// A backend then computes whole vectors of columns at a time.
///
/// Semantics: `rank_weights` writes one weight for each of n ranks;  column(s) = sum_r weight_r s_r.
template <class A, class T = float>
concept linear_coordinate_rule = coordinate_rule<A, T> && requires(A const& a, std::span<double> weights) {
    a.rank_weights(weights); // (n)
};

/// One step of a sorting network: afterwards row `low` holds the smaller value and row `high` the larger one.
struct comparator {
    std::uint32_t low, high;
    friend bool operator==(comparator const&, comparator const&) = default;
};

/// The comparators that put n values into the wanted ranks: Batcher's odd-even merge sort for the next power of
/// two, without what touches rows that are not there and without what no wanted rank depends on.
/// @param sorted  a power of two: each `sorted` values in a row are in order already
///
/// Batcher. Sorting Networks and Their Applications. AFIPS 1968.
[[nodiscard]] inline std::vector<comparator> sorting_network(std::size_t n, rank_range wanted,
                                                             std::size_t sorted = 1) {
    std::vector<comparator> all;
    std::size_t const power = std::bit_ceil(n);
    for (std::size_t p = sorted; p < power; p *= 2)
        for (std::size_t k = p; k >= 1; k /= 2)
            for (std::size_t j = k % p; j + k < power; j += 2 * k)
                for (std::size_t i = 0; i < k && i + j + k < n; ++i)
                    if ((i + j) / (2 * p) == (i + j + k) / (2 * p))
                        all.push_back({std::uint32_t(i + j), std::uint32_t(i + j + k)});

    std::vector<bool> live(n, false);
    for (std::size_t r = wanted.first; r <= wanted.last && r < n; ++r) live[r] = true;
    std::vector<comparator> kept; // backwards: a comparator matters if one of its ends does
    for (std::size_t c = all.size(); c-- > 0;) {
        auto const [low, high] = all[c];
        if (!live[low] && !live[high]) continue;
        live[low] = live[high] = true;
        kept.push_back(all[c]);
    }
    return {kept.rbegin(), kept.rend()};
}

} // namespace btard
