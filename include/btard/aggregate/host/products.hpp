// btard/aggregate/host/products.hpp: all inner products of a block of rows, or those of some pairs.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/host/dispatch.hpp>
#include <btard/aggregate/host/tile.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace btard::host_kernels {

/// Which pairs are wanted.
struct pair_choice {
    bool diagonal = false;         ///< (i, i) alone
    bool border = false;           ///< with v0 as one more row
    std::size_t only = std::size_t(-1); ///< the pairs of this row alone
};

/// The pairs among `rows` rows of the block (zeros behind them up to a multiple of 4), added to `sums` (ld); the
/// lower triangle is complete.  Meanwhile the `soon` rows are asked for.
///
/// A block of many rows is larger than the caches.  So 8 rows stay in the first cache while 64 others pass by, and
/// those stay in the second.  A function of its own, as the sorter is.
template <class Z>
void products_of_chunk(instruction_set set, Z const* z, std::size_t stride, std::size_t length, std::size_t rows,
                       pair_choice choice, double* sums, std::size_t ld, row_prefetch soon) {
    dispatch(set, [&]<std::size_t Bytes>(width<Bytes>) __attribute__((always_inline)) {
        constexpr std::size_t C = Bytes == 64 ? 4 : 2, stay = 8, pass = 64;
        std::int64_t const zero = opaque_zero();
        if (choice.diagonal) {
            for (std::size_t i = 0; i < rows; i += 4)
                tile<Bytes, 4, 4, tile_kind::squares>(z + i * stride, z + i * stride, stride, length, zero,
                                                      sums + i * ld + i, ld, soon);
        } else if (choice.only < rows) {
            Z const* const row = z + choice.only * stride;
            for (std::size_t j = 0; j < rows; j += 4)
                tile<Bytes, 1, 4>(row, z + j * stride, stride, length, zero, sums + choice.only * ld + j, ld, soon);
            double own[16] = {};
            std::size_t const border = rows - 1, four = border / 4 * 4;
            if (choice.border)
                tile<Bytes, 4, 4, tile_kind::squares>(z + four * stride, z + four * stride, stride, length, zero, own, 4,
                                                      soon);
            sums[border * ld + border] += own[border % 4 * 5];
        } else {
            for (std::size_t i0 = 0; i0 < rows; i0 += pass)
                for (std::size_t j0 = 0; j0 < std::min(rows, i0 + pass); j0 += stay)
                    for (std::size_t i = std::max(i0, j0); i < std::min(rows, i0 + pass); i += 4)
                        for (std::size_t j = j0; j < std::min(i + 4, j0 + stay); j += j == i ? 4 : C) {
                            Z const* const left = z + i * stride;
                            double* const to = sums + i * ld + j;
                            if (i == j)
                                tile<Bytes, 4, 4, tile_kind::lower_triangle>(left, left, stride, length, zero, to, ld,
                                                                             soon);
                            else tile<Bytes, 4, C>(left, z + j * stride, stride, length, zero, to, ld, soon);
                        }
        }
    });
}

} // namespace btard::host_kernels
