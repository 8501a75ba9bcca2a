// btard/aggregate/host/values.hpp: the values of a row in vectors to compute with, and results rounded to values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

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
    if constexpr (std::is_same_v<T, E>) {
        load(from, to);
    } else if constexpr (half_precision<T>) {
        constexpr std::size_t N = elements<V>;
        using U = simd<std::uint32_t, N * 4>;
        std::uint16_t raw[N];
        std::memcpy(raw, from, sizeof raw);
        U bits;
#if defined(__clang__)
        simd<std::uint16_t, N * 2> packed;
        load(raw, packed);
        convert(packed, bits);
#else
        convert(raw, bits);
#endif
        if constexpr (std::is_same_v<T, bfloat16>) {
            bits <<= 16;
        } else { // as float16 does it for one
            U const sign = (bits & 0x8000u) << 16, size = (bits & 0x7fffu) << 13, exponent = bits & 0x7c00u;
            U small = size + 0x38800000u;
            simd<float, N * 4> value;
            same_bits(small, value);
            value -= 0x1p-14f;
            same_bits(value, small);
            bits = size + 0x38000000u;
            bits = exponent == 0x7c00u ? size + 0x70000000u : bits;
            bits = exponent == 0u ? small : bits;
            bits |= sign;
        }
        simd<float, N * 4> value;
        same_bits(bits, value);
        if constexpr (std::is_same_v<E, float>) same_bits(value, to);
        else convert(value, to);
    } else {
        simd<T, elements<V> * sizeof(T)> value;
        load(from, value);
        convert(value, to);
    }
}

/// Floats, rounded to T to nearest, ties to even: the bits of T in the lower halves.
template <class T, std::size_t Size>
[[gnu::always_inline]] inline void half_bits(simd<std::uint32_t, Size>& bits) {
    using U = simd<std::uint32_t, Size>;
    U const size = bits & 0x7fffffffu, sign = bits >> 16 & 0x8000u;
    U half;
    if constexpr (std::is_same_v<T, bfloat16>) {
        half = (size + 0x7fffu + (size >> 16 & 1u)) >> 16;
        half = size > 0x7f800000u ? size >> 16 | 0x40u : half;
    } else {
        simd<float, Size> value;
        same_bits(size, value);
        value += 0.5f;
        U small;
        same_bits(value, small);
        half = (size - 0x38000000u + 0xfffu + (size >> 13 & 1u)) >> 13;
        half = size < 0x38800000u ? small - 0x3f000000u : half;
        half = size >= 0x477ff000u ? U{} + 0x7c00u : half;
        half = size > 0x7f800000u ? (size >> 13 & 0x3ffu) | 0x7e00u : half;
    }
    bits = half | sign;
}

/// Doubles, each rounded once to T, to nearest, ties to even.
template <class T, class V>
[[gnu::always_inline]] inline void write_rounded(V const& from, T* to) {
    constexpr std::size_t N = elements<V>;
    if constexpr (std::is_same_v<T, double>) {
        store(from, to);
    } else if constexpr (half_precision<T>) { // to odd first, as `rounded_to_odd` does it for one
        using U = simd<std::uint32_t, N * 4>;
        using U64 = simd<std::uint64_t, N * 8>;
        simd<float, N * 4> near;
        convert(from, near);
        V back;
        convert(near, back);
        U64 got, wanted;
        same_bits(back, got);
        same_bits(from, wanted);
        got &= ~std::uint64_t{0} >> 1; // magnitudes order like their bits
        wanted &= ~std::uint64_t{0} >> 1;
        U64 const nan = wanted > 0x7ff0000000000000u ? ~U64{} : U64{};
        U64 const above = (got > wanted ? U64{} + 1u : U64{}) & ~nan, other = (got != wanted ? U64{} + 1u : U64{}) & ~nan;
        U bits, less, odd;
        convert(above, less);
        convert(other, odd);
        same_bits(near, bits);
        bits = (bits - less) | odd;
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
