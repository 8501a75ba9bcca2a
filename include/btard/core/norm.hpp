// btard/core/norm.hpp: the Euclidean norm, the same bits on every machine.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <span>

namespace btard {

/// The sum of the squares, in double: nothing overflows, and the square of a float is exact, so it does not
/// matter whether the compiler fuses it with the sum.
///
/// Sixteen sums side by side, added up in a fixed order, whatever the width of the machine's vectors.
[[nodiscard]] inline double squared_norm(std::span<float const> values) {
    std::array<double, 16> sums{};
    std::size_t const whole = values.size() / sums.size() * sums.size();
    for (std::size_t k = 0; k < whole; k += sums.size())
        for (std::size_t lane = 0; lane < sums.size(); ++lane)
            sums[lane] += double{values[k + lane]} * double{values[k + lane]};
    for (std::size_t k = whole; k < values.size(); ++k)
        sums[k - whole] += double{values[k]} * double{values[k]};
    double sum = 0;
    for (double const part : sums) sum += part;
    return sum;
}

/// The L2 norm.
[[nodiscard]] inline double norm(std::span<float const> values) { return std::sqrt(squared_norm(values)); }

} // namespace btard
