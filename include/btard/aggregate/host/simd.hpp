// btard/aggregate/host/simd.hpp: vectors of any width, and arithmetic with the same bits for each of them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

namespace btard::host_kernels {

/// Eight running sums for each result, whatever the width of a vector: column k belongs to sum k % 8.
inline constexpr std::size_t lanes = 8;

/// The vectors of one instruction set: `Bytes` wide.  Doubles come in groups of 8 = `per_group` vectors.
template <class T, std::size_t Bytes>
struct vector_of {
    typedef T type __attribute__((vector_size(Bytes)));
};
template <class T, std::size_t Bytes>
using simd = typename vector_of<T, Bytes>::type;
template <class V>
using element_of = std::remove_cvref_t<decltype(std::declval<V>()[0])>;
template <class V>
inline constexpr std::size_t elements = sizeof(V) / sizeof(element_of<V>);

template <std::size_t Bytes>
struct width {
    static constexpr std::size_t bytes = Bytes;
    static constexpr std::size_t doubles = Bytes / sizeof(double);
    static constexpr std::size_t per_group = lanes / doubles; // vectors that hold 8 doubles
};

/// f(0), f(1), ... with the numbers known to the compiler, so that arrays indexed by them live in registers.
template <std::size_t Count, class F>
[[gnu::always_inline]] inline void unroll(F const& f) {
    [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
        (f(std::integral_constant<std::size_t, I>{}), ...);
    }(std::make_index_sequence<Count>{});
}

/// Loads and stores take memory that need not be aligned; results go to references, since a vector that is wider
/// than the default instruction set has must not be passed by value.
template <class V, class T>
[[gnu::always_inline]] inline void load(T const* from, V& to) {
    std::memcpy(&to, from, sizeof to);
}
template <class V, class T>
[[gnu::always_inline]] inline void store(V const& from, T* to) {
    std::memcpy(static_cast<void*>(to), &from, sizeof from);
}
template <class To, class From>
[[gnu::always_inline]] inline void same_bits(From const& from, To& to) {
    static_assert(sizeof(To) == sizeof(From));
    std::memcpy(&to, &from, sizeof to);
}

/// Keeps GCC from looking through a vector: at no cost where it takes a vector register by name, which nvcc, in
/// front of it, does not.
template <class V>
[[gnu::always_inline]] inline void hide([[maybe_unused]] V& value) {
#if defined(__clang__)
#elif defined(__x86_64__) && !defined(__CUDACC__)
    asm("" : "+v"(value));
#else
    asm("" : : "r"(&value) : "memory");
#endif
}

/// Each element of `from` (a vector, or an array of as many) as an element of `to`.
///
/// For a wider type GCC makes one instruction of the list of elements, but several of __builtin_convertvector.  Of
/// two such lists, double to float to double, version 12 makes none at all, as if nothing had been rounded: hence `hide`.
template <class To, class From>
[[gnu::always_inline]] inline void convert(From const& from, To& to) {
#if defined(__clang__) || defined(__CUDACC__)
    to = __builtin_convertvector(from, To);
    hide(to);
#else
    if constexpr (sizeof(element_of<To>) < sizeof(from[0])) {
        to = __builtin_convertvector(from, To);
        hide(to);
    } else {
        [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
            to = To{static_cast<element_of<To>>(from[I])...};
        }(std::make_index_sequence<elements<To>>{});
    }
#endif
}

/// Hides from the compiler where a number came from: with a constant it would turn the conditions below around.
template <class C>
[[gnu::always_inline]] inline C opaque(C value) {
#if defined(__x86_64__) && !defined(__CUDACC__)
    asm("" : "+x"(value));
#endif
    return value;
}

/// Each lane held between -bound and bound, of `opaque`; a NaN stays one.
template <class V>
[[gnu::always_inline]] inline void hold_within(element_of<V> bound, V& value) {
    V const high = V{} + bound, low = V{} - bound;
    value = low > value ? low : value;
    value = high < value ? high : value;
}

/// Zero, as far as the compiler can tell anything.
[[gnu::always_inline]] inline std::int64_t opaque_zero() {
    std::int64_t zero = 0;
    asm("" : "+r"(zero));
    return zero;
}

/// Keeps a product of doubles from being fused with the addition after it, which compilers do where the target can:
/// then bits would differ between instruction sets.  `zero` is `opaque_zero()`.
///
/// Here rather than `fma` everywhere: without hardware for it a call per element is 20 times slower.
template <class V>
[[gnu::always_inline]] inline void unfused(V& product, [[maybe_unused]] std::int64_t zero) {
#if defined(__x86_64__) && !defined(__clang__) && !defined(__CUDACC__)
    hide(product);
#else
    simd<std::int64_t, sizeof(V)> bits;
    same_bits(product, bits);
    bits ^= zero;
    same_bits(bits, product);
#endif
}

/// The sum of 8 lanes, always in the same order: ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7)).
[[gnu::always_inline]] inline double sum_lanes(double const* s) {
    simd<double, 16> a, b, c, d;
    load(s, a);
    load(s + 2, b);
    load(s + 4, c);
    load(s + 6, d);
    a = (a + c) + (b + d);
    return a[0] + a[1];
}

} // namespace btard::host_kernels
