// btard/aggregate/host/gram.hpp: the first pass: centre the rows on v0 and form all inner products.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/coefficient.hpp>
#include <btard/aggregate/host/dispatch.hpp>
#include <btard/aggregate/host/sort.hpp>
#include <btard/aggregate/host/tile.hpp>
#include <btard/aggregate/start_point.hpp>
#include <btard/core/matrix_view.hpp>
#include <btard/core/parallel.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace btard::host_kernels {

/// How the columns are cut: the same for any number of threads and rows and every instruction set.
struct gram_cut {
    explicit gram_cut(std::size_t n) : padded((n + 4) / 4 * 4) {}

    std::size_t padded; ///< n rows and v0, a multiple of the tallest tile

    static constexpr std::size_t chunk = 512; ///< columns whose differences stay in the cache; then lanes are summed
    static constexpr std::size_t chunks_a_task = 16; ///< what a thread takes; tasks are summed in the order of columns
};

/// Which pairs are wanted.
struct pair_choice {
    bool diagonal = false;         ///< (i, i) alone
    bool border = false;           ///< with v0 as one more row
    std::size_t only = std::size_t(-1); ///< the pairs of this row alone
};

/// The pairs among `rows` rows of the block, added to `sums` (ld: cut.padded); the lower triangle is complete.
template <std::size_t Bytes>
[[gnu::always_inline]] inline void products_of_chunk(double const* z, std::size_t stride, std::size_t length,
                                                     std::size_t rows, pair_choice choice, bool exact,
                                                     std::int64_t zero, double* sums, std::size_t ld) {
    constexpr std::size_t R = Bytes == 64 ? 4 : Bytes == 32 ? 2 : 1, C = Bytes == 64 ? 4 : 2;
    if (choice.diagonal) {
        for (std::size_t i = 0; i < rows; ++i) tile<Bytes, 1, 1>(z, stride, length, i, i, zero, exact, sums, ld);
    } else if (choice.only < rows) {
        for (std::size_t j = 0; j < rows; ++j)
            tile<Bytes, 1, 1>(z, stride, length, choice.only, j, zero, exact, sums, ld);
        if (choice.border) tile<Bytes, 1, 1>(z, stride, length, rows - 1, rows - 1, zero, exact, sums, ld);
    } else {
        for (std::size_t i = 0; i < rows; i += R)
            for (std::size_t j = 0; j < i + R; j += C)
                tile<Bytes, R, C>(z, stride, length, i, j, zero, exact, sums, ld);
    }
}

