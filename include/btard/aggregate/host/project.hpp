// btard/aggregate/host/project.hpp: the testimony of the protocol: <z, x_i - v> and |x_i - v| for every row.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/host/directions.hpp>
#include <btard/aggregate/host/dispatch.hpp>
#include <btard/aggregate/host/tile.hpp>
#include <btard/core/half.hpp>
#include <btard/core/matrix_view.hpp>
#include <btard/core/parallel.hpp>
#include <btard/core/random.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace btard::host_kernels {

/// `out` (n, 2).  z is an integer below 2^17 and a float difference has 24 bits, so each product is exact.
///
/// @param square not null: gets |z|^2 over these columns
template <class T>
void project(instruction_set set, std::size_t threads, matrix_view<T const> x, std::span<T const> v, directions z,
             matrix_view<double> out, std::uint64_t* square = nullptr) {
    constexpr std::size_t chunk = 1024, columns_of_task = 32768;
    std::size_t const n = x.rows(), d = x.cols(), tasks = (d + columns_of_task - 1) / columns_of_task;
    std::vector<double> partial(tasks * n * 2), squares(tasks);
    parallel::run(tasks, threads, [&](std::size_t number, std::size_t) {
        std::vector<compute_t<T>> block(2 * (chunk + 16)); // z, then the differences of one row
        auto* const difference = block.data() + chunk + 16;
        double* const sums = partial.data() + number * n * 2;
        std::size_t const begin = number * columns_of_task, end = std::min(d, begin + columns_of_task);
        for (std::size_t k0 = begin; k0 < end; k0 += chunk) {
            std::size_t const length = std::min(chunk, end - k0), whole = (length + 7) / 8 * 8;
            dispatch(set, [&]<std::size_t Bytes>(width<Bytes>) __attribute__((always_inline)) {
                auto* const direction = block.data() + write_directions(z, k0, length, block.data());
                auto const stride = static_cast<std::size_t>(difference - direction);
                for (std::size_t k = length; k < whole; ++k) direction[k] = 0;
                if (square) squares[number] += sum_of_squares(direction, whole);
                std::int64_t const zero = opaque_zero();
                char const* const aggregate = reinterpret_cast<char const*>(v.data());
                row_prefetch soon(&aggregate, 1, k0 + chunk, sizeof(T)); // with the first row
                auto const bound = opaque(largest_difference<T>);
                for (std::size_t i = 0; i < n; ++i) {
                    (void)differences<Bytes>(x.row_data(i) + k0, v.data() + k0, length, chunk, bound, difference);
                    double pair[2] = {0, 0};
                    tile<Bytes, 1, 2>(difference, direction, stride, whole, zero, pair, 0, soon);
                    sums[2 * i] += pair[0];
                    sums[2 * i + 1] += pair[1];
                }
            });
        }
    });
    for (std::size_t i = 0; i < n; ++i) {
        double dot = 0, length = 0;
        for (std::size_t number = 0; number < tasks; ++number) {
            dot += partial[(number * n + i) * 2];
            length += partial[(number * n + i) * 2 + 1];
        }
        out(i, 0) = dot;
        out(i, 1) = std::sqrt(length);
    }
    if (square) {
        *square = 0;
        for (double const some : squares) *square += static_cast<std::uint64_t>(some);
    }
}

} // namespace btard::host_kernels
