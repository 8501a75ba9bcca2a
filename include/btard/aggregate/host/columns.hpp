// btard/aggregate/host/columns.hpp: a coordinate rule over the sorted columns of the rows, or of their mixtures.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/coordinate.hpp>
#include <btard/aggregate/host/dispatch.hpp>
#include <btard/aggregate/host/simd.hpp>
#include <btard/aggregate/host/sort.hpp>
#include <btard/aggregate/host/values.hpp>
#include <btard/core/half.hpp>
#include <btard/core/matrix_view.hpp>
#include <btard/core/parallel.hpp>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace btard::host_kernels {

/// R mixtures of the n rows of a block of doubles, each rounded once to C: for all columns, with as many of them in
/// registers as fit.  -0 becomes +0.
template <std::size_t Bytes, std::size_t R, class C>
[[gnu::always_inline]] inline void mix_rows(double const* z, std::size_t stride, std::size_t n, double const* m,
                                            std::size_t length, std::int64_t zero, C* to,
                                            std::size_t to_stride) {
    constexpr std::size_t D = width<Bytes>::doubles, W = Bytes == 64 ? 4 : 2;
    using V = simd<double, Bytes>;
    for (std::size_t k = 0; k < length; k += W * D) {
        V acc[R * W] = {};
        for (std::size_t i = 0; i < n; ++i) {
            V value[W];
            unroll<W>([&](auto w) __attribute__((always_inline)) { load(z + i * stride + k + w * D, value[w]); });
            unroll<R>([&](auto r) __attribute__((always_inline)) {
                double const factor = m[r * n + i];
                unroll<W>([&](auto w) __attribute__((always_inline)) {
                    V product = value[w] * factor;
                    unfused(product, zero);
                    acc[r * W + w] += product;
                });
            });
        }
        unroll<R * W>([&](auto p) __attribute__((always_inline)) {
            simd<C, D * sizeof(C)> rounded;
            if constexpr (sizeof(C) == sizeof(double)) rounded = acc[p];
            else convert(acc[p], rounded);
            rounded += C(0);
            store(rounded, to + p / W * to_stride + k + p % W * D);
        });
    }
}

