// btard/aggregate/host/columns.hpp: a coordinate rule over the sorted columns of the rows, or of their mixtures.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/coordinate.hpp>
#include <btard/aggregate/host/dispatch.hpp>
#include <btard/aggregate/host/sort.hpp>
#include <btard/core/matrix_view.hpp>
#include <btard/core/parallel.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace btard::host_kernels {

/// Row j of M x for some columns, in double, rounded to T.
template <std::size_t Bytes, class T>
[[gnu::always_inline]] inline void mix_row(matrix_view<T const> x, std::span<double const> m, std::size_t k0,
                                           std::size_t length, std::size_t whole, std::int64_t zero, T* row) {
    constexpr std::size_t D = width<Bytes>::doubles;
    using V = simd<double, Bytes>;
    std::size_t k = 0;
    for (; k + D <= length; k += D) {
        V acc{};
        for (std::size_t i = 0; i < x.rows(); ++i) {
            if (m[i] == 0) continue;
            V value;
            widen<Bytes>(x.row_data(i) + k0 + k, value);
            value *= m[i];
            unfused(value, zero);
            acc += value;
        }
        narrow<Bytes>(acc, row + k);
    }
    for (; k < length; ++k) { // through the same operations, one lane at a time
        double acc = 0;
        for (std::size_t i = 0; i < x.rows(); ++i) {
            if (m[i] == 0) continue;
            simd<double, 16> value = {double(x(i, k0 + k)), 0};
            value *= m[i];
            unfused(value, zero);
            acc += value[0];
        }
        row[k] = T(acc);
    }
    for (; k < whole; ++k) row[k] = 0;
}

/// The kernel.  @return whether every value was finite.
template <class T, coordinate_rule<T> A>
[[nodiscard]] bool columns(instruction_set set, std::size_t threads, matrix_view<T const> x,
                           matrix_view<double const> mix, A const& rule, std::span<T> v) {
    std::size_t const n = mix.rows() ? mix.rows() : x.rows(), d = x.cols();
    std::size_t const together = sorted_together<T>(n);
    rank_range const ranks = rule.ranks(n);
    auto const network = sorting_network(n, ranks);
    std::vector<double> weights(n);
    if constexpr (linear_coordinate_rule<A, T>) rule.rank_weights(weights);

    constexpr std::size_t columns_of_task = 8192;
    std::size_t const tasks = (d + columns_of_task - 1) / columns_of_task;
    std::vector<std::vector<T>> scratch(threads);
    std::atomic<bool> finite{true};
    parallel::run(tasks, threads, [&](std::size_t number, std::size_t slot) {
        auto& block = scratch[slot];
        block.resize((n + 1) * together);
        std::size_t const begin = number * columns_of_task, end = std::min(d, begin + columns_of_task);
        bool good = true;
        for (std::size_t k0 = begin; k0 < end; k0 += together) {
            std::size_t const length = std::min(together, end - k0), whole = (length + 15) / 16 * 16;
            dispatch(set, [&]<std::size_t Bytes>(width<Bytes>) __attribute__((always_inline)) {
                std::int64_t const zero = opaque_zero();
                for (std::size_t i = 0; i < n; ++i) {
                    T* const row = block.data() + i * together;
                    if (mix.rows()) mix_row<Bytes>(x, mix.row(i), k0, length, whole, zero, row);
                    good &= copy_row<Bytes>(mix.rows() ? row : x.row_data(i) + k0, length, whole, row);
                }
                sort_block<Bytes>(network, block.data(), together, whole);
                if constexpr (linear_coordinate_rule<A, T>) {
                    T* const row = block.data() + n * together;
                    weigh_ranks<Bytes>(block.data(), together, ranks, weights, whole, zero, row);
                    std::copy_n(row, length, v.data() + k0);
                }
            });
            if constexpr (!linear_coordinate_rule<A, T>) { // a user's arithmetic: compiled once, for all sets alike
                std::vector<T> sorted(n);
                for (std::size_t k = 0; k < length; ++k) {
                    for (std::size_t i = 0; i < n; ++i) sorted[i] = block[i * together + k];
                    v[k0 + k] = rule.column(std::span<T const>(sorted));
                }
            }
        }
        if (!good) finite = false;
    });
    return finite;
}

} // namespace btard::host_kernels
