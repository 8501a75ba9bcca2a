// SPDX-License-Identifier: Apache-2.0
#include "kernels.hpp"

#include <btard/aggregate/coordinate_median.hpp>
#include <btard/aggregate/host.hpp>
#include <btard/aggregate/trimmed_mean.hpp>
#include <btard/testing/plain_rows.hpp>
#include <btard/testing/reference.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

using namespace btard;
using testing::nasty;
using testing::nasty_rows;

TEST_CASE_TEMPLATE("gram: the centred inner products of plain loops, for every instruction set", T, float,
                   double) {
    for (nasty const& of : fixtures()) {
        nasty_rows<T> const fixture(of);
        auto const x = fixture.view();
        std::size_t const n = of.rows, d = of.cols;
        CAPTURE(n);
        CAPTURE(d);
        auto const plain = fixture.plain();
        for (auto const middle : {middle::lower, middle::upper, middle::midpoint}) {
            start_point const start = middle == middle::lower   ? start_point::lower_median
                                      : middle == middle::upper ? start_point::upper_median
                                                                : start_point::midpoint;
            auto const median = testing::witness(coordinate_median{middle}, plain);
            std::vector<T> const v0(median.begin(), median.end());
            small_matrix expected(n + 1, n + 1), sizes(n + 1, n + 1);
            for (std::size_t i = 0; i <= n; ++i)
                for (std::size_t j = 0; j <= i; ++j) {
                    long double sum = 0, size = 0;
                    for (std::size_t k = 0; k < d; ++k) {
                        T const zi = i < n ? T(x(i, k) - v0[k]) : v0[k],
                                zj = j < n ? T(x(j, k) - v0[k]) : v0[k];
                        sum += static_cast<long double>(zi) * zj;
                        size += std::abs(static_cast<long double>(zi) * zj);
                    }
                    expected.view()(i, j) = expected.view()(j, i) = double(sum);
                    sizes.view()(i, j) = sizes.view()(j, i) = double(size);
                }
            for (auto const set : sets()) {
                std::vector<T> v(d, T(77));
                small_matrix g(n + 1, n + 1);
                bool const finite = host{1, set}.gram(x, start, products::all, std::span(v), g.view());
                CHECK(finite);
                CHECK(v == v0);
                bool close = true;
                for (std::size_t p = 0; p < g.data.size(); ++p)
                    close = close && std::abs(g.data[p] - expected.data[p]) <= 1e-13 * sizes.data[p];
                CHECK(close);
            }
            if (of.offset != 0) break; // once is enough
        }
    }
}

TEST_CASE("gram: a product of two differences of floats is exact, from denormal numbers to the largest") {
    std::vector<float> const values{1e-45f, -1.17e-38f, 0.1f, -3, 16777215, 1e30f, -3.4e38f, 0};
    std::vector<float> const zero{0};
    matrix_view<float const> const x(values.data(), values.size(), 1);
    for (auto const set : sets()) {
        std::vector<float> v = zero;
        small_matrix g(9, 9);
        CHECK(host{1, set}.gram(x, start_point::given, products::all, std::span(v), g.view()));
        for (std::size_t i = 0; i < 8; ++i)
            for (std::size_t j = 0; j < 8; ++j)
                CHECK(g.view()(i, j) == double(values[i]) * double(values[j]));
        CHECK(v == zero);
    }
}

TEST_CASE_TEMPLATE("gram: sums of integers are exact, over many chunks and tasks", T, float, double) {
    std::size_t const n = 6, d = 20'011;
    auto const data = integers<T>(n, d);
    matrix_view<T const> const x(data.data(), n, d);
    for (auto const& on : hosts()) {
        std::vector<T> v(d);
        small_matrix g(n + 1, n + 1);
        CHECK(on.gram(x, start_point::row(2), products::all, std::span(v), g.view()));
        CHECK(std::equal(v.begin(), v.end(), x.row(2).begin()));
        for (std::size_t i = 0; i <= n; ++i)
            for (std::size_t j = 0; j <= i; ++j) {
                double sum = 0;
                for (std::size_t k = 0; k < d; ++k)
                    sum +=
                        (i < n ? x(i, k) - x(2, k) : x(2, k)) * double(j < n ? x(j, k) - x(2, k) : x(2, k));
                CHECK(g.view()(i, j) == sum);
            }
    }
}

