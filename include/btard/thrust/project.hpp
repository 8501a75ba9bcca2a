// btard/thrust/project.hpp: the testimony of the protocol: <z, x_i - v> and |x_i - v| for every row.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/matrix_view.hpp>
#include <btard/core/random.hpp>
#include <btard/thrust/functor.hpp>

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace btard::thrust_kernels {

/// Some rows of one block of columns: their <z, x_i - v> and |x_i - v|^2.  z is made anew for each of them.
template <class T>
struct project_block {
    static constexpr std::size_t width = 32768, chunk = 1024, group = 64; // lanes are summed after each chunk
    static constexpr std::size_t rows_of_block = 16;

    T const* const* x;
    T const* v;
    std::size_t n, d;
    directions z;
    double* partial; // (blocks of columns, n, 2)

    BTARD_HOST_DEVICE void operator()(std::size_t number) const {
        std::size_t const bands = blocks(n, rows_of_block), first = number % bands * rows_of_block;
        std::size_t const rows = smaller(rows_of_block, n - first);
        std::size_t const begin = number / bands * width, end = smaller(d, begin + width);
        double* const out = partial + (number / bands * n + first) * 2;
        for (std::size_t r = 0; r < 2 * rows; ++r) out[r] = 0;
        for (std::size_t k0 = begin; k0 < end; k0 += chunk) {
            double sums[2 * rows_of_block][lanes] = {};
            std::size_t const stop = smaller(end, k0 + chunk);
            for (std::size_t k = k0; k < stop; k += group) {
                double direction[group];
                std::size_t const length = smaller(group, stop - k);
                z.write(k, {direction, length});
                for (std::size_t r = 0; r < rows; ++r)
                    add(x[first + r] + k, v + k, direction, length, sums[2 * r], sums[2 * r + 1]);
            }
            for (std::size_t r = 0; r < 2 * rows; ++r) out[r] += sum_lanes(sums[r]);
        }
    }

    BTARD_HOST_DEVICE static void add(T const* from, T const* v, double const* direction, std::size_t length,
                                      double* dot, double* square) {
        constexpr bool exact = sizeof(T) < sizeof(double); // z is below 2^17, a float difference has 24 bits
        std::size_t k = 0;
        for (; k + lanes <= length; k += lanes) {
            double e[lanes];
            for (std::size_t l = 0; l < lanes; ++l) e[l] = double(difference(compute_t<T>(from[k + l]), compute_t<T>(v[k + l])));
            for (std::size_t l = 0; l < lanes; ++l) dot[l] += product_of<exact>(e[l], direction[k + l]);
            for (std::size_t l = 0; l < lanes; ++l) square[l] += product_of<exact>(e[l], e[l]);
        }
        for (std::size_t l = 0; k < length; ++k, ++l) {
            double const e = double(difference(compute_t<T>(from[k]), compute_t<T>(v[k])));
            dot[l] += product_of<exact>(e, direction[k]);
            square[l] += product_of<exact>(e, e);
        }
    }
};

/// `out` (n, 2).
template <class T>
void project(matrix_view<T const> x, std::span<T const> v, directions z, matrix_view<double> out) {
    std::size_t const n = x.rows(), d = x.cols(), columns = blocks(d, project_block<T>::width);
    device_array<T const*> const table = row_table(x);
    device_array<double> partial(columns * n * 2);
    for_each_block(columns * blocks(n, project_block<T>::rows_of_block),
                   project_block<T>{address(table), v.data(), n, d, z, address(partial)});
    std::vector<double> const sums = to_host(partial);
    for (std::size_t i = 0; i < n; ++i) {
        double dot = 0, square = 0;
        for (std::size_t c = 0; c < columns; ++c) {
            dot += sums[(c * n + i) * 2];
            square += sums[(c * n + i) * 2 + 1];
        }
        out(i, 0) = dot;
        out(i, 1) = std::sqrt(square);
    }
}

} // namespace btard::thrust_kernels
