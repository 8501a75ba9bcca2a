// btard/core/norm.hpp: the Euclidean norm, the same bits on every machine.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/host/dispatch.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <span>

namespace btard {

/// A sum of squares, in double: nothing overflows, and the square of a float is exact, so it does not matter whether
/// the compiler fuses it with the sum.
///
/// Sixteen sums side by side, added up in a fixed order, whatever the width of the machine's vectors.
class square_sum {
public:
    static constexpr std::size_t lanes = 16;

    /// The next ones.  All but the last call give a multiple of 16; then it does not matter where they are cut.
    void add(std::span<float const> values) {
        std::size_t const whole = values.size() / lanes * lanes;
        host_kernels::dispatch(instruction_set::best, [&](auto) __attribute__((always_inline)) {
            float const* const from = values.data();
            double sums[lanes];
            for (std::size_t lane = 0; lane < lanes; ++lane) sums[lane] = sums_[lane];
            for (std::size_t k = 0; k < whole; k += lanes)
                for (std::size_t lane = 0; lane < lanes; ++lane)
                    sums[lane] += double{from[k + lane]} * double{from[k + lane]};
            for (std::size_t lane = 0; lane < lanes; ++lane) sums_[lane] = sums[lane];
        });
        for (std::size_t k = whole; k < values.size(); ++k)
            sums_[k - whole] += double{values[k]} * double{values[k]};
    }
    [[nodiscard]] double total() const {
        double sum = 0;
        for (double const part : sums_) sum += part;
        return sum;
    }

private:
    std::array<double, lanes> sums_{};
};

[[nodiscard]] inline double squared_norm(std::span<float const> values) {
    square_sum sum;
    sum.add(values);
    return sum.total();
}

/// The L2 norm.
[[nodiscard]] inline double norm(std::span<float const> values) { return std::sqrt(squared_norm(values)); }

} // namespace btard
