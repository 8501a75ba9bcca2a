// btard/aggregate/host/values.hpp: the values of a row in vectors to compute with, and results rounded to values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/host/halves.hpp>
#include <btard/aggregate/host/simd.hpp>
#include <btard/core/half.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

namespace btard::host_kernels {

/// Reads as many values as `to` has elements, exactly, as floats or doubles.
template <class T, class V>
[[gnu::always_inline]] inline void read_values(T const* from, V& to) {
    using E = element_of<V>;
    constexpr std::size_t N = elements<V>;
    if constexpr (std::is_same_v<T, E>) {
        load(from, to);
    } else if constexpr (!half_precision<T>) {
        simd<T, N * sizeof(T)> value;
        load(from, value);
        convert(value, to);
    } else if constexpr (std::is_same_v<E, float>) {
        read_halves<sizeof(V) == 64, N>(from, to);
    } else {
        simd<float, N * 4> value;
        read_halves<sizeof(V) == 64, N>(from, value);
        convert(value, to);
    }
}

/// Doubles, each rounded once to T, to nearest, ties to even.
template <class T, class V>
[[gnu::always_inline]] inline void write_rounded(V const& from, T* to) {
    constexpr std::size_t N = elements<V>;
    if constexpr (std::is_same_v<T, double>) {
        store(from, to);
    } else if constexpr (half_precision<T>) { // to odd first, as `rounded_to_odd` does it for one
        using U = simd<std::uint32_t, N * 4>;
        using I64 = simd<std::int64_t, N * 8>;
        simd<float, N * 4> near;
        convert(from, near);
        V got, wanted;
        convert(near, got);
        I64 got_bits, wanted_bits;
        same_bits(got, got_bits);
        same_bits(from, wanted_bits);
        got_bits &= std::numeric_limits<std::int64_t>::max(); // without the signs
        wanted_bits &= std::numeric_limits<std::int64_t>::max();
        same_bits(got_bits, got);
        same_bits(wanted_bits, wanted);
        I64 const above = got > wanted, below = got < wanted; // all bits or none; none for a NaN
        simd<std::int32_t, N * 4> less, odd;
        convert(above, less);
        convert(I64(above | below), odd);
        U bits, one;
        same_bits(near, bits);
        same_bits(less, one);
        bits += one;
        same_bits(odd, one);
        bits |= one & 1u;
        half_bits<T, N * 4>(bits);
        simd<std::uint16_t, std::max<std::size_t>(N * 2, 2)> packed;
        convert(bits, packed);
        store(packed, to);
    } else {
        simd<T, N * sizeof(T)> value;
        convert(from, value);
        store(value, to);
    }
}

/// Differences are held within this bound, so that no inner product overflows, whatever the rows.
template <class T>
inline constexpr compute_t<T> largest_difference =
    sizeof(T) < sizeof(double) ? std::numeric_limits<compute_t<T>>::max() : compute_t<T>(1e140);

/// Copies one row, as floats or doubles, with -0 as +0 and zeros behind it up to `whole`; asks for memory that
/// comes `ahead` elements later, if not 0.  False if a value is not finite.
template <std::size_t Bytes, class T>
[[gnu::always_inline]] inline bool copy_values(T const* x, std::size_t length, std::size_t whole, std::size_t ahead,
                                               compute_t<T>* row) {
    using C = compute_t<T>;
    using V = simd<C, Bytes>;
    constexpr std::size_t N = elements<V>;
    V bad{};
    std::size_t k = 0;
    for (; k + 2 * N <= length; k += 2 * N) {
        V a, b;
        if (ahead != 0) {
            __builtin_prefetch(x + k + ahead);
            __builtin_prefetch(x + k + N + ahead);
        }
        read_values(x + k, a);
        read_values(x + k + N, b);
        bad += (a - a) + (b - b);
        a += C(0);
        b += C(0);
        store(a, row + k);
        store(b, row + k + N);
    }
    C tail = 0;
    for (; k < length; ++k) {
        C const a = static_cast<C>(x[k]);
        tail += a - a;
        row[k] = a + C(0);
    }
    for (; k < whole; ++k) row[k] = 0;
    for (std::size_t l = 0; l < N; ++l) tail += bad[l];
    return tail == 0;
}

} // namespace btard::host_kernels
