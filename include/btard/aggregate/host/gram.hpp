// btard/aggregate/host/gram.hpp: the first pass: centre the rows on v0 and form all inner products.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/coefficient.hpp>
#include <btard/aggregate/host/chunk.hpp>
#include <btard/aggregate/host/dispatch.hpp>
#include <btard/aggregate/host/products.hpp>
#include <btard/aggregate/host/sort.hpp>
#include <btard/aggregate/host/tile.hpp>
#include <btard/aggregate/host/values.hpp>
#include <btard/aggregate/start_point.hpp>
#include <btard/core/half.hpp>
#include <btard/core/matrix_view.hpp>
#include <btard/core/parallel.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace btard::host_kernels {

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
    rank_range const ranks = ranks_of(start, n);
    std::vector<double> const weights(ranks.last - ranks.first + 1, 1.0 / double(ranks.last - ranks.first + 1));
    auto const sorter = sorts ? column_sorter<compute_t<T>>(n, ranks) : column_sorter<compute_t<T>>{};

    std::vector<char const*> table(n);
    for (std::size_t i = 0; i < n; ++i) table[i] = reinterpret_cast<char const*>(x.row_data(i));
    std::vector<double> partial(std::min(tasks, wave) * square);
    std::vector<gram_block<T>> blocks(threads);
    std::atomic<bool> finite{true};
    std::fill(sums.begin(), sums.end(), 0.0);
    for (std::size_t first = 0; first < tasks; first += wave) {
        std::size_t const count = std::min(wave, tasks - first);
        std::fill(partial.begin(), partial.end(), 0.0);
        parallel::run(count, threads, [&](std::size_t number, std::size_t slot) {
            auto& block = blocks[slot];
            block.prepare(cut, sorts ? &sorter : nullptr);
            auto* const z = block.rows.data();
            constexpr std::size_t stride = gram_block<T>::stride;
            std::size_t const begin = (first + number) * columns_of_task, end = std::min(d, begin + columns_of_task);
            dispatch(set, [&]<std::size_t Bytes>(width<Bytes>) __attribute__((always_inline)) {
                auto const bound = opaque(largest_difference<T>);
                bool const few_tiles = n <= 8 || choice.diagonal || choice.only < rows; // to ask for the next chunk
                std::size_t const ahead = few_tiles ? cut.chunk : 0;
                bool good = true;
                for (std::size_t k0 = begin; k0 < end; k0 += cut.chunk) {
                    std::size_t const length = std::min(cut.chunk, end - k0), whole = (length + 7) / 8 * 8;
                    if (sorts)
                        good &= median_of_chunk<Bytes>(set, x, k0, length, ahead, sorter, weights, block,
                                                       fill.data() + k0);
                    else if (!fill.empty()) std::copy_n(x.row_data(start.index) + k0, length, fill.data() + k0);
                    T const* const v = v0.data() + k0;
                    if (sorts) subtract<Bytes>(z, stride, n, block.middle.data(), (length + 15) / 16 * 16, bound);
                    else
                        for (std::size_t i = 0; i < n; ++i)
                            good &= differences<Bytes>(x.row_data(i) + k0, v, length, ahead, bound, z + i * stride);
                    std::fill(z + n * stride, z + (rows + 3) / 4 * 4 * stride, compute_t<T>(0));
                    if (choice.border)
                        for (std::size_t k = 0; k < length; ++k)
                            z[n * stride + k] = std::clamp(compute_t<T>(v[k]), -bound, bound);
                    products_of_chunk(set, z, stride, whole, rows, choice, partial.data() + number * square,
                                      cut.padded, row_prefetch(table.data(), n, k0 + cut.chunk, sizeof(T)));
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
