// btard/aggregate/host/dispatch.hpp: vectors of any width, and the choice of the instruction set at run time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

namespace btard {

/// Which instructions the host kernels use.  The result has the same bits with each.
enum class instruction_set { baseline, avx2, avx512, best };

constexpr std::array<std::string_view, 4> enum_names(instruction_set) { return {"baseline", "avx2", "avx512", "best"}; }

/// Can this machine execute it?
[[nodiscard]] inline bool supported(instruction_set set) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (set == instruction_set::avx512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    if (set == instruction_set::avx2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return set == instruction_set::baseline || set == instruction_set::best;
}

namespace host_kernels {

/// Eight running sums for each result, whatever the width of a vector: column k belongs to sum k % 8.
inline constexpr std::size_t lanes = 8;

/// The vectors of one instruction set: `Bytes` wide.  Doubles come in groups of 8 = `per_group` vectors.
template <class T, std::size_t Bytes>
struct vector_of {
    typedef T type __attribute__((vector_size(Bytes)));
};
template <class T, std::size_t Bytes>
using simd = typename vector_of<T, Bytes>::type;

template <std::size_t Bytes>
struct width {
    static constexpr std::size_t bytes = Bytes;
    static constexpr std::size_t doubles = Bytes / sizeof(double);
    static constexpr std::size_t per_group = lanes / doubles; // vectors that hold 8 doubles
};

/// Loads and stores take memory that need not be aligned; results go to references, since a vector that is wider
/// than the default instruction set has must not be passed by value.
template <class V, class T>
[[gnu::always_inline]] inline void load(T const* from, V& to) {
    std::memcpy(&to, from, sizeof to);
}
template <class V, class T>
[[gnu::always_inline]] inline void store(V const& from, T* to) {
    std::memcpy(to, &from, sizeof from);
}

/// Reads as many elements as `to` has doubles, and widens them.
template <std::size_t Bytes, class T>
[[gnu::always_inline]] inline void widen(T const* from, simd<double, Bytes>& to) {
    if constexpr (sizeof(T) == sizeof(double)) {
        load(from, to);
    } else {
        simd<T, Bytes / (sizeof(double) / sizeof(T))> narrow;
        load(from, narrow);
        to = __builtin_convertvector(narrow, simd<double, Bytes>);
    }
}
template <std::size_t Bytes, class T>
[[gnu::always_inline]] inline void narrow(simd<double, Bytes> const& from, T* to) {
    if constexpr (sizeof(T) == sizeof(double)) {
        store(from, to);
    } else {
        store(__builtin_convertvector(from, simd<T, Bytes / (sizeof(double) / sizeof(T))>), to);
    }
}

/// Zero, as far as the compiler can tell anything.
[[gnu::always_inline]] inline std::int64_t opaque_zero() {
    std::int64_t zero = 0;
    asm("" : "+r"(zero));
    return zero;
}

/// Keeps a product from being fused with the addition after it, which compilers do where the target can: then
/// bits would differ between instruction sets.  `zero` is `opaque_zero()`.
///
/// Here rather than `fma` everywhere: without hardware for it a call per element is 20 times slower.
template <class V>
[[gnu::always_inline]] inline void unfused(V& product, std::int64_t zero) {
    if constexpr (sizeof(product[0]) == sizeof(std::int64_t)) {
        simd<std::int64_t, sizeof(V)> bits;
        std::memcpy(&bits, &product, sizeof bits);
        bits ^= zero;
        std::memcpy(&product, &bits, sizeof bits);
    }
}

/// The sum of 8 lanes, always in the same order.
template <std::size_t Bytes>
[[gnu::always_inline]] inline double sum_lanes(simd<double, Bytes> const* group) {
    double s[lanes];
    std::memcpy(s, group, sizeof s);
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/// f(0), f(1), ... with the numbers known to the compiler, so that arrays indexed by them live in registers.
template <std::size_t Count, class F>
[[gnu::always_inline]] inline void unroll(F const& f) {
    [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
        (f(std::integral_constant<std::size_t, I>{}), ...);
    }(std::make_index_sequence<Count>{});
}

#if defined(__x86_64__)
template <class Kernel>
__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"))) void run_avx512(Kernel const& kernel) {
    kernel(width<64>{});
}
template <class Kernel>
__attribute__((target("avx2,fma"))) void run_avx2(Kernel const& kernel) {
    kernel(width<32>{});
}
#endif

/// Calls `kernel(width<Bytes>{})` compiled for the instruction set.  The kernel and all that it calls must be
/// `always_inline`: a function is compiled for the set of whom it is inlined into.
///
/// Here rather than `target_clones`, which clang 14 refuses for inline functions in several translation units.
template <class Kernel>
void dispatch(instruction_set set, Kernel const& kernel) {
#if defined(__x86_64__)
    if (set == instruction_set::best)
        set = supported(instruction_set::avx512) ? instruction_set::avx512
              : supported(instruction_set::avx2) ? instruction_set::avx2
                                                 : instruction_set::baseline;
    if (set == instruction_set::avx512) return run_avx512(kernel);
    if (set == instruction_set::avx2) return run_avx2(kernel);
#endif
    kernel(width<16>{});
}

} // namespace host_kernels
} // namespace btard