/// The kernel.  @return whether every value was finite.
template <class T, coordinate_rule<T> A>
[[nodiscard]] bool columns(instruction_set set, std::size_t threads, matrix_view<T const> x,
                           matrix_view<double const> mix, A const& rule, std::span<T> v) {
    using C = compute_t<T>;
    std::size_t const n = mix.rows() ? mix.rows() : x.rows(), d = x.cols();
    rank_range const ranks = rule.ranks(n);
    column_sorter<C> const sorter(n, ranks);
    std::vector<double> weights(n);
    if constexpr (linear_coordinate_rule<A, T>) rule.rank_weights(weights);
    auto const wanted = std::span<double const>(weights).subspan(ranks.first, ranks.last - ranks.first + 1);

    std::vector<double> factors; // of the mixtures, one row behind the other
    for (std::size_t j = 0; j < mix.rows(); ++j) factors.insert(factors.end(), mix.row(j).begin(), mix.row(j).end());

    std::vector<char const*> table(std::max(sorter.rows(), x.rows())); // the rows, and more to ask for in advance
    for (std::size_t i = 0; i < table.size(); ++i)
        table[i] = reinterpret_cast<char const*>(x.row_data(i % x.rows()));

    /// Read at once from each row; then `together` columns at a time are mixed and sorted.
    constexpr std::size_t columns_of_task = 8192, chunk = 512, raw_stride = chunk + 16;
    std::size_t const tasks = (d + columns_of_task - 1) / columns_of_task;
    std::size_t const mixed_together = std::clamp<std::size_t>(std::bit_floor(3072 / (x.rows() + 1)), 64, 256);
    std::size_t const together = mix.rows() ? std::min(sorter.together(), mixed_together) : sorter.together();
    std::size_t const stride = together + 16;
    struct memory {
        std::vector<C> raw = {}, sorted = {};
        std::vector<double> wide = {};
        std::vector<T> out = {};
    };
    std::vector<memory> blocks(threads);
    std::atomic<bool> finite{true};
    parallel::run(tasks, threads, [&](std::size_t number, std::size_t slot) {
        auto &raw = blocks[slot].raw, &sorted = blocks[slot].sorted;
        auto& wide = blocks[slot].wide;
        auto& out = blocks[slot].out;
        if (raw.empty()) {
            raw.resize(std::max(x.rows(), sorter.rows()) * raw_stride);
            sorted.resize(sorter.rows() * stride);
            out.resize(stride);
            if (mix.rows()) wide.resize(x.rows() * stride);
            else sorter.pad(raw.data(), raw_stride);
        }
        std::size_t const begin = number * columns_of_task, end = std::min(d, begin + columns_of_task);
        bool good = true;
        for (std::size_t c = begin; c < end; c += chunk) {
            std::size_t const there = std::min(chunk, end - c), filled = (there + 31) / 32 * 32;
            dispatch(set, [&]<std::size_t Bytes>(width<Bytes>) __attribute__((always_inline)) {
                for (std::size_t i = 0; i < x.rows(); ++i)
                    good &= copy_values<Bytes>(x.row_data(i) + c, there, filled, sorter.asks() ? 0 : chunk,
                                               raw.data() + i * raw_stride);
            });
            for (std::size_t k0 = 0; k0 < there; k0 += together) {
                std::size_t const length = std::min(together, there - k0), whole = (length + 31) / 32 * 32;
                dispatch(set, [&]<std::size_t Bytes>(width<Bytes>) __attribute__((always_inline)) {
                    std::int64_t const zero = opaque_zero();
                    std::size_t const next = c + chunk + k0;
                    soon_columns soon{.rows = table.data(), .at = next * sizeof(T), .element = sizeof(T)};
                    if (next + whole > d) soon.rows = nullptr;
                    if (mix.rows()) {
                        for (std::size_t i = 0; i < x.rows(); ++i)
                            for (std::size_t k = 0; k < whole; k += width<Bytes>::doubles) {
                                simd<double, Bytes> value;
                                read_values(raw.data() + i * raw_stride + k0 + k, value);
                                store(value, wide.data() + i * stride + k);
                            }
                        sorter.pad(sorted.data(), stride);
                        std::size_t j = 0;
                        auto const mixture = [&]<std::size_t R>(std::integral_constant<std::size_t, R>)
                            __attribute__((always_inline)) {
                            mix_rows<Bytes, R>(wide.data(), stride, x.rows(), factors.data() + j * x.rows(), whole,
                                               zero, sorted.data() + j * stride, stride);
                            j += R;
                        };
                        while (j + 4 <= n) mixture(std::integral_constant<std::size_t, 4>{});
                        while (j < n) mixture(std::integral_constant<std::size_t, 1>{});
                        for (j = 0; j < n; ++j)
                            good &= copy_values<Bytes>(sorted.data() + j * stride, length, whole, 0,
                                                       sorted.data() + j * stride);
                        sorter.run(set, sorted.data(), stride, sorted.data(), stride, whole, soon);
                    } else {
                        sorter.run(set, raw.data() + k0, raw_stride, sorted.data(), stride, whole, soon);
                    }
                    if constexpr (linear_coordinate_rule<A, T>) {
                        weigh_rows<Bytes>(sorted.data() + sorter.first_row() * stride, stride, wanted, whole, zero,
                                          out.data());
                        std::copy_n(out.data(), length, v.data() + c + k0);
                    }
                });
                if constexpr (!linear_coordinate_rule<A, T>) { // a user's arithmetic: compiled once, for all sets alike
                    std::vector<C> column(n);
                    for (std::size_t k = 0; k < length; ++k) {
                        for (std::size_t r = ranks.first; r <= ranks.last; ++r)
                            column[r] = sorted[(sorter.first_row() + r - ranks.first) * stride + k];
                        v[c + k0 + k] = T(rule.column(std::span<C const>(column)));
                    }
                }
            }
        }
        if (!good) finite = false;
    });
    return finite;
}

} // namespace btard::host_kernels