TEST_CASE_TEMPLATE("gram: the same bits for any number of threads and every instruction set", T, float,
                   double) {
    for (auto const& [n, d] : {std::pair{11u, 20'011u}, {4u, 9'000u}, {3u, 70'001u}, {1u, 16'385u}}) {
        auto const data = normals<T>(n, d);
        matrix_view<T const> const x(data.data(), n, d);
        small_matrix first(n + 1, n + 1);
        std::vector<T> v_first(d);
        CHECK(host{1, instruction_set::baseline}.gram(x, start_point::midpoint, products::all,
                                                      std::span(v_first), first.view()));
        for (auto const& on : hosts()) {
            small_matrix g(n + 1, n + 1);
            std::vector<T> v(d);
            CHECK(on.gram(x, start_point::midpoint, products::all, std::span(v), g.view()));
            CHECK(same_bits(g.data, first.data));
            CHECK(same_bits(v, v_first));
        }
    }
}

namespace {

/// Rows that do not meet, but in the last column.
std::size_t wrong_products(std::size_t n, std::size_t d) {
    std::vector<float> data(n * d);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t k = i; k < d; k += n) data[i * d + k] = float(i + 1);
    for (std::size_t i = 0; i < n; ++i) data[i * d + d - 1] = 1;
    matrix_view<float const> const x(data.data(), n, d);
    std::vector<float> v(d);
    small_matrix g(n + 1, n + 1);
    CHECK(host{2}.gram(x, start_point::given, products::rows, std::span(v), g.view()));
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) {
            double expected = 1;
            if (i == j)
                for (std::size_t k = i; k < d - 1; k += n) expected += double(i + 1) * double(i + 1);
            wrong += g.view()(i, j) != expected;
        }
    return wrong;
}

} // namespace

TEST_CASE("gram: more than one wave of tasks") {
    CHECK(wrong_products(16, 65 * 8192 + 5) == 0); // sums of 64 tasks are held at a time
}

TEST_CASE("gram: many rows, more than one wave of tasks" * doctest::test_suite("many rows")) {
    CHECK(wrong_products(600, 2 * 8192 + 5) == 0); // of two
}

TEST_CASE("gram: what was not asked for is zero, what was asked for has the same bits") {
    nasty_rows<float> const fixture({.rows = 7, .cols = 100});
    small_matrix all(8, 8), rows(8, 8), diagonal(8, 8);
    std::vector<float> v(100);
    host const on{1};
    CHECK(on.gram(fixture.view(), start_point::lower_median, products::all, std::span(v), all.view()));
    CHECK(on.gram(fixture.view(), start_point::lower_median, products::rows, std::span(v), rows.view()));
    CHECK(on.gram(fixture.view(), start_point::lower_median, products::diagonal, std::span(v),
                  diagonal.view()));
    for (std::size_t i = 0; i < 8; ++i)
        for (std::size_t j = 0; j < 8; ++j) {
            CHECK(rows.view()(i, j) == (i < 7 && j < 7 ? all.view()(i, j) : 0));
            CHECK(diagonal.view()(i, j) == (i < 7 && i == j ? all.view()(i, j) : 0));
        }
}

TEST_CASE_TEMPLATE("gram, columns, add_row: notice one value that is not finite, wherever it stands", T,
                   float, double) {
    constexpr T infinity = std::numeric_limits<T>::infinity();
    std::size_t const n = 5, d = 1061;
    for (T const bad : {infinity, -infinity, std::numeric_limits<T>::quiet_NaN()})
        for (std::size_t const k : {0u, 1u, 8u, 511u, 512u, 1055u, 1056u, 1060u})
            for (auto const set : sets()) {
                auto data = normals<T>(n, d);
                data[3 * d + k] = bad;
                matrix_view<T const> const x(data.data(), n, d);
                std::vector<T> v(d);
                small_matrix g(n + 1, n + 1);
                host const on{1, set};
                CHECK_FALSE(on.gram(x, start_point::lower_median, products::rows, std::span(v), g.view()));
                CHECK_FALSE(on.gram(x, start_point::midpoint, products::diagonal, std::span(v), g.view()));
                std::fill(v.begin(), v.end(), T(0));
                CHECK_FALSE(on.gram(x, start_point::given, products::rows, std::span(v), g.view()));
                CHECK(v == std::vector<T>(d)); // given, and left alone
                CHECK_FALSE(on.columns(x, {}, trimmed_mean{1}, std::span(v)));
                flags const nobody(n);
                CHECK_FALSE(on.add_row(x, nobody.view(), 3, std::span<T const>(v), g.view()));
                CHECK(on.add_row(x, nobody.view(), 2, std::span<T const>(v), g.view()));
                std::vector<double> const a{0.2, 0.2, 0.2, 0.2, 0.2, 0};
                CHECK_FALSE(std::isfinite(
                    on.combine(x, std::span<double const>(a), start_point::origin, std::span(v))));
            }
}
