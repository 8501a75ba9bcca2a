// btard/aggregate/host/sort.hpp: sort the values of each coordinate by a network, many coordinates at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/coordinate.hpp>
#include <btard/aggregate/host/dispatch.hpp>
#include <btard/aggregate/start_point.hpp>
#include <btard/core/matrix_view.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace btard::host_kernels {

/// Columns that are sorted together: n rows of them should fit into the first cache.
template <class T>
constexpr std::size_t sorted_together(std::size_t n) {
    return std::clamp<std::size_t>(std::bit_floor(32768 / sizeof(T) / n), 64, 512);
}

/// Runs a network over a block: row i of the block begins at block + i * stride, all rows have `length` columns
/// (a multiple of a vector).  -0 was made +0 before, since min and max of mixed zeros depend on their order.
template <std::size_t Bytes, class T>
[[gnu::always_inline]] inline void sort_block(std::span<comparator const> network, T* block, std::size_t stride,
                                              std::size_t length) {
    using V = simd<T, Bytes>;
    for (auto const [low, high] : network) {
        T* const p = block + low * stride;
        T* const q = block + high * stride;
        for (std::size_t k = 0; k < length; k += Bytes / sizeof(T)) {
            V a, b;
            load(p + k, a);
            load(q + k, b);
            store(V(a < b ? a : b), p + k);
            store(V(a < b ? b : a), q + k);
        }
    }
}

/// Copies one row into the block, -0 as +0, zeros behind it.  False if a value is not finite.
template <std::size_t Bytes, class T>
[[gnu::always_inline]] inline bool copy_row(T const* x, std::size_t length, std::size_t whole, T* row) {
    using V = simd<T, Bytes>;
    constexpr std::size_t N = Bytes / sizeof(T);
    V bad{};
    std::size_t k = 0;
    for (; k + N <= length; k += N) {
        V a;
        __builtin_prefetch(x + k + length); // the next chunk: rows are read in short turns
        load(x + k, a);
        bad += a - a;
        a += T(0);
        store(a, row + k);
    }
    T tail = 0;
    for (; k < length; ++k) {
        tail += x[k] - x[k];
        row[k] = x[k] + T(0);
    }
    for (; k < whole; ++k) row[k] = 0;
    for (std::size_t l = 0; l < N; ++l) tail += bad[l];
    return tail == 0;
}

/// sum_r weight_r * (row r of the block), in double, rounded to T.
template <std::size_t Bytes, class T>
[[gnu::always_inline]] inline void weigh_ranks(T const* block, std::size_t stride, rank_range ranks,
                                               std::span<double const> weights, std::size_t whole,
                                               std::int64_t zero, T* out) {
    constexpr std::size_t D = width<Bytes>::doubles;
    using V = simd<double, Bytes>;
    for (std::size_t k = 0; k < whole; k += D) {
        V acc{};
        for (std::size_t r = ranks.first; r <= ranks.last; ++r) {
            V value;
            widen<Bytes>(block + r * stride + k, value);
            value *= weights[r];
            unfused(value, zero);
            acc += value;
        }
        narrow<Bytes>(acc, out + k);
    }
}

/// The medians that `gram` starts from, chunk by chunk.
template <class T>
class column_sorter {
public:
    column_sorter() = default;
    column_sorter(std::size_t n, start_point start)
        : n_(n), together_(sorted_together<T>(n)), weights_(n) {
        std::size_t const low = (n - 1) / 2, high = n / 2;
        ranks_ = start.at == start_point::kind::upper_median ? rank_range{high, high}
                 : start.at == start_point::kind::midpoint   ? rank_range{low, high}
                                                             : rank_range{low, low};
        for (std::size_t r = ranks_.first; r <= ranks_.last; ++r)
            weights_[r] = 1.0 / double(ranks_.last - ranks_.first + 1);
        network_ = sorting_network(n, ranks_);
    }

    /// Elements of memory that `run` needs.
    [[nodiscard]] std::size_t scratch() const { return (n_ + 1) * together_; }

    template <std::size_t Bytes>
    [[gnu::always_inline]] void run(matrix_view<T const> x, std::size_t k0, std::size_t length, T* scratch,
                                    T* out) const {
        for (std::size_t k = 0; k < length; k += together_) {
            std::size_t const part = std::min(together_, length - k), whole = (part + 15) / 16 * 16;
            for (std::size_t i = 0; i < n_; ++i)
                copy_row<Bytes>(x.row_data(i) + k0 + k, part, whole, scratch + i * together_);
            sort_block<Bytes>(network_, scratch, together_, whole);
            if (ranks_.first == ranks_.last) {
                std::copy_n(scratch + ranks_.first * together_, part, out + k);
            } else {
                T* const row = scratch + n_ * together_;
                weigh_ranks<Bytes>(scratch, together_, ranks_, weights_, whole, opaque_zero(), row);
                std::copy_n(row, part, out + k);
            }
        }
    }

private:
    std::size_t n_ = 0, together_ = 0;
    rank_range ranks_{};
    std::vector<double> weights_;
    std::vector<comparator> network_;
};

} // namespace btard::host_kernels
