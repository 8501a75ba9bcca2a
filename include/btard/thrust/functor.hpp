// btard/thrust/functor.hpp: what the functors of all five kernels share: arithmetic with one result on any machine.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/half.hpp>
#include <btard/core/matrix_view.hpp>

#include <thrust/copy.h>
#include <thrust/device_vector.h>
#include <thrust/execution_policy.h>
#include <thrust/for_each.h>
#include <thrust/functional.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/reduce.h>

#include <concepts>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#if defined(__CUDACC__)
#define BTARD_HOST_DEVICE __host__ __device__
#define BTARD_UNROLL _Pragma("unroll")
#else
#define BTARD_HOST_DEVICE
#define BTARD_UNROLL _Pragma("GCC unroll 8")
#endif

/// The functors: loops of constant length over plain arrays and pointers, which a compiler turns into vectors for
/// whatever it compiles for, and nothing that only a host has.
///
/// They add up in the order of `host_kernels`: eight sums, column k in sum k % 8, blocks as wide as there.  So a
/// result has the bits of `host`.
namespace btard::thrust_kernels {

inline constexpr std::size_t lanes = 8;

/// What the rows may be made of.  Two-byte types are widened to float where they are read.
template <class T>
concept element = std::same_as<T, float> || std::same_as<T, double> || half_precision<T>;

/// Differences are held within this bound, so that no inner product overflows, whatever the rows.
template <class T>
inline constexpr T largest_difference = sizeof(T) < sizeof(double) ? std::numeric_limits<T>::max() : T(1e140);

/// a * b, rounded by itself: a compiler that fused it with the addition after it would change bits.
[[nodiscard]] BTARD_HOST_DEVICE inline double rounded_product(double a, double b) {
#if defined(__CUDA_ARCH__)
    return __dmul_rn(a, b);
#else
    double p = a * b;
#if defined(__x86_64__) && defined(__FMA__)
    asm("" : "+x"(p));
#elif defined(__aarch64__)
    asm("" : "+w"(p));
#endif
    return p;
#endif
}

/// a * b where it is exact, as for two floats: fused or not, the bits are the same.
template <bool Exact>
[[nodiscard]] BTARD_HOST_DEVICE double product_of(double a, double b) {
    if constexpr (Exact) return a * b;
    else return rounded_product(a, b);
}

/// The value, held between -bound and bound; a NaN stays one.
template <class T>
[[nodiscard]] BTARD_HOST_DEVICE T held_within(T bound, T value) {
    value = -bound > value ? -bound : value; // this way round: one instruction
    return bound < value ? bound : value;
}

/// x - v rounded to T.
template <class T>
[[nodiscard]] BTARD_HOST_DEVICE T difference(T x, T v) {
    return held_within(largest_difference<T>, x - v);
}

/// For a processor that reads many rows in short turns: its own prediction begins anew in each of them.
BTARD_HOST_DEVICE inline void prefetch([[maybe_unused]] void const* memory) {
#if !defined(__CUDA_ARCH__)
    __builtin_prefetch(memory);
#endif
}

/// The sum of 8 lanes, always in the same order.
[[nodiscard]] BTARD_HOST_DEVICE inline double sum_lanes(double const* s) {
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

[[nodiscard]] BTARD_HOST_DEVICE constexpr std::size_t smaller(std::size_t a, std::size_t b) { return a < b ? a : b; }
[[nodiscard]] BTARD_HOST_DEVICE constexpr std::size_t blocks(std::size_t all, std::size_t width) {
    return (all + width - 1) / width;
}

/// f(0), f(1), ... f(count - 1), in any order.
template <class F>
void for_each_block(std::size_t count, F const& f) {
    ::thrust::for_each_n(::thrust::device, ::thrust::counting_iterator<std::size_t>(0), count, f);
}

/// Memory of the device system, and its address for a functor.
template <class T>
using device_array = ::thrust::device_vector<T>;
template <class T>
[[nodiscard]] T* address(device_array<T>& memory) {
    return ::thrust::raw_pointer_cast(memory.data());
}
template <class T>
[[nodiscard]] T const* address(device_array<T> const& memory) {
    return ::thrust::raw_pointer_cast(memory.data());
}

/// Copies, also of nothing, where the library would form a reference to what is not there.
template <class T>
[[nodiscard]] device_array<T> to_device(std::span<T const> values) {
    device_array<T> copy(values.size());
    if (!values.empty()) ::thrust::copy(values.begin(), values.end(), copy.begin());
    return copy;
}
template <class T>
[[nodiscard]] std::vector<T> to_host(device_array<T> const& values) {
    std::vector<T> copy(values.size());
    if (!values.empty()) ::thrust::copy(values.begin(), values.end(), copy.begin());
    return copy;
}

/// The rows as a functor sees them: a table of addresses in the memory of the device system.
template <class T>
[[nodiscard]] device_array<T const*> row_table(matrix_view<T const> x) {
    std::vector<T const*> table(x.rows());
    for (std::size_t i = 0; i < x.rows(); ++i) table[i] = x.row_data(i);
    return to_device(std::span<T const* const>(table));
}

/// What blocks note when they meet a value that is not finite: each has an element of its own, zero before.
///
/// Here rather than `transform_reduce`, whose kernels for GPUs take minutes to compile with a functor of this size.
using block_notes = device_array<unsigned char>;
[[nodiscard]] inline bool all_zero(block_notes const& notes) {
    return ::thrust::reduce(notes.begin(), notes.end(), 0, ::thrust::maximum<int>()) == 0;
}

} // namespace btard::thrust_kernels
