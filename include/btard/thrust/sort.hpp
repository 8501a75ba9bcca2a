// btard/thrust/sort.hpp: the functor that sorts a block of columns by a network and applies a rule to each.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/coordinate.hpp>
#include <btard/thrust/functor.hpp>

#include <cstddef>
#include <span>
#include <type_traits>

namespace btard::thrust_kernels {

/// The median, and every other rule that is linear in the sorted values.
struct weighted_ranks {};

/// Sorts one block of columns and writes the rule's value of each.
template <class T, class A>
struct sort_columns {
    using value = compute_t<T>;
    static constexpr std::size_t group = 16;         ///< columns that are sorted side by side
    /// A block of at most so many elements lives on the stack; on a GPU, whose threads have little, none does.
    static constexpr std::size_t own_elements = THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA ? 0 : 8192;

    T const* const* x; // (n_rows) of d columns
    double const* mix; // (n, n_rows), or nothing: the rows themselves
    std::size_t n_rows, n, first, last, width;
    comparator const* network;
    std::size_t comparators;
    rank_range ranks;
    double const* weights; // (n)
    A rule;
    value* scratch; // width * n + n elements for each block that does not live on the stack
    unsigned char* not_finite;
    T* v;

    BTARD_HOST_DEVICE void operator()(std::size_t number) const {
        std::size_t const begin = first + number * width, length = smaller(width, last - begin);
        if constexpr (own_elements > 0)
            if (n * width <= own_elements) {
                value block[own_elements + own_elements / group];
                return sort(block, number, begin, length);
            }
        sort(scratch + number * (n * width + n), number, begin, length);
    }

    BTARD_HOST_DEVICE void sort(value* block, std::size_t number, std::size_t begin, std::size_t length) const {
        std::size_t const whole = blocks(length, group) * group;
        for (std::size_t i = 0; i < n; ++i)
            if (!fill(i, begin, length, whole, block + i * width)) not_finite[number] = 1;
        for (std::size_t c = 0; c < comparators; ++c) {
            value* const low = block + network[c].low * width;
            value* const high = block + network[c].high * width;
            for (std::size_t k = 0; k < whole; k += group) {
                value a[group], b[group];
                for (std::size_t l = 0; l < group; ++l) a[l] = low[k + l];
                for (std::size_t l = 0; l < group; ++l) b[l] = high[k + l];
                for (std::size_t l = 0; l < group; ++l) low[k + l] = a[l] < b[l] ? a[l] : b[l];
                for (std::size_t l = 0; l < group; ++l) high[k + l] = a[l] < b[l] ? b[l] : a[l];
            }
        }
        if constexpr (std::is_same_v<A, weighted_ranks>) weigh(block, begin, length, whole);
        else
            for (std::size_t k = 0; k < length; ++k) {
                value* const sorted = block + n * width;
                for (std::size_t i = 0; i < n; ++i) sorted[i] = block[i * width + k];
                v[begin + k] = T(rule.column(std::span<value const>(sorted, n)));
            }
    }

    /// Row i, -0 as +0 (minimum and maximum of mixed zeros depend on their order), zeros behind it.  All finite?
    BTARD_HOST_DEVICE bool fill(std::size_t i, std::size_t begin, std::size_t length, std::size_t whole,
                                value* row) const {
        T const* const from = x[i] + begin;
        value bad[group] = {};
        std::size_t k = 0;
        for (; k + group <= length; k += group) {
            value a[group];
            prefetch(from + k + width);
            if (mix) mixture(i, begin + k, group, a);
            else
                for (std::size_t l = 0; l < group; ++l) a[l] = value(from[k + l]);
            for (std::size_t l = 0; l < group; ++l) bad[l] += a[l] - a[l]; // zero, or NaN
            for (std::size_t l = 0; l < group; ++l) row[k + l] = a[l] + value(0);
        }
        if (k < length) {
            value a[group] = {};
            if (mix) mixture(i, begin + k, length - k, a);
            else
                for (std::size_t l = 0; l < length - k; ++l) a[l] = value(from[k + l]);
            for (std::size_t l = 0; l < group; ++l) bad[l] += a[l] - a[l];
            for (std::size_t l = 0; l < whole - k; ++l) row[k + l] = a[l] + value(0);
        }
        value sum = 0;
        for (std::size_t l = 0; l < group; ++l) sum += bad[l];
        return sum == 0;
    }

    /// Row i of M x for some columns, in double, rounded to T.
    BTARD_HOST_DEVICE void mixture(std::size_t i, std::size_t begin, std::size_t count, value* out) const {
        double sums[group] = {};
        for (std::size_t j = 0; j < n_rows; ++j) {
            double const m = mix[i * n_rows + j];
            if (m == 0) continue;
            T const* const from = x[j] + begin;
            if (count == group)
                for (std::size_t l = 0; l < group; ++l) sums[l] += rounded_product(double(from[l]), m);
            else
                for (std::size_t l = 0; l < count; ++l) sums[l] += rounded_product(double(from[l]), m);
        }
        for (std::size_t l = 0; l < group; ++l) out[l] = value(sums[l]);
    }

    /// sum_r weight_r * (row r of the block), in double, rounded to T.
    BTARD_HOST_DEVICE void weigh(value const* block, std::size_t begin, std::size_t length, std::size_t whole) const {
        for (std::size_t k = 0; k < whole; k += group) {
            double sums[group] = {};
            for (std::size_t r = ranks.first; r <= ranks.last; ++r) {
                value const* const from = block + r * width + k;
                for (std::size_t l = 0; l < group; ++l) sums[l] += rounded_product(double(from[l]), weights[r]);
            }
            for (std::size_t l = 0; l < smaller(group, length - k); ++l) v[begin + k + l] = T(sums[l]);
        }
    }
};

} // namespace btard::thrust_kernels
