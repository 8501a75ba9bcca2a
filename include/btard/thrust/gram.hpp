// btard/thrust/gram.hpp: the first pass: centre the rows on v0 and form all inner products.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/coefficient.hpp>
#include <btard/aggregate/start_point.hpp>
#include <btard/core/matrix_view.hpp>
#include <btard/thrust/columns.hpp>
#include <btard/thrust/functor.hpp>
#include <btard/thrust/products.hpp>

#include <thrust/copy.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace btard::thrust_kernels {

/// The pass.  `fill`, if not empty, is the memory of v0 and receives the v0 of `start`.  Leaves in `sums` four
/// products for each tile.  @return whether all rows were finite.
template <class T>
[[nodiscard]] bool gram_pass(matrix_view<T const> x, start_point start, bool border,
                             std::vector<square_tile> const& wanted, std::span<T const> v0, std::span<T> fill,
                             std::vector<double>& sums) {
    std::size_t const n = x.rows(), d = x.cols(), rows = border ? n + 1 : n, stride = (rows + 1) / 2 * 2;
    std::size_t const entries = 4 * wanted.size(), all_chunks = blocks(d, chunk);
    std::size_t const at_once = std::clamp<std::size_t>((std::size_t{1} << 19) / (stride * chunk + entries), 1,
                                                        std::max<std::size_t>(1, all_chunks));
    device_array<T const*> const table = row_table(x);
    device_array<square_tile> const tiles = to_device(std::span<square_tile const>(wanted));
    device_array<double> z(at_once * stride * chunk), partial(at_once * entries), task(entries), total(entries);
    std::optional<column_sorter<T>> sorter;
    if (!fill.empty() && start.at != start_point::kind::row) {
        std::size_t const low = start.at == start_point::kind::upper_median ? n / 2 : (n - 1) / 2;
        std::size_t const high = start.at == start_point::kind::lower_median ? (n - 1) / 2 : n / 2;
        std::vector<double> weights(n);
        for (std::size_t r = low; r <= high; ++r) weights[r] = 1.0 / double(high - low + 1);
        sorter.emplace(x, matrix_view<double const>{}, rank_range{low, high}, weights, weighted_ranks{}, fill.data());
    }

    block_notes notes(at_once * rows);
    for (std::size_t c = 0; c < all_chunks; c += at_once) {
        std::size_t const chunks = smaller(at_once, all_chunks - c), first = c * chunk;
        std::size_t const last = smaller(d, first + chunks * chunk);
        if (sorter) sorter->run(first, last);
        else if (!fill.empty())
            ::thrust::copy(::thrust::device, x.row_data(start.index) + first, x.row_data(start.index) + last,
                           fill.data() + first);
        for_each_block(chunks * rows, centre<T>{address(table), v0.data(), n, rows, stride, first, d, address(z),
                                                address(notes)});
        for_each_block(chunks * wanted.size(),
                       multiply_tile<(sizeof(T) < sizeof(double))>{address(z), address(tiles), wanted.size(), stride,
                                                                   first, d, address(partial)});
        for_each_block(entries, add_chunks{address(partial), entries, c, chunks, all_chunks, address(task),
                                           address(total)});
    }
    sums = to_host(total);
    return all_zero(notes);
}

template <class T>
[[nodiscard]] bool gram(matrix_view<T const> x, start_point start, products need, std::span<T> v,
                        matrix_view<double> g) {
    std::size_t const rows = need == products::all ? x.rows() + 1 : x.rows();
    bool const diagonal = need == products::diagonal;
    std::vector<square_tile> tiles;
    for (std::uint32_t i = 0; i < rows; i += 2)
        for (std::uint32_t j = diagonal ? i : 0; j <= i; j += 2) tiles.push_back({i, j});
    std::vector<double> sums;
    bool const finite =
        gram_pass<T>(x, start, need == products::all, tiles, v, start == start_point::given ? std::span<T>{} : v, sums);
    for (std::size_t i = 0; i < g.rows(); ++i)
        for (std::size_t j = 0; j < g.cols(); ++j) g(i, j) = 0;
    for (std::size_t p = 0; p < sums.size(); ++p) {
        std::size_t const i = tiles[p / 4].row + p / 2 % 2, j = tiles[p / 4].col + p % 2;
        if (i < rows && j <= i && (i == j || !diagonal)) g(i, j) = g(j, i) = sums[p];
    }
    return finite;
}

/// Row i against the rows that have arrived: the same sums as `gram` over all of them, bit for bit.
template <class T>
[[nodiscard]] bool add_row(matrix_view<T const> x, std::span<bool const> arrived, std::size_t i,
                           std::span<T const> v0, matrix_view<double> g) {
    std::vector<T const*> there{x.row_data(i)};
    std::vector<std::size_t> names{i};
    for (std::size_t j = 0; j < x.rows(); ++j) {
        if (!arrived[j] || j == i) continue;
        there.push_back(x.row_data(j));
        names.push_back(j);
    }
    names.push_back(x.rows()); // v0
    std::vector<square_tile> tiles;
    for (std::uint32_t j = 0; j < names.size(); j += 2) tiles.push_back({0, j});
    tiles.push_back({tiles.back().col, tiles.back().col}); // <v0, v0>
    std::vector<double> sums;
    matrix_view<T const> const view(std::span<T const* const>(there), x.cols());
    bool const finite = gram_pass<T>(view, start_point::given, true, tiles, v0, {}, sums);
    for (std::size_t j = 0; j < names.size(); ++j)
        g(i, names[j]) = g(names[j], i) = sums[j / 2 * 4 + j % 2];
    g(x.rows(), x.rows()) = sums[sums.size() - (names.size() % 2 ? 4 : 1)];
    return finite;
}

} // namespace btard::thrust_kernels
