// btard/thrust/combine.hpp: the second pass: v <- (1 + a_n) v0 + sum_i a_i (x_i - v0).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/matrix_view.hpp>
#include <btard/thrust/functor.hpp>

#include <thrust/transform.h>

#include <cstddef>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

namespace btard::thrust_kernels {

/// One block of columns.  @return the sum of the squares of what was written.
template <class T>
struct combine_block {
    static constexpr std::size_t width = 16384;
    static constexpr bool is_double = sizeof(T) == sizeof(double);

    T const* const* x;
    double const* a;
    std::size_t used, d; // rows of coefficient zero are not here: skipped, not multiplied, since 0 * NaN is NaN
    double keep;
    bool centred, copies; // v0 is what v holds, else the origin;  the result is the only row, bit for bit
    T* v;

    BTARD_HOST_DEVICE double operator()(std::size_t number) const {
        std::size_t const begin = number * width, end = smaller(d, begin + width);
        double squares[lanes] = {};
        std::size_t k = begin;
        for (; k + lanes <= end; k += lanes) group(k, std::integral_constant<std::size_t, lanes>{}, squares);
        if (k < end) group(k, end - k, squares);
        return sum_lanes(squares);
    }

    /// At most 8 columns, one of each lane.
    template <class Count>
    BTARD_HOST_DEVICE void group(std::size_t k, Count count, double* squares) const {
        double sums[lanes] = {}, v0[lanes] = {};
        if (centred) {
            for (std::size_t l = 0; l < count; ++l) v0[l] = double(v[k + l]);
            for (std::size_t l = 0; l < count; ++l) sums[l] = rounded_product(v0[l], keep);
        }
        for (std::size_t i = 0; i < used; ++i) {
            T const* const from = x[i] + k;
            double const factor = a[i];
            if constexpr (is_double) {
                if (!centred)
                    for (std::size_t l = 0; l < count; ++l) squares[l] += from[l] - from[l]; // NaN: not finite
            }
            for (std::size_t l = 0; l < count; ++l)
                sums[l] += rounded_product(centred_value(double(from[l]), v0[l]), factor);
        }
        for (std::size_t l = 0; l < count; ++l) {
            if constexpr (is_double) sums[l] = held_within(std::numeric_limits<double>::max(), sums[l]);
            T const rounded = T(sums[l]);
            double const root = is_double ? held_within(largest_difference<double>, double(rounded)) : double(rounded);
            squares[l] += rounded_product(root, root);
            v[k + l] = copies ? x[0][k + l] : rounded;
        }
    }

    /// A difference of doubles is held as it is for the products.
    BTARD_HOST_DEVICE double centred_value(double value, double from) const {
        if (!is_double || !centred) return value - from;
        return difference(value, from);
    }
};

/// @return |v|^2: not finite if v is not, or if a row is not finite and v0 = 0.
template <class T>
[[nodiscard]] double combine(matrix_view<T const> x, std::span<double const> a, bool centred, std::span<T> v) {
    std::vector<T const*> rows;
    std::vector<double> factors;
    for (std::size_t i = 0; i < x.rows(); ++i) {
        if (a[i] == 0) continue;
        rows.push_back(x.row_data(i));
        factors.push_back(a[i]);
    }
    double const keep = 1 + a[x.rows()];
    device_array<T const*> const table = to_device(std::span<T const* const>(rows));
    device_array<double> const coefficients = to_device(std::span<double const>(factors));
    std::size_t const count = blocks(x.cols(), combine_block<T>::width);
    device_array<double> partial(count);
    auto const number = ::thrust::counting_iterator<std::size_t>(0);
    ::thrust::transform(::thrust::device, number, number + std::ptrdiff_t(count), partial.begin(),
                        combine_block<T>{.x = address(table), .a = address(coefficients), .used = rows.size(),
                                         .d = x.cols(), .keep = keep, .centred = centred,
                                         .copies = rows.size() == 1 && factors[0] == 1 && (keep == 1 || !centred),
                                         .v = v.data()});
    double sum = 0;
    for (double const square : to_host(partial)) sum += square;
    return sum;
}

} // namespace btard::thrust_kernels