/// The pass.  `sums` (cut.padded, cut.padded) receives the products; `fill`, if not empty, the v0 of `start`, and
/// then `v0` is the same memory.  @return whether all rows were finite.
template <class T>
[[nodiscard]] bool gram_pass(instruction_set set, std::size_t threads, matrix_view<T const> x, gram_cut const& cut,
                             start_point start, pair_choice choice, std::span<T const> v0, std::span<T> fill,
                             std::span<double> sums) {
    std::size_t const n = x.rows(), d = x.cols(), rows = choice.border ? n + 1 : n;
    std::size_t const columns_of_task = cut.chunk * cut.chunks_a_task;
    std::size_t const tasks = (d + columns_of_task - 1) / columns_of_task, square = cut.padded * cut.padded;
    std::size_t const wave = std::clamp<std::size_t>((std::size_t{1} << 20) / square, 2, 64); // of 8 MiB, or two tasks
    bool const sorts = !fill.empty() && start.at != start_point::kind::row;
    auto const sorter = sorts ? column_sorter<T>(n, start) : column_sorter<T>{};

    std::vector<double> partial(std::min(tasks, wave) * square);
    std::vector<std::vector<double>> blocks(threads);
    std::vector<std::vector<T>> columns(threads);
    std::atomic<bool> finite{true};
    std::fill(sums.begin(), sums.end(), 0.0);
    for (std::size_t first = 0; first < tasks; first += wave) {
        std::size_t const count = std::min(wave, tasks - first);
        std::fill(partial.begin(), partial.end(), 0.0);
        parallel::run(count, threads, [&](std::size_t number, std::size_t slot) {
            auto& block = blocks[slot];
            block.resize(cut.padded * cut.chunk); // rows beyond `rows` stay zero
            columns[slot].resize(sorter.scratch());
            std::size_t const begin = (first + number) * columns_of_task, end = std::min(d, begin + columns_of_task);
            dispatch(set, [&]<std::size_t Bytes>(width<Bytes>) __attribute__((always_inline)) {
                bool good = true;
                for (std::size_t k0 = begin; k0 < end; k0 += cut.chunk) {
                    std::size_t const length = std::min(cut.chunk, end - k0), whole = (length + 7) / 8 * 8;
                    if (sorts) sorter.template run<Bytes>(x, k0, length, columns[slot].data(), fill.data() + k0);
                    else if (!fill.empty()) std::copy_n(x.row_data(start.index) + k0, length, fill.data() + k0);
                    double* const z = block.data();
                    for (std::size_t i = 0; i < n; ++i) {
                        good &= differences<Bytes>(x.row_data(i) + k0, v0.data() + k0, length, z + i * cut.chunk);
                        std::fill(z + i * cut.chunk + length, z + i * cut.chunk + whole, 0.0);
                    }
                    if (choice.border) {
                        constexpr T bound = largest_difference<T>;
                        for (std::size_t k = 0; k < length; ++k)
                            z[n * cut.chunk + k] = double(std::clamp(v0[k0 + k], T(-bound), bound));
                        std::fill(z + n * cut.chunk + length, z + n * cut.chunk + whole, 0.0);
                    }
                    products_of_chunk<Bytes>(z, cut.chunk, whole, rows, choice, sizeof(T) < sizeof(double),
                                             opaque_zero(), partial.data() + number * square, cut.padded);
                }
                if (!good) finite = false;
            });
        });
        for (std::size_t number = 0; number < count; ++number)
            for (std::size_t p = 0; p < square; ++p) sums[p] += partial[number * square + p];
    }
    return finite;
}

template <class T>
[[nodiscard]] bool gram(instruction_set set, std::size_t threads, matrix_view<T const> x, start_point start,
                        products need, std::span<T> v, matrix_view<double> g) {
    gram_cut const cut(x.rows());
    pair_choice const choice{.diagonal = need == products::diagonal, .border = need == products::all};
    std::vector<double> sums(cut.padded * cut.padded);
    bool const finite = gram_pass<T>(set, threads, x, cut, start, choice, v,
                                     start == start_point::given ? std::span<T>{} : v, sums);
    std::size_t const rows = choice.border ? x.rows() + 1 : x.rows();
    for (std::size_t i = 0; i < g.rows(); ++i)
        for (std::size_t j = 0; j <= i; ++j)
            g(i, j) = g(j, i) = i < rows && (i == j || !choice.diagonal) ? sums[i * cut.padded + j] : 0;
    return finite;
}

/// Row i against the rows that have arrived: the same sums as `gram` over all of them, bit for bit, because every
/// pair has its own sums, cut by n alone.
template <class T>
[[nodiscard]] bool add_row(instruction_set set, std::size_t threads, matrix_view<T const> x,
                           std::span<bool const> arrived, std::size_t i, std::span<T const> v0, matrix_view<double> g) {
    gram_cut const cut(x.rows());
    std::vector<T const*> table;
    std::vector<std::size_t> names;
    for (std::size_t j = 0; j < x.rows(); ++j)
        if (arrived[j] || j == i) {
            table.push_back(x.row_data(j));
            names.push_back(j);
        }
    std::size_t const place = std::size_t(std::find(names.begin(), names.end(), i) - names.begin());
    names.push_back(x.rows()); // v0
    std::vector<double> sums(cut.padded * cut.padded);
    matrix_view<T const> const there(std::span<T const* const>(table), x.cols());
    bool const finite = gram_pass<T>(set, threads, there, cut, start_point::given, {.border = true, .only = place}, v0,
                                     {}, sums);
    for (std::size_t j = 0; j < names.size(); ++j)
        g(i, names[j]) = g(names[j], i) = sums[place * cut.padded + j];
    std::size_t const border = names.size() - 1;
    g(x.rows(), x.rows()) = sums[border * cut.padded + border];
    return finite;
}

} // namespace btard::host_kernels
