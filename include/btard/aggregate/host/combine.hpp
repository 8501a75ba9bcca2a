// btard/aggregate/host/combine.hpp: the second pass: v <- (1 + a_n) v0 + sum_i a_i (x_i - v0).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/host/dispatch.hpp>
#include <btard/aggregate/host/simd.hpp>
#include <btard/aggregate/host/values.hpp>
#include <btard/core/half.hpp>
#include <btard/core/matrix_view.hpp>
#include <btard/core/parallel.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace btard::host_kernels {

/// The columns that are combined together: their sums and their part of v stay in the first cache, and each row is
/// read in long turns, which the processor foresees.  (64 bytes of each row in turn would be 64 KiB apart, or more:
/// places of the caches that push each other out.)
inline constexpr std::size_t combined_together = 1024;

/// acc += a_r (x_r - v0) for R rows, in their order, over `length` columns (a multiple of 8).  `centred`: v0 is what
/// v holds; else v0 = 0, and `bad` becomes NaN where a double is not finite.  The R rows after them are asked for.
template <std::size_t Bytes, std::size_t R, class T>
[[gnu::always_inline]] inline void add_rows(T const* const* x, double const* a, bool centred, std::int64_t zero,
                                            T const* v, std::size_t length, double* acc, simd<double, Bytes>& bad) {
    constexpr bool is_double = sizeof(T) == sizeof(double);
    using V = simd<double, Bytes>;
    auto const body = [&](auto from) __attribute__((always_inline)) {
        constexpr bool from_origin = decltype(from)::value;
        for (std::size_t k = 0; k < length; k += elements<V>) {
            V sum, v0{};
            load(acc + k, sum);
            if constexpr (!from_origin) read_values(v + k, v0);
            if (k % 16 == 0)
                unroll<R>([&](auto r) __attribute__((always_inline)) { __builtin_prefetch(x[R + r] + k); });
            unroll<R>([&](auto r) __attribute__((always_inline)) {
                V d;
                read_values(x[r] + k, d);
                if constexpr (is_double && from_origin) bad += d - d;
                if constexpr (!from_origin) d -= v0;
                if constexpr (is_double && !from_origin)
                    hold_within(largest_difference<double>, d); // as for the products
                d *= a[r];
                unfused(d, zero);
                sum += d;
            });
            store(sum, acc + k);
        }
    };
    if (centred) body(std::false_type{});
    else body(std::true_type{});
}

/// Some columns, a multiple of 8.  x has four more rows than are used: what is read next.  `squares`: 8 sums of v^2.
template <std::size_t Bytes, class T>
[[gnu::always_inline]] inline void combine_columns(T const* const* x, double const* a, std::size_t used, double keep,
                                                   bool centred, std::int64_t zero, std::size_t length, T* v,
                                                   double* acc, simd<double, Bytes>* squares) {
    constexpr std::size_t D = width<Bytes>::doubles;
    constexpr bool is_double = sizeof(T) == sizeof(double);
    using V = simd<double, Bytes>;
    for (std::size_t k = 0; k < length; k += D) {
        V start{};
        if (centred) {
            read_values(v + k, start);
            start *= keep;
            unfused(start, zero);
        }
        store(start, acc + k);
    }
    std::size_t i = 0;
    for (; i + 4 <= used; i += 4) add_rows<Bytes, 4>(x + i, a + i, centred, zero, v, length, acc, squares[0]);
    for (; i < used; ++i) add_rows<Bytes, 1>(x + i, a + i, centred, zero, v, length, acc, squares[0]);
    for (std::size_t k = 0; k < length; k += lanes)
        unroll<width<Bytes>::per_group>([&](auto h) __attribute__((always_inline)) {
            V sum, rounded;
            load(acc + k + h * D, sum);
            if constexpr (is_double) hold_within(std::numeric_limits<double>::max(), sum);
            write_rounded(sum, v + k + h * D);
            read_values(v + k + h * D, rounded);
            if constexpr (is_double) hold_within(largest_difference<double>, rounded);
            V square = rounded * rounded;
            unfused(square, zero);
            squares[h] += square;
        });
}

/// @return |v|^2: not finite if v is not, or if a row is not finite and v0 = 0.
template <class T>
[[nodiscard]] double combine(instruction_set set, std::size_t threads, matrix_view<T const> x,
                             std::span<double const> a, bool centred, std::span<T> v) {
    std::vector<T const*> rows;
    std::vector<double> factors;
    for (std::size_t i = 0; i < x.rows(); ++i) {
        if (a[i] == 0) continue; // skipped, not multiplied: 0 * NaN is NaN
        rows.push_back(x.row_data(i));
        factors.push_back(a[i]);
    }
    double const keep = 1 + a[x.rows()];
    bool const copies = rows.size() == 1 && factors[0] == 1 && (keep == 1 || !centred); // bit for bit

    constexpr std::size_t columns_of_task = 16384;
    std::size_t const d = x.cols(), tasks = (d + columns_of_task - 1) / columns_of_task;
    std::vector<double> partial(tasks);
    parallel::run(tasks, threads, [&](std::size_t number, std::size_t) {
        std::size_t const begin = number * columns_of_task, end = std::min(d, begin + columns_of_task);
        std::vector<double> acc(combined_together);
        std::size_t const used = rows.size();
        std::vector<T const*> shifted(used + 4);
        dispatch(set, [&]<std::size_t Bytes>(width<Bytes>) __attribute__((always_inline)) {
            std::int64_t const zero = opaque_zero();
            simd<double, Bytes> squares[width<Bytes>::per_group] = {};
            for (std::size_t k0 = begin; k0 < end; k0 += combined_together) {
                std::size_t const length = std::min(combined_together, end - k0), full = length / lanes * lanes;
                T* const out = v.data() + k0;
                for (std::size_t i = 0; i < used; ++i) shifted[i] = rows[i] + k0;
                for (std::size_t i = 0; i < 4; ++i) // what comes next
                    shifted[used + i] = used == 0 ? out : rows[i % used] + (k0 + length < d ? k0 + length : k0);
                combine_columns<Bytes>(shifted.data(), factors.data(), used, keep, centred, zero, full, out,
                                       acc.data(), squares);
                if (full == length) continue;
                std::vector<T> padded((used + 1) * lanes); // the last columns, with zeros behind them
                T* const rest = padded.data() + used * lanes;
                for (std::size_t i = 0; i < used; ++i) {
                    std::copy_n(shifted[i] + full, length - full, padded.data() + i * lanes);
                    shifted[i] = padded.data() + i * lanes;
                }
                std::copy_n(out + full, length - full, rest);
                combine_columns<Bytes>(shifted.data(), factors.data(), used, keep, centred, zero, lanes, rest,
                                       acc.data(), squares);
                std::copy_n(rest, length - full, out + full);
            }
            double sums[lanes];
            for (std::size_t h = 0; h < width<Bytes>::per_group; ++h) store(squares[h], sums + h * width<Bytes>::doubles);
            partial[number] = sum_lanes(sums);
        });
        if (copies) std::copy_n(rows[0] + begin, end - begin, v.data() + begin);
    });
    double sum = 0;
    for (double const p : partial) sum += p;
    return sum;
}

} // namespace btard::host_kernels
