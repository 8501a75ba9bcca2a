// btard/aggregate/host/gram.hpp: the first pass: centre the rows on v0 and form all inner products.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/host/columns.hpp>
#include <btard/aggregate/host/dispatch.hpp>
#include <btard/aggregate/start_point.hpp>
#include <btard/core/matrix_view.hpp>
#include <btard/core/parallel.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace btard::host_kernels {

/// Differences are held within this bound, so that no inner product overflows, whatever the rows.
template <class T>
inline constexpr T largest_difference = sizeof(T) < sizeof(double) ? std::numeric_limits<T>::max() : T(1e140);

/// How the columns are cut.  A function of n alone: threads and instruction sets do not change it.
struct gram_cut {
    explicit gram_cut(std::size_t n)
        : padded((n + 4) / 4 * 4), // n rows and v0
          chunk(std::clamp<std::size_t>(std::bit_floor(32768 / padded), 128, 2048)) {}

    std::size_t padded;             ///< rows of the block of differences, a multiple of the tallest tile
    std::size_t chunk;              ///< columns whose differences stay in the cache; lanes are summed after each
    std::size_t chunks_a_task = 16; ///< a task is the unit that threads take, summed in the order of columns
};

/// R x C inner products over `length` columns (a multiple of 8) of the block of differences.
template <std::size_t Bytes, std::size_t R, std::size_t C>
[[gnu::always_inline]] inline void tile(double const* z, std::size_t stride, std::size_t length, std::size_t i0,
                                        std::size_t j0, std::int64_t zero, bool exact, double* sums, std::size_t ld) {
    constexpr std::size_t K = width<Bytes>::per_group, D = width<Bytes>::doubles;
    using V = simd<double, Bytes>;
    V acc[R * C * K] = {};
    double const* const left = z + i0 * stride;
    double const* const right = z + j0 * stride;
    auto const body = [&](auto fused) __attribute__((always_inline)) {
        for (std::size_t k = 0; k < length; k += lanes)
            unroll<K>([&](auto h) __attribute__((always_inline)) {
                V b[C];
                unroll<C>([&](auto c) __attribute__((always_inline)) { load(right + c * stride + k + h * D, b[c]); });
                unroll<R>([&](auto r) __attribute__((always_inline)) {
                    V a;
                    load(left + r * stride + k + h * D, a);
                    unroll<C>([&](auto c) __attribute__((always_inline)) {
                        V product = a * b[c];
                        if constexpr (!decltype(fused)::value) unfused(product, zero);
                        acc[(r * C + c) * K + h] += product;
                    });
                });
            });
    };
    if (exact) body(std::true_type{}); // products of rounded floats are exact: fused or not, the same bits
    else body(std::false_type{});
    unroll<R * C>([&](auto p) __attribute__((always_inline)) {
        constexpr std::size_t at = decltype(p)::value;
        sums[(i0 + at / C) * ld + j0 + at % C] += sum_lanes<Bytes>(acc + at * K);
    });
}

/// The block of differences of one chunk: z[i][k] = x_i - v0 rounded to T, and v0 itself in row n.
template <std::size_t Bytes, class T>
[[gnu::always_inline]] inline bool differences(T const* x, T const* v, std::size_t length, double* z) {
    using V = simd<T, Bytes>;
    constexpr std::size_t N = Bytes / sizeof(T);
    constexpr T bound = largest_difference<T>;
    V bad{};
    T buffer[N];
    std::size_t k = 0;
    for (; k + N <= length; k += N) {
        V a, b;
        load(x + k, a);
        load(v + k, b);
        bad += a - a; // zero, or NaN for an infinity or a NaN
        V d = a - b;
        d = d < -bound ? V{} - bound : d;
        d = d > bound ? V{} + bound : d;
        store(d, buffer);
        for (std::size_t l = 0; l < N; l += width<Bytes>::doubles) {
            simd<double, Bytes> wide;
            widen<Bytes>(buffer + l, wide);
            store(wide, z + k + l);
        }
    }
    T tail = 0;
    for (; k < length; ++k) {
        tail += x[k] - x[k];
        z[k] = double(std::clamp(T(x[k] - v[k]), T(-bound), bound));
    }
    for (std::size_t l = 0; l < N; ++l) tail += bad[l];
    return tail == 0;
}

