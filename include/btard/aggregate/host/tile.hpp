// btard/aggregate/host/tile.hpp: differences to a point, and inner products of them, while they are in the cache.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/host/dispatch.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace btard::host_kernels {

/// Differences are held within this bound, so that no inner product overflows, whatever the rows.
template <class T>
inline constexpr T largest_difference = sizeof(T) < sizeof(double) ? std::numeric_limits<T>::max() : T(1e140);

/// R x C inner products over `length` columns (a multiple of 8) of the block of differences.
template <std::size_t Bytes, std::size_t R, std::size_t C>
[[gnu::always_inline]] inline void tile(double const* z, std::size_t stride, std::size_t length, std::size_t i0,
                                        std::size_t j0, std::int64_t zero, bool exact, double* sums, std::size_t ld) {
    constexpr std::size_t K = width<Bytes>::per_group, D = width<Bytes>::doubles;
    using V = simd<double, Bytes>;
    V acc[R * C * K] = {};
    double const* const left = z + i0 * stride;
    double const* const right = z + j0 * stride;
    auto const body = [&](auto fused) __attribute__((always_inline)) {
        for (std::size_t k = 0; k < length; k += lanes)
            unroll<K>([&](auto h) __attribute__((always_inline)) {
                V b[C];
                unroll<C>([&](auto c) __attribute__((always_inline)) { load(right + c * stride + k + h * D, b[c]); });
                unroll<R>([&](auto r) __attribute__((always_inline)) {
                    V a;
                    load(left + r * stride + k + h * D, a);
                    unroll<C>([&](auto c) __attribute__((always_inline)) {
                        V product = a * b[c];
                        if constexpr (!decltype(fused)::value) unfused(product, zero);
                        acc[(r * C + c) * K + h] += product;
                    });
                });
            });
    };
    if (exact) body(std::true_type{}); // products of rounded floats are exact: fused or not, the same bits
    else body(std::false_type{});
    unroll<R * C>([&](auto p) __attribute__((always_inline)) {
        constexpr std::size_t at = decltype(p)::value;
        sums[(i0 + at / C) * ld + j0 + at % C] += sum_lanes<Bytes>(acc + at * K);
    });
}

/// The block of differences of one chunk: z[i][k] = x_i - v0 rounded to T, and v0 itself in row n.
template <std::size_t Bytes, class T>
[[gnu::always_inline]] inline bool differences(T const* x, T const* v, std::size_t length, double* z) {
    using V = simd<T, Bytes>;
    constexpr std::size_t N = Bytes / sizeof(T);
    constexpr T bound = largest_difference<T>;
    V bad{};
    T buffer[N];
    std::size_t k = 0;
    for (; k + N <= length; k += N) {
        V a, b;
        __builtin_prefetch(x + k + length); // the next chunk: rows are read in short turns
        load(x + k, a);
        load(v + k, b);
        bad += a - a; // zero, or NaN for an infinity or a NaN
        V d = a - b;
        d = d < -bound ? V{} - bound : d;
        d = d > bound ? V{} + bound : d;
        store(d, buffer);
        for (std::size_t l = 0; l < N; l += width<Bytes>::doubles) {
            simd<double, Bytes> wide;
            widen<Bytes>(buffer + l, wide);
            store(wide, z + k + l);
        }
    }
    T tail = 0;
    for (; k < length; ++k) {
        tail += x[k] - x[k];
        z[k] = double(std::clamp(T(x[k] - v[k]), T(-bound), bound));
    }
    for (std::size_t l = 0; l < N; ++l) tail += bad[l];
    return tail == 0;
}

} // namespace btard::host_kernels
