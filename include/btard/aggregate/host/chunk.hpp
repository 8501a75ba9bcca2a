// btard/aggregate/host/chunk.hpp: some columns of all rows, read once, and the median that the first pass starts from.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/host/dispatch.hpp>
#include <btard/aggregate/host/simd.hpp>
#include <btard/aggregate/host/sort.hpp>
#include <btard/aggregate/host/values.hpp>
#include <btard/aggregate/start_point.hpp>
#include <btard/core/half.hpp>
#include <btard/core/matrix_view.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace btard::host_kernels {

/// How the columns are cut: the same for any number of threads and rows and every instruction set.
struct gram_cut {
    explicit gram_cut(std::size_t n) : padded((n + 4) / 4 * 4) {}

    std::size_t padded; ///< n rows and v0, a multiple of the tallest tile

    static constexpr std::size_t chunk = 512; ///< columns whose differences stay in the cache; then lanes are summed
    static constexpr std::size_t chunks_a_task = 16; ///< what a thread takes; tasks are summed in the order of columns
};

/// The memory of one thread.
template <class T>
struct gram_block {
    using value = compute_t<T>;
    /// Not a power of two, whose multiples fall into the same places of a cache.
    static constexpr std::size_t stride = gram_cut::chunk + 16;

    std::vector<value> rows = {};   ///< (rows, stride) of one chunk: the rows, then their differences
    std::vector<value> sorted = {}; ///< some columns of them, in order
    std::vector<T> middle = {};     ///< v0 of a chunk

    void prepare(gram_cut const& cut, column_sorter<value> const* sorter) {
        if (rows.empty()) rows.resize(std::max(cut.padded, sorter ? sorter->rows() : 0) * stride);
        if (!sorter || !sorted.empty()) return;
        sorted.resize(sorter->rows() * (sorter->together() + 16));
        middle.resize(cut.chunk);
    }
};

/// The ranks that a start is the mean of.
[[nodiscard]] inline rank_range ranks_of(start_point start, std::size_t n) {
    return {start.at == start_point::kind::upper_median ? n / 2 : (n - 1) / 2,
            start.at == start_point::kind::upper_median || start.at == start_point::kind::midpoint ? n / 2
                                                                                                    : (n - 1) / 2};
}

/// Reads one chunk of all rows once, and leaves their median in `v`.  All finite?
template <std::size_t Bytes, class T>
[[gnu::always_inline]] inline bool median_of_chunk(instruction_set set, matrix_view<T const> x, std::size_t k0,
                                                   std::size_t length, std::size_t ahead,
                                                   column_sorter<compute_t<T>> const& sorter,
                                                   std::span<double const> weights, gram_block<T>& block, T* v) {
    constexpr std::size_t stride = gram_block<T>::stride;
    std::size_t const whole = (length + 15) / 16 * 16, together = sorter.together();
    bool good = true;
    for (std::size_t i = 0; i < x.rows(); ++i)
        good &= copy_values<Bytes>(x.row_data(i) + k0, length, whole, ahead, block.rows.data() + i * stride);
    sorter.pad(block.rows.data(), stride);
    for (std::size_t k = 0; k < whole; k += together) {
        std::size_t const part = std::min(together, whole - k);
        sorter.run(set, block.rows.data() + k, stride, block.sorted.data(), together + 16, part, {});
        weigh_rows<Bytes>(block.sorted.data() + sorter.first_row() * (together + 16), together + 16, weights, part,
                          opaque_zero(), block.middle.data() + k);
    }
    std::copy_n(block.middle.data(), length, v);
    return good;
}

} // namespace btard::host_kernels
