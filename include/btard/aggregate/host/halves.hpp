// btard/aggregate/host/halves.hpp: vectors of bfloat16 and float16 to float and back, as `half.hpp` does it for one.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/host/simd.hpp>
#include <btard/core/half.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace btard::host_kernels {

/// N values of a two-byte type, as floats, exactly.  `wide`: with the instructions of AVX-512.
template <bool wide, std::size_t N, half_precision T>
[[gnu::always_inline]] inline void read_halves(T const* from, simd<float, N * 4>& to) {
    using U = simd<std::uint32_t, N * 4>;
#if defined(__x86_64__) && !defined(__clang__) && !defined(__CUDACC__)
    if constexpr (wide && std::is_same_v<T, float16>) { // the instruction for it, without the headers for it
        simd<std::uint16_t, N * 2> packed;
        load(from, packed);
        asm("vcvtph2ps %1, %0" : "=v"(to) : "v"(packed));
        return;
    }
#endif
    U bits;
#if defined(__clang__) || defined(__CUDACC__)
    simd<std::uint16_t, N * 2> packed;
    load(from, packed);
    convert(packed, bits);
#else
    std::uint16_t raw[N];
    std::memcpy(raw, from, sizeof raw);
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
    same_bits(bits, to);
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

} // namespace btard::host_kernels
