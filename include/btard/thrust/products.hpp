// btard/thrust/products.hpp: the functors of the first pass: differences, their products, and sums of those.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/thrust/functor.hpp>

#include <cstddef>
#include <cstdint>

namespace btard::thrust_kernels {

inline constexpr std::size_t chunk = 512;        ///< columns; then lanes are summed
inline constexpr std::size_t chunks_of_task = 16; ///< chunks are summed to tasks, and tasks to the result

/// Two rows by two rows of products.
struct square_tile {
    std::uint32_t row, col;
};

/// One row of one chunk of differences: x_i - v0 rounded to T, zeros behind it, and after the rows v0 itself.
template <class T>
struct centre {
    using value = compute_t<T>;
    T const* const* x;
    T const* v0;
    std::size_t n, rows, stride, first, d; // `rows`: n, or n + 1 with v0;  `stride` rows of z for each chunk
    double* z;
    unsigned char* not_finite;

    BTARD_HOST_DEVICE void operator()(std::size_t number) const {
        std::size_t const c = number / rows, i = number % rows, begin = first + c * chunk;
        std::size_t const length = smaller(chunk, d - begin);
        T const* const v = v0 + begin;
        double* const to = z + (c * stride + i) * chunk;
        for (std::size_t k = length; k % lanes != 0; ++k) to[k] = 0;
        if (i == n) {
            for (std::size_t k = 0; k < length; ++k) to[k] = double(difference(value(v[k]), value(0)));
            return;
        }
        T const* const from = x[i] + begin;
        value bad[lanes] = {};
        std::size_t k = 0;
        for (; k + lanes <= length; k += lanes) {
            value a[lanes], b[lanes];
            prefetch(from + k + chunk);
            for (std::size_t l = 0; l < lanes; ++l) a[l] = value(from[k + l]);
            for (std::size_t l = 0; l < lanes; ++l) b[l] = value(v[k + l]);
            for (std::size_t l = 0; l < lanes; ++l) bad[l] += a[l] - a[l]; // zero, or NaN
            for (std::size_t l = 0; l < lanes; ++l) b[l] = difference(a[l], b[l]);
            for (std::size_t l = 0; l < lanes; ++l) to[k + l] = double(b[l]);
        }
        for (; k < length; ++k) {
            value const a = value(from[k]);
            bad[0] += a - a;
            to[k] = double(difference(a, value(v[k])));
        }
        value sum = 0;
        for (std::size_t l = 0; l < lanes; ++l) sum += bad[l];
        if (!(sum == 0)) not_finite[number] = 1;
    }
};

/// The four products of one tile over one chunk.
template <bool Exact>
struct multiply_tile {
    double const* z;
    square_tile const* tiles;
    std::size_t count, stride, first, d;
    double* partial; // (chunks, count, 4)

    BTARD_HOST_DEVICE void operator()(std::size_t number) const {
        std::size_t const c = number / count, length = smaller(chunk, d - first - c * chunk);
        square_tile const tile = tiles[number % count];
        double const* const a = z + (c * stride + tile.row) * chunk;
        double const* const b = z + (c * stride + tile.col) * chunk;
        double sums[4][lanes];
        for (std::size_t pair = 0; pair < lanes; pair += 2) { // two lanes of four products fit into registers
            double s[8] = {};
            for (std::size_t k = pair; k < length; k += lanes)
                BTARD_UNROLL
                for (std::size_t p = 0; p < 8; ++p)
                    s[p] += product_of<Exact>(a[k + p / 4 * chunk + p % 2], b[k + p / 2 % 2 * chunk + p % 2]);
            for (std::size_t p = 0; p < 8; ++p) sums[p / 2][pair + p % 2] = s[p];
        }
        for (std::size_t p = 0; p < 4; ++p) partial[number * 4 + p] = sum_lanes(sums[p]);
    }
};

/// One product over many chunks, in their order, whatever the number of chunks at once.
struct add_chunks {
    double const* partial; // (chunks, entries)
    std::size_t entries, first, chunks, all_chunks;
    double *task, *sums; // (entries)

    BTARD_HOST_DEVICE void operator()(std::size_t entry) const {
        for (std::size_t c = 0; c < chunks; ++c) {
            task[entry] += partial[c * entries + entry];
            if ((first + c + 1) % chunks_of_task != 0 && first + c + 1 != all_chunks) continue;
            sums[entry] += task[entry];
            task[entry] = 0;
        }
    }
};

} // namespace btard::thrust_kernels
