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
#include <type_traits>
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

/// Sorts N rows from one block into another (or the same), in registers: a row is read and written once.  With
/// `Middle`, only row N / 2 - 1 of the result is written, into row 0, and what else would have to be ordered is not.
/// Meanwhile asks for the columns of N `soon` rows, if there are any.
template <std::size_t Bytes, std::size_t N, bool Middle, class C, class T>
[[gnu::always_inline]] inline void sort_in_registers(C const* from, std::size_t from_stride, C* to,
                                                     std::size_t to_stride, std::size_t length,
                                                     T const* const* soon, std::size_t soon_at) {
    using V = simd<C, Bytes>;
    for (std::size_t k = 0; k < length; k += elements<V>) {
        if (soon)
            unroll<N>([&](auto i) __attribute__((always_inline)) { __builtin_prefetch(soon[i] + soon_at + k, 0, 2); });
        V v[N];
        unroll<N>([&](auto i) __attribute__((always_inline)) { load(from + i * from_stride + k, v[i]); });
        unroll<fixed_network<N>::size>([&](auto c) __attribute__((always_inline)) {
            constexpr comparator pair = fixed_network<N>::comparators[c];
            order(v[pair.low], v[pair.high]);
        });
        if constexpr (Middle) store(v[N / 2 - 1], to + k);
        else unroll<N>([&](auto i) __attribute__((always_inline)) { store(v[i], to + i * to_stride + k); });
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
        : n_(n), group_(n <= 8 ? 8 : 16), rows_((n + group_ - 1) / group_ * group_), wanted_(wanted),
          network_(sorting_network(n, wanted, group_)) {
        std::size_t const middle = group_ / 2 - 1, rank = wanted.first;
        selects_ = n <= group_ && rank == wanted.last && rank <= middle && n - rank <= group_ - middle;
        if (selects_) below_ = middle - rank;
    }

    /// The rows of a block, those that pad the last group included.
    [[nodiscard]] std::size_t rows() const { return rows_; }
    /// Pads a block: with more than any value; or, where one rank of one group is wanted, so that it is the middle one.
    void pad(C* block, std::size_t stride) const {
        constexpr C infinity = std::numeric_limits<C>::infinity();
        std::fill(block + n_ * stride, block + (n_ + below_) * stride, -infinity);
        std::fill(block + (n_ + below_) * stride, block + rows_ * stride, infinity);
    }
    /// The row of the sorted block that holds the first of the wanted ranks.
    [[nodiscard]] std::size_t first_row() const { return selects_ ? 0 : wanted_.first; }
    /// Columns to sort together: their rows should stay in the first cache.
    [[nodiscard]] std::size_t together() const {
        return std::clamp<std::size_t>(std::bit_floor(24576 / sizeof(C) / rows_), 64, 256);
    }

    /// Row i of a block begins at i * stride; `length` is a multiple of 16 columns.  There are no NaN, and no -0,
    /// since min and max of mixed zeros depend on their order.  `soon`, if given, are rows() rows whose columns from
    /// `soon_at` on will be wanted next: reading and sorting overlap.
    template <std::size_t Bytes, class T>
    [[gnu::always_inline]] void run(C const* from, std::size_t from_stride, C* to, std::size_t stride,
                                    std::size_t length, T const* const* soon, std::size_t soon_at) const {
        for (std::size_t i = 0; i < rows_; i += group_) {
            C const* const source = from + i * from_stride;
            C* const target = to + i * stride;
            T const* const* const next = soon ? soon + i : nullptr;
            auto const sort = [&](auto n, auto middle) __attribute__((always_inline)) {
                sort_in_registers<Bytes, n, middle>(source, from_stride, target, stride, length, next, soon_at);
            };
            constexpr std::integral_constant<std::size_t, 8> eight{};
            constexpr std::integral_constant<std::size_t, 16> sixteen{};
            if (group_ == 8) selects_ ? sort(eight, std::true_type{}) : sort(eight, std::false_type{});
            else selects_ ? sort(sixteen, std::true_type{}) : sort(sixteen, std::false_type{});
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
    std::size_t n_ = 0, group_ = 8, rows_ = 0, below_ = 0;
    bool selects_ = false;
    rank_range wanted_{};
    std::vector<comparator> network_;
};

/// The sum of some rows of a block, each times its weight, in double, rounded to T.  `out` has room for a multiple of
/// 16 columns.
template <std::size_t Bytes, class C, class T>
[[gnu::always_inline]] inline void weigh_rows(C const* rows, std::size_t stride, std::span<double const> weights,
                                              std::size_t length, std::int64_t zero, T* out) {
    using V = simd<double, Bytes>;
    for (std::size_t k = 0; k < length; k += elements<V>) {
        V acc{};
        for (std::size_t r = 0; r < weights.size(); ++r) {
            V value;
            read_values(rows + r * stride + k, value);
            value *= weights[r];
            unfused(value, zero);
            acc += value;
        }
        write_rounded(acc, out + k);
    }
}

} // namespace btard::host_kernels