/// The pairs (i, j) of a task, i and j < rows, added to `sums` (ld: padded).  `only` < rows: pairs with that row alone.
template <std::size_t Bytes>
[[gnu::always_inline]] inline void products_of_chunk(double const* z, std::size_t stride, std::size_t length,
                                                     std::size_t rows, std::size_t only, bool diagonal, bool exact,
                                                     std::int64_t zero, double* sums, std::size_t ld) {
    constexpr std::size_t R = Bytes == 64 ? 4 : Bytes == 32 ? 2 : 1, C = Bytes == 64 ? 4 : 2;
    if (diagonal) {
        for (std::size_t i = 0; i < rows; ++i) tile<Bytes, 1, 1>(z, stride, length, i, i, zero, exact, sums, ld);
    } else if (only < rows) {
        for (std::size_t j = 0; j < rows; ++j) tile<Bytes, 1, 1>(z, stride, length, only, j, zero, exact, sums, ld);
    } else {
        for (std::size_t i = 0; i < rows; i += R)
            for (std::size_t j = 0; j < i + R; j += C)
                tile<Bytes, R, C>(z, stride, length, i, j, zero, exact, sums, ld);
    }
}

/// The kernel behind `gram` and `add_row`: `only` = rows.rows() + 1 or more means all pairs.
template <class T>
[[nodiscard]] bool gram(instruction_set set, std::size_t threads, matrix_view<T const> x, start_point start,
                        bool diagonal, bool border, std::size_t only, std::span<T> v, matrix_view<double> g) {
    std::size_t const n = x.rows(), d = x.cols(), rows = border ? n + 1 : n;
    gram_cut const cut(n);
    std::size_t const width_of_task = cut.chunk * cut.chunks_a_task;
    std::size_t const tasks = (d + width_of_task - 1) / width_of_task;
    std::size_t const square = cut.padded * cut.padded;
    std::size_t const wave = std::clamp<std::size_t>((std::size_t{8} << 20) / square, 2, 64);
    bool const sorts = start.at != start_point::kind::given && start.at != start_point::kind::row;
    column_sorter<T> const sorter = sorts ? column_sorter<T>(n, start) : column_sorter<T>{};

    std::vector<double> partial(std::min(tasks, wave) * square);
    std::vector<std::vector<double>> blocks(threads);
    std::vector<std::vector<T>> columns(threads);
    std::vector<double> total(square);
    std::atomic<bool> finite{true};

    for (std::size_t first = 0; first < tasks; first += wave) {
        std::size_t const count = std::min(wave, tasks - first);
        std::fill(partial.begin(), partial.begin() + std::ptrdiff_t(count * square), 0.0);
        parallel::run(count, threads, [&](std::size_t number, std::size_t slot) {
            auto& block = blocks[slot];
            if (block.empty()) block.assign(cut.padded * cut.chunk, 0.0);
            if (sorts && columns[slot].empty()) columns[slot].resize(sorter.scratch());
            double* const sums = partial.data() + number * square;
            std::size_t const begin = (first + number) * width_of_task, end = std::min(d, begin + width_of_task);
            dispatch(set, [&]<std::size_t Bytes>(width<Bytes>) __attribute__((always_inline)) {
                bool good = true;
                std::int64_t const zero = opaque_zero();
                for (std::size_t k0 = begin; k0 < end; k0 += cut.chunk) {
                    std::size_t const length = std::min(cut.chunk, end - k0), whole = (length + 7) / 8 * 8;
                    if (start.at == start_point::kind::row)
                        std::copy_n(x.row_data(start.index) + k0, length, v.data() + k0);
                    else if (sorts)
                        sorter.template run<Bytes>(x, k0, length, columns[slot].data(), v.data() + k0);
                    double* const z = block.data();
                    for (std::size_t i = 0; i < n; ++i) {
                        good &= differences<Bytes>(x.row_data(i) + k0, v.data() + k0, length, z + i * cut.chunk);
                        for (std::size_t k = length; k < whole; ++k) z[i * cut.chunk + k] = 0;
                    }
                    if (border) {
                        for (std::size_t k = 0; k < length; ++k)
                            z[n * cut.chunk + k] =
                                double(std::clamp(v[k0 + k], T(-largest_difference<T>), largest_difference<T>));
                        for (std::size_t k = length; k < whole; ++k) z[n * cut.chunk + k] = 0;
                    }
                    products_of_chunk<Bytes>(z, cut.chunk, whole, rows, only, diagonal,
                                             sizeof(T) < sizeof(double), zero, sums, cut.padded);
                }
                if (!good) finite = false;
            });
        });
        for (std::size_t number = 0; number < count; ++number)
            for (std::size_t p = 0; p < square; ++p) total[p] += partial[number * square + p];
    }
    for (std::size_t i = 0; i < g.rows(); ++i)
        for (std::size_t j = 0; j < g.cols(); ++j) {
            bool const wanted = i < rows && j < rows && (only >= rows || i == only || j == only);
            std::size_t const low = only < rows ? (i == only ? j : i) : std::min(i, j);
            std::size_t const high = only < rows ? only : std::max(i, j);
            if (wanted) g(i, j) = total[high * cut.padded + low];
            else if (only >= rows) g(i, j) = 0;
        }
    return finite;
}

} // namespace btard::host_kernels
