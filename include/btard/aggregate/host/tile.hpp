// btard/aggregate/host/tile.hpp: differences to a point, and inner products of them, while they are in the cache.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/host/simd.hpp>
#include <btard/aggregate/host/values.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace btard::host_kernels {

/// Which products of R rows by C rows a tile forms.  For the last two both sides are the same rows.
enum class tile_kind { all, lower_triangle, squares };

template <tile_kind Kind>
[[nodiscard]] constexpr bool forms(std::size_t r, std::size_t c) {
    return Kind == tile_kind::all || (Kind == tile_kind::squares ? r == c : r >= c);
}

/// Memory that will be wanted soon, asked for while something else is computed: one part of it with each tile, so that
/// reading and multiplying overlap.  (To ask for all of it at once would stop the processor: it remembers few
/// requests.)  Into the second cache: in the first, rows a power of two apart push each other out.
class row_prefetch {
public:
    row_prefetch() = default;
    /// The columns from k0 on of n rows; `element`: bytes of one.
    row_prefetch(char const* const* rows, std::size_t n, std::size_t k0, std::size_t element)
        : rows_(rows), left_(n), offset_(k0 * element), element_(element) {}

    /// The address of the next row, or 0: to ask for what is not there does no harm.
    [[nodiscard]] std::uintptr_t next() {
        return left_ == 0 ? 0 : reinterpret_cast<std::uintptr_t>(rows_[--left_]) + offset_;
    }
    [[nodiscard]] std::size_t element() const { return element_; }

private:
    char const* const* rows_ = nullptr;
    std::size_t left_ = 0, offset_ = 0, element_ = 0;
};

/// R x C inner products over `length` columns (a multiple of 8) of the block of differences, added to `sums`.
///
/// Floats are widened on their way into the registers: the block of them takes half of the cache that doubles
/// would.  Each product has 8 sums.  Where they fill several vectors, these take turns, so that all accumulators
/// of one turn fit into the registers that the instruction set has.  The shape of a tile changes no bit.
template <std::size_t Bytes, std::size_t R, std::size_t C, tile_kind Kind = tile_kind::all, class Left, class Right>
[[gnu::always_inline]] inline void tile(Left const* left, Right const* right, std::size_t stride, std::size_t length,
                                        std::int64_t zero, double* sums, std::size_t ld, row_prefetch& soon) {
    constexpr bool exact = sizeof(Left) < sizeof(double); // the products; then it is the same if they are fused
    constexpr std::size_t D = width<Bytes>::doubles;
    using V = simd<double, Bytes>;
    double partial[R * C][lanes];
    std::uintptr_t const first = soon.next(), second = soon.next();
    std::size_t const element = soon.element();
    for (std::size_t h = 0; h < lanes; h += D) {
        V acc[R * C] = {};
        for (std::size_t k = h; k < length; k += lanes) {
            __builtin_prefetch(reinterpret_cast<void const*>(first + k * element), 0, 2);
            __builtin_prefetch(reinterpret_cast<void const*>(second + k * element), 0, 2);
            V b[C];
            unroll<C>([&](auto c) __attribute__((always_inline)) { read_values(right + c * stride + k, b[c]); });
            unroll<R>([&](auto r) __attribute__((always_inline)) {
                V a;
                if constexpr (Kind == tile_kind::all) read_values(left + r * stride + k, a);
                else a = b[r];
                unroll<C>([&](auto c) __attribute__((always_inline)) {
                    if constexpr (forms<Kind>(r, c)) {
                        V product = a * b[c];
                        if constexpr (!exact) unfused(product, zero);
                        acc[r * C + c] += product;
                    }
                });
            });
        }
        unroll<R * C>([&](auto p) __attribute__((always_inline)) { store(acc[p], partial[p] + h); });
    }
    for (std::size_t r = 0; r < R; ++r)
        for (std::size_t c = 0; c < C; ++c)
            if (forms<Kind>(r, c)) sums[r * ld + c] += sum_lanes(partial[r * C + c]);
}

/// The differences of one row in one chunk: z[k] = x[k] - v[k], and zeros behind them up to a multiple of 8.
/// `bound` is `largest_difference<T>`.  Asks for memory that comes `ahead` elements later, if not 0.  False if a value
/// of x is not finite.
template <std::size_t Bytes, class T, class C>
[[gnu::always_inline]] inline bool differences(T const* x, T const* v, std::size_t length, std::size_t ahead, C bound,
                                               C* z) {
    using V = simd<C, Bytes>;
    constexpr std::size_t N = elements<V>;
    V bad{};
    std::size_t k = 0;
    for (; k + N <= length; k += N) {
        V a, b;
        if (ahead != 0) __builtin_prefetch(x + k + ahead);
        read_values(x + k, a);
        read_values(v + k, b);
        bad += a - a; // zero, or NaN for an infinity or a NaN
        a -= b;
        hold_within(bound, a);
        store(a, z + k);
    }
    C tail = 0;
    for (; k < length; ++k) {
        C const a = static_cast<C>(x[k]), b = static_cast<C>(v[k]);
        tail += a - a;
        z[k] = std::clamp(C(a - b), C(-bound), bound);
    }
    for (; k % lanes != 0; ++k) z[k] = 0;
    for (std::size_t l = 0; l < N; ++l) tail += bad[l];
    return tail == 0;
}

/// The same in place, of `rows` rows that are finite and have zeros behind them, as v has.
template <std::size_t Bytes, class T, class C>
[[gnu::always_inline]] inline void subtract(C* rows, std::size_t stride, std::size_t count, T const* v,
                                            std::size_t whole, C bound) {
    using V = simd<C, Bytes>;
    constexpr std::size_t N = elements<V>;
    for (std::size_t k = 0; k < whole; k += N) {
        V b;
        read_values(v + k, b);
        for (std::size_t i = 0; i < count; ++i) {
            V a;
            load(rows + i * stride + k, a);
            a -= b;
            hold_within(bound, a);
            store(a, rows + i * stride + k);
        }
    }
}

} // namespace btard::host_kernels
