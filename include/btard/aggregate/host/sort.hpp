// btard/aggregate/host/sort.hpp: sort the values of each coordinate by a network, many coordinates at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/coordinate.hpp>
#include <btard/aggregate/host/simd.hpp>
#include <btard/aggregate/host/values.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace btard::host_kernels {

/// The comparators that sort N values, N a power of two, known to the compiler: of Batcher's network, as
/// `sorting_network` writes it.
template <std::size_t N>
struct fixed_network {
    static constexpr std::size_t size = [] {
        std::size_t const log = std::bit_width(N) - 1;
        return (log * log - log + 4) * N / 4 - 1;
    }();
    static constexpr std::array<comparator, size> comparators = [] {
        std::array<comparator, size> all{};
        std::size_t at = 0;
        for (std::size_t p = 1; p < N; p *= 2)
            for (std::size_t k = p; k >= 1; k /= 2)
                for (std::size_t j = k % p; j + k < N; j += 2 * k)
                    for (std::size_t i = 0; i < k; ++i)
                        if ((i + j) / (2 * p) == (i + j + k) / (2 * p))
                            all[at++] = {std::uint32_t(i + j), std::uint32_t(i + j + k)};
        return all;
    }();
};

/// Sorts N rows from one block into another (or the same), in registers: a row is read and written once.
template <std::size_t Bytes, std::size_t N, class C>
[[gnu::always_inline]] inline void sort_in_registers(C const* from, std::size_t from_stride, C* to,
                                                     std::size_t to_stride, std::size_t length) {
    using V = simd<C, Bytes>;
    for (std::size_t k = 0; k < length; k += elements<V>) {
        V v[N];
        unroll<N>([&](auto i) __attribute__((always_inline)) { load(from + i * from_stride + k, v[i]); });
        unroll<fixed_network<N>::size>([&](auto c) __attribute__((always_inline)) {
            constexpr comparator pair = fixed_network<N>::comparators[c];
            order(v[pair.low], v[pair.high]);
        });
        unroll<N>([&](auto i) __attribute__((always_inline)) { store(v[i], to + i * to_stride + k); });
    }
}

/// Sorts blocks of columns: groups of rows in registers first, then groups with each other through the cache.
/// C: float or double.
template <class C>
class column_sorter {
public:
    column_sorter() = default;
    /// Only the wanted ranks will be right.
    column_sorter(std::size_t n, rank_range wanted)
        : group_(n <= 8 ? 8 : 16), rows_((n + group_ - 1) / group_ * group_),
          network_(sorting_network(n, wanted, group_)) {}

    /// The rows of a block, those that pad the last group included: `pad` makes them greater than any value.
    [[nodiscard]] std::size_t rows() const { return rows_; }
    void pad(C* block, std::size_t stride, std::size_t n) const {
        std::fill(block + n * stride, block + rows_ * stride, std::numeric_limits<C>::infinity());
    }
    /// Columns to sort together: their rows should stay in the first cache.
    [[nodiscard]] std::size_t together() const {
        return std::clamp<std::size_t>(std::bit_floor(24576 / sizeof(C) / rows_), 64, 256);
    }

    /// Row i of a block begins at i * stride; `length` is a multiple of 16 columns.  There are no NaN, and no -0,
    /// since min and max of mixed zeros depend on their order.
    template <std::size_t Bytes>
    [[gnu::always_inline]] void run(C const* from, std::size_t from_stride, C* to, std::size_t stride,
                                    std::size_t length) const {
        for (std::size_t i = 0; i < rows_; i += group_) {
            C const* const source = from + i * from_stride;
            if (group_ == 8) sort_in_registers<Bytes, 8>(source, from_stride, to + i * stride, stride, length);
            else sort_in_registers<Bytes, 16>(source, from_stride, to + i * stride, stride, length);
        }
        using V = simd<C, Bytes>;
        for (auto const [low, high] : network_) {
            C* const p = to + low * stride;
            C* const q = to + high * stride;
            for (std::size_t k = 0; k < length; k += elements<V>) {
                V a, b;
                load(p + k, a);
                load(q + k, b);
                order(a, b);
                store(a, p + k);
                store(b, q + k);
            }
        }
    }

private:
    std::size_t group_ = 8, rows_ = 0;
    std::vector<comparator> network_;
};

/// sum_r weight_r * (row r of the block), in double, rounded to T.  `out` has room for a multiple of 16 columns.
template <std::size_t Bytes, class C, class T>
[[gnu::always_inline]] inline void weigh_ranks(C const* block, std::size_t stride, rank_range ranks,
                                               std::span<double const> weights, std::size_t length, std::int64_t zero,
                                               T* out) {
    using V = simd<double, Bytes>;
    for (std::size_t k = 0; k < length; k += elements<V>) {
        V acc{};
        for (std::size_t r = ranks.first; r <= ranks.last; ++r) {
            V value;
            read_values(block + r * stride + k, value);
            value *= weights[r];
            unfused(value, zero);
            acc += value;
        }
        write_rounded(acc, out + k);
    }
}

} // namespace btard::host_kernels
