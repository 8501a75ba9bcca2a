// btard/thrust/columns.hpp: a coordinate rule over the sorted columns of the rows, or of their mixtures.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/coordinate.hpp>
#include <btard/core/matrix_view.hpp>
#include <btard/thrust/functor.hpp>
#include <btard/thrust/sort.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <span>
#include <vector>

namespace btard::thrust_kernels {

/// Sorts any range of columns; made once for a call of a kernel.
template <class T, class A = weighted_ranks>
class column_sorter {
public:
    column_sorter(column_sorter const&) = delete; // its functor points into it
    column_sorter(matrix_view<T const> x, matrix_view<double const> mix, rank_range ranks,
                  std::span<double const> weights, A const& rule, T* v)
        : rows_(row_table(x)), weights_(to_device(weights)) {
        std::size_t const n = mix.rows() ? mix.rows() : x.rows();
        std::vector<double> entries;
        for (std::size_t i = 0; i < mix.rows(); ++i) entries.insert(entries.end(), mix.row(i).begin(), mix.row(i).end());
        mix_ = to_device(std::span<double const>(entries));
        auto const network = sorting_network(n, ranks);
        network_ = to_device(std::span<comparator const>(network));
        std::size_t const width = std::clamp<std::size_t>(std::bit_floor(functor::own_elements / n), functor::group, 512);
        if (n * width > functor::own_elements) {
            at_once_ = std::max<std::size_t>(2, (std::size_t{1} << 20) / (n * width));
            scratch_.resize(at_once_ * (n * width + n));
        }
        notes_.resize(at_once_ ? at_once_ : blocks(x.cols(), width));
        sort_ = {.x = address(rows_), .mix = mix.rows() ? address(mix_) : nullptr, .n_rows = x.rows(), .n = n,
                 .first = 0, .last = 0, .width = width, .network = address(network_), .comparators = network.size(),
                 .ranks = ranks, .weights = address(weights_), .rule = rule, .scratch = address(scratch_),
                 .not_finite = address(notes_), .v = v};
    }

    void run(std::size_t first, std::size_t last) {
        while (first < last) {
            sort_.first = first;
            sort_.last = at_once_ ? smaller(last, first + at_once_ * sort_.width) : last;
            for_each_block(blocks(sort_.last - first, sort_.width), sort_);
            first = sort_.last;
        }
    }
    /// Were all values finite, so far?
    [[nodiscard]] bool finite() const { return all_zero(notes_); }

private:
    using functor = sort_columns<T, A>;

    device_array<T const*> rows_;
    device_array<double> mix_, weights_;
    device_array<comparator> network_;
    device_array<compute_t<T>> scratch_;
    block_notes notes_;
    std::size_t at_once_ = 0; ///< blocks, where they need scratch memory; 0: any number
    functor sort_{};
};

/// The kernel.  @return whether every value was finite.
template <class T, coordinate_rule<T> A>
[[nodiscard]] bool columns(matrix_view<T const> x, matrix_view<double const> mix, A const& rule, std::span<T> v) {
    std::size_t const n = mix.rows() ? mix.rows() : x.rows();
    auto const run = [&](auto sorter) {
        sorter.run(0, x.cols());
        return sorter.finite();
    };
    if constexpr (linear_coordinate_rule<A, T>) {
        std::vector<double> weights(n);
        rule.rank_weights(weights);
        return run(column_sorter<T>(x, mix, rule.ranks(n), weights, {}, v.data()));
    } else {
        return run(column_sorter<T, A>(x, mix, rule.ranks(n), {}, rule, v.data()));
    }
}

} // namespace btard::thrust_kernels
