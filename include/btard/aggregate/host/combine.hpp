// btard/aggregate/host/combine.hpp: the second pass: v <- (1 + a_n) v0 + sum_i a_i (x_i - v0).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/host/dispatch.hpp>
#include <btard/aggregate/host/tile.hpp>
#include <btard/core/matrix_view.hpp>
#include <btard/core/parallel.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

namespace btard::host_kernels {

/// Each lane held between -bound and bound; a NaN stays one.
template <class V>
[[gnu::always_inline]] inline void hold_within(double bound, V& value) {
    value = value < -bound ? V{} - bound : value;
    value = value > bound ? V{} + bound : value;
}

/// One group of 8 columns.  `centred`: v0 is what v holds; else v0 = 0 and v is only written.
template <std::size_t Bytes, class T>
[[gnu::always_inline]] inline void combine_group(T const* const* x, double const* a, std::size_t used, double keep,
                                                 bool centred, std::int64_t zero, std::size_t k, T* v,
                                                 simd<double, Bytes>* squares) {
    constexpr std::size_t K = width<Bytes>::per_group, D = width<Bytes>::doubles;
    constexpr bool is_double = sizeof(T) == sizeof(double);
    using V = simd<double, Bytes>;
    V acc[K], v0[K];
    unroll<K>([&](auto h) __attribute__((always_inline)) {
        if (centred) {
            widen<Bytes>(v + k + h * D, v0[h]);
            acc[h] = v0[h] * keep;
            unfused(acc[h], zero);
        } else {
            acc[h] = v0[h] = V{};
        }
    });
    for (std::size_t i = 0; i < used; ++i)
        unroll<K>([&](auto h) __attribute__((always_inline)) {
            V d;
            widen<Bytes>(x[i] + k + h * D, d);
            if constexpr (is_double) {
                if (!centred) squares[h] += d - d; // NaN where x is not finite
            }
            d -= v0[h];
            if constexpr (is_double) {
                if (centred) hold_within(largest_difference<double>, d); // as for the products
            }
            d *= a[i];
            unfused(d, zero);
            acc[h] += d;
        });
    unroll<K>([&](auto h) __attribute__((always_inline)) {
        if constexpr (is_double) hold_within(std::numeric_limits<double>::max(), acc[h]);
        narrow<Bytes>(acc[h], v + k + h * D);
        V rounded;
        widen<Bytes>(v + k + h * D, rounded);
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

    constexpr std::size_t columns_of_task = 16384, chunk = 1024; // a chunk of v stays in the first cache
    std::size_t const d = x.cols(), tasks = (d + columns_of_task - 1) / columns_of_task;
    std::vector<double> partial(tasks);
    parallel::run(tasks, threads, [&](std::size_t number, std::size_t) {
        std::size_t const begin = number * columns_of_task, end = std::min(d, begin + columns_of_task);
        dispatch(set, [&]<std::size_t Bytes>(width<Bytes>) __attribute__((always_inline)) {
            std::int64_t const zero = opaque_zero();
            simd<double, Bytes> squares[width<Bytes>::per_group] = {};
            T rest[lanes] = {};
            std::vector<T const*> shifted(rows.size());
            for (std::size_t k0 = begin; k0 < end; k0 += chunk) {
                std::size_t const length = std::min(chunk, end - k0);
                for (std::size_t i = 0; i < rows.size(); ++i) shifted[i] = rows[i] + k0;
                T* const out = v.data() + k0;
                std::size_t k = 0;
                for (; k + lanes <= length; k += lanes)
                    combine_group<Bytes>(shifted.data(), factors.data(), rows.size(), keep, centred, zero, k, out,
                                         squares);
                if (k < length) { // the last columns, in a group of their own that is padded with zeros
                    std::vector<T> padded(rows.size() * lanes);
                    for (std::size_t i = 0; i < rows.size(); ++i) {
                        std::copy_n(shifted[i] + k, length - k, padded.data() + i * lanes);
                        shifted[i] = padded.data() + i * lanes;
                    }
                    std::copy_n(out + k, length - k, rest);
                    combine_group<Bytes>(shifted.data(), factors.data(), rows.size(), keep, centred, zero, 0, rest,
                                         squares);
                    std::copy_n(rest, length - k, out + k);
                }
            }
            partial[number] = sum_lanes<Bytes>(squares);
        });
        if (copies) std::copy_n(rows[0] + begin, end - begin, v.data() + begin);
    });
    double sum = 0;
    for (double const p : partial) sum += p;
    return sum;
}

} // namespace btard::host_kernels
