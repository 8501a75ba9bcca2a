// btard/aggregate/host/sort.hpp: sort the values of each coordinate by a network, many coordinates at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/coordinate.hpp>
#include <btard/aggregate/host/dispatch.hpp>
#include <btard/aggregate/host/simd.hpp>
#include <btard/aggregate/host/values.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <utility>
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

/// Columns of other rows that will be wanted next, to be asked for in the meantime: so reading and sorting overlap,
/// if there is something to sort.  The rows are as many as the sorter has.
struct soon_columns {
    char const* const* rows = nullptr; ///< or none
    std::size_t at = 0;                ///< bytes in front of them
    std::size_t element = 0;           ///< bytes of one
};

/// Sorts 16 rows from one block into another (or the same), in registers: a row is read and written once.  With
/// `Middle`, only row 7 of the result is written, into row 0, and what else would have to be ordered is not.
template <std::size_t Bytes, bool Middle, class C>
[[gnu::always_inline]] inline void sort_in_registers(C const* from, std::size_t from_stride, C* to,
                                                     std::size_t to_stride, std::size_t length, soon_columns soon) {
    using V = simd<C, Bytes>;
    constexpr auto& pairs = fixed_network<16>::comparators;
    for (std::size_t k = 0; k < length; k += elements<V>)
        [&]<std::size_t... I, std::size_t... P>(std::index_sequence<I...>, std::index_sequence<P...>)
            __attribute__((always_inline)) { // as one expression: as calls, it would take long to compile
            if (soon.rows) (__builtin_prefetch(soon.rows[I] + soon.at + k * soon.element, 0, 2), ...);
            V v[16], a, b;
            (std::memcpy(v + I, from + I * from_stride + k, sizeof a), ...);
            ((a = v[pairs[P].low], b = v[pairs[P].high], v[pairs[P].low] = a < b ? a : b,
              v[pairs[P].high] = a > b ? a : b), // this way round, each is one instruction
             ...);
            if constexpr (Middle) store(v[7], to + k);
            else (std::memcpy(to + I * to_stride + k, v + I, sizeof a), ...);
        }(std::make_index_sequence<16>{}, std::make_index_sequence<pairs.size()>{});
}

/// Sorts blocks of columns.  More than 8 rows: groups of 16 in registers, then groups with each other through the
/// cache.  C: float or double.
template <class C>
class column_sorter {
public:
    column_sorter() = default;
    /// Only the wanted ranks will be right.
    column_sorter(std::size_t n, rank_range wanted)
        : n_(n), group_(n <= 8 ? 1 : 16), rows_((n + group_ - 1) / group_ * group_), wanted_(wanted),
          network_(sorting_network(n, wanted, group_)) {
        std::size_t const rank = wanted.first;
        selects_ = rows_ == 16 && rank == wanted.last && rank <= 7 && n - rank <= 9;
        if (selects_) below_ = 7 - rank;
    }

    /// The rows of a block, those that pad the last group included.
    [[nodiscard]] std::size_t rows() const { return rows_; }
    /// Pads a block: with more than any value; or, where one rank of one group is wanted, so that it is the middle one.
    void pad(C* block, std::size_t stride) const {
        constexpr C infinity = std::numeric_limits<C>::infinity();
        std::fill(block + n_ * stride, block + (n_ + below_) * stride, -infinity);
        std::fill(block + (n_ + below_) * stride, block + rows_ * stride, infinity);
    }
    /// Does `run` ask for columns?
    [[nodiscard]] bool asks() const { return group_ > 1; }
    /// The row of the sorted block that holds the first of the wanted ranks.
    [[nodiscard]] std::size_t first_row() const { return selects_ ? 0 : wanted_.first; }
    /// Columns to sort together: their rows should stay in the first cache.
    [[nodiscard]] std::size_t together() const {
        return std::clamp<std::size_t>(std::bit_floor(24576 / sizeof(C) / rows_), 64, 256);
    }

    /// Row i of a block begins at i * stride; `length` is a multiple of 16 columns.  There are no NaN, and no -0,
    /// since min and max of mixed zeros depend on their order.  A function of its own, with a choice of the instruction
    /// set of its own: compiled once, whoever calls it.
    void run(instruction_set set, C const* from, std::size_t from_stride, C* to, std::size_t stride,
             std::size_t length, soon_columns soon) const;

private:
    std::size_t n_ = 0, group_ = 1, rows_ = 0, below_ = 0;
    bool selects_ = false;
    rank_range wanted_{};
    std::vector<comparator> network_;
};

template <class C>
void column_sorter<C>::run(instruction_set set, C const* from, std::size_t from_stride, C* to, std::size_t stride,
                           std::size_t length, soon_columns soon) const {
    dispatch(set, [&]<std::size_t Bytes>(width<Bytes>) __attribute__((always_inline)) {
        for (std::size_t i = 0; i < rows_; i += group_) {
            C const* const source = from + i * from_stride;
            C* const target = to + i * stride;
            if (group_ == 1) std::copy_n(source, length, target);
            else if (selects_) sort_in_registers<Bytes, true>(source, from_stride, target, stride, length, soon);
            else sort_in_registers<Bytes, false>(source, from_stride, target, stride, length, soon);
            if (soon.rows) soon.rows += group_;
        }
        using V = simd<C, Bytes>;
        for (auto const [low, high] : network_) {
            C* const p = to + low * stride;
            C* const q = to + high * stride;
            for (std::size_t k = 0; k < length; k += elements<V>) {
                V a, b;
                load(p + k, a);
                load(q + k, b);
                store(V(a < b ? a : b), p + k);
                store(V(a > b ? a : b), q + k);
            }
        }
    });
}

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
