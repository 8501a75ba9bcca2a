// btard/testing/plain_rows.hpp: rows for tests: plain vectors, and the fixture that holds all that is nasty.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/matrix_view.hpp>
#include <btard/core/random.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace btard::testing {

/// Rows with weights, as plain loops like them.
struct plain_rows {
    std::vector<std::vector<double>> x; // (n, d)
    std::vector<double> w;              // (n)

    [[nodiscard]] std::size_t n() const { return x.size(); }
    [[nodiscard]] std::size_t d() const { return x.front().size(); }
    [[nodiscard]] double weight() const {
        double sum = 0;
        for (double const one : w) sum += one;
        return sum;
    }
    [[nodiscard]] std::vector<double> sorted_column(std::size_t k) const {
        std::vector<double> column;
        for (auto const& row : x) column.push_back(row[k]);
        std::sort(column.begin(), column.end());
        return column;
    }
};

/// |x - v|, in the precision of v.
template <class F>
[[nodiscard]] F distance(std::vector<double> const& x, std::vector<F> const& v) {
    F sum = 0;
    for (std::size_t k = 0; k < x.size(); ++k) sum += (F(x[k]) - v[k]) * (F(x[k]) - v[k]);
    return std::sqrt(sum);
}

/// Which of the nasty things a fixture holds.
struct nasty {
    std::size_t rows = 11;
    std::size_t cols = 37;    ///< better no multiple of 8
    double offset = 0;        ///< common to the ordinary rows, whose spread is 1
    bool not_finite = false;  ///< the last three rows hold a NaN or an infinity
    std::uint64_t number = 0; ///< of the draw
};

/// Ordinary rows, and among them one of zeros, one equal to another, one of denormal numbers, one of 1e30 (or the
/// largest number, for float16), and one that is 1e30 here and there.  The rows begin anywhere in memory, with NaN between them.
template <class T>
class nasty_rows {
public:
    explicit nasty_rows(nasty const& of)
        : weights(of.rows), of_(of), data_(of.rows * stride() + 1, not_a_number) {
        random_stream draw(derive({of.number, 0}, "nasty rows", {of.rows, of.cols}));
        for (std::size_t i = 0; i < of.rows; ++i) {
            T* const row = data_.data() + 1 + i * stride();
            weights[i] = 1 + double(i % 3) / 2;
            for (std::size_t k = 0; k < of.cols; ++k) {
                double const ordinary = of.offset + draw.normal();
                double const smallest = std::numeric_limits<T>::denorm_min();
                row[k] = i == 2   ? T(0)
                         : i == 3 ? data_[1 + k]
                         : i == 4 ? T(draw.below(1000) * smallest)
                         : i == 5 ? T(huge)
                         : i == 7 && draw.below(3) == 0 ? T(draw.below(2) ? huge : -huge)
                                                        : T(ordinary);
            }
            if (i >= finite())
                row[i % 3 * (of.cols - 1) / 2] = i % 3 == 0   ? not_a_number
                                                 : i % 3 == 1 ? infinity
                                                              : T(-infinity);
            far_ += i >= finite() || i == 5 || i == 7 || (of.offset != 0 && (i == 2 || i == 4));
        }
    }

    [[nodiscard]] matrix_view<T const> view() const {
        return {data_.data() + 1, of_.rows, of_.cols, stride()};
    }

    /// So many rows are finite: the first ones.
    [[nodiscard]] std::size_t finite() const {
        return of_.rows - (of_.not_finite ? std::min<std::size_t>(3, of_.rows) : 0);
    }

    /// So many rows are far away from the ordinary ones, or not finite.
    [[nodiscard]] std::size_t far() const { return far_; }

    /// The rows that are finite.
    [[nodiscard]] plain_rows plain() const {
        plain_rows result;
        for (std::size_t i = 0; i < finite(); ++i) {
            auto const row = view().row(i);
            result.x.emplace_back(row.begin(), row.end());
            result.w.push_back(weights[i]);
        }
        return result;
    }

    std::vector<double> weights; ///< 1, 1.5 and 2

private:
    static constexpr T not_a_number = std::numeric_limits<T>::quiet_NaN();
    static constexpr T infinity = std::numeric_limits<T>::infinity();
    static constexpr double huge = std::min<double>(1e30, std::numeric_limits<T>::max());

    [[nodiscard]] std::size_t stride() const { return of_.cols + 3; }

    nasty of_;
    std::vector<T> data_;
    std::size_t far_ = 0;
};

} // namespace btard::testing
