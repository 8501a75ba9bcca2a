// btard/attack/moments.hpp: mean and standard deviation of each coordinate, for attacks that are made of them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/attack/concept.hpp>
#include <btard/core/error.hpp>
#include <btard/core/matrix_view.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>

namespace btard {

/// Whose gradients an attack looks at.
enum class gradients_of {
    honest,    ///< all honest peers': the attackers are omniscient
    attackers, ///< those that the attackers computed themselves, before they lie
};
constexpr auto enum_names(gradients_of) { return std::array<std::string_view, 2>{"honest", "attackers"}; }

[[nodiscard]] constexpr matrix_view<float const> rows_of(attack_context const& at, gradients_of whom) {
    return whom == gradients_of::honest ? at.honest : at.colluding;
}

/// What the sum of the squared deviations of n rows is divided by.
enum class deviation {
    sample,     ///< n - 1
    population, ///< n
};
constexpr auto enum_names(deviation) { return std::array<std::string_view, 2>{"sample", "population"}; }

namespace detail {
inline constexpr std::size_t moments_block = 1'024; // columns: 4 KiB of each row, it all stays in the cache

/// In double, row by row: all attackers get the same bits.
inline void add_rows(matrix_view<float const> rows, std::size_t begin, std::span<double> sums) {
    std::fill(sums.begin(), sums.end(), 0.0);
    for (std::size_t i = 0; i < rows.rows(); ++i) {
        float const* const x = rows.row_data(i) + begin;
        for (std::size_t k = 0; k < sums.size(); ++k) sums[k] += double{x[k]};
    }
}

/// A deviation d is cut in two, d = high + low, because high^2 and 2 high low are exact in double: then it does
/// not matter whether the compiler fuses products with sums.  low^2 is below the rounding of the sum.
inline void add_squares(matrix_view<float const> rows, std::size_t begin, std::span<double const> means,
                        std::span<double> squares) {
    std::fill(squares.begin(), squares.end(), 0.0);
    for (std::size_t i = 0; i < rows.rows(); ++i) {
        float const* const x = rows.row_data(i) + begin;
        for (std::size_t k = 0; k < squares.size(); ++k) {
            double const d = double{x[k]} - means[k], high = double{static_cast<float>(d)}, low = d - high;
            squares[k] += high * high;
            squares[k] += 2 * high * low;
        }
    }
}

template <class Block>
void for_each_block(matrix_view<float const> rows, std::span<float> out, Block&& block) {
    expects(rows.rows() > 0, "there are no gradients to take the mean of");
    expects(rows.cols() == out.size(), "the gradients have ", rows.cols(), " elements, what is sent has ",
            out.size());
    for (std::size_t begin = 0; begin < out.size(); begin += moments_block)
        block(begin, out.subspan(begin, std::min(moments_block, out.size() - begin)));
}
} // namespace detail

/// out_k <- send(mean of column k), in one pass over the rows.
template <class Send>
void from_means(matrix_view<float const> rows, std::span<float> out, Send&& send) {
    std::array<double, detail::moments_block> space;
    detail::for_each_block(rows, out, [&](std::size_t begin, std::span<float> part) {
        auto const sums = std::span(space).first(part.size());
        detail::add_rows(rows, begin, sums);
        for (std::size_t k = 0; k < part.size(); ++k)
            part[k] = static_cast<float>(send(sums[k] / double(rows.rows())));
    });
}

/// out_k <- send(mean, standard deviation of column k), in one pass over the rows.  One row has deviation 0.
template <class Send>
void from_moments(matrix_view<float const> rows, deviation kind, std::span<float> out, Send&& send) {
    double const n = double(rows.rows());
    double const divisor = kind == deviation::population || rows.rows() == 1 ? n : n - 1;
    std::array<double, detail::moments_block> mean_space, square_space;
    detail::for_each_block(rows, out, [&](std::size_t begin, std::span<float> part) {
        auto const means = std::span(mean_space).first(part.size());
        auto const squares = std::span(square_space).first(part.size());
        detail::add_rows(rows, begin, means);
        for (double& mean : means) mean /= n;
        detail::add_squares(rows, begin, means, squares);
        for (std::size_t k = 0; k < part.size(); ++k)
            part[k] = static_cast<float>(send(means[k], std::sqrt(squares[k] / divisor)));
    });
}

} // namespace btard
