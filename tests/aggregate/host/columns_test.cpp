// SPDX-License-Identifier: Apache-2.0
#include "kernels.hpp"

#include <btard/aggregate/coordinate_median.hpp>
#include <btard/aggregate/host.hpp>
#include <btard/aggregate/trimmed_mean.hpp>
#include <btard/core/random.hpp>
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

namespace {

/// A rule of a user, which is not linear: half the range, when there is one.
struct half_range {
    constexpr rank_range ranks(std::size_t n) const { return {0, n - 1}; }
    template <class T>
    constexpr T column(std::span<T const> sorted) const {
        return sorted.back() / 2 - sorted.front() / 2;
    }
};
static_assert(coordinate_rule<half_range> && !linear_coordinate_rule<half_range>);

} // namespace

TEST_CASE_TEMPLATE("columns: medians bit for bit, means of ranks rounded once", T, float, double) {
    for (nasty const& of : fixtures()) {
        nasty_rows<T> const fixture(of);
        auto const plain = fixture.plain();
        std::size_t const d = of.cols;
        CAPTURE(of.rows);
        CAPTURE(d);
        for (auto const set : sets()) {
            host const on{1, set};
            std::vector<T> v(d);
            auto const is = [&](auto const& rule, double tolerance) {
                CHECK(on.columns(fixture.view(), {}, rule, std::span(v)));
                auto const expected = testing::witness(rule, plain);
                bool close = true;
                for (std::size_t k = 0; k < d; ++k)
                    close = close && std::abs(double(v[k]) - double(T(expected[k]))) <=
                                         tolerance * std::abs(expected[k]);
                return close;
            };
            CHECK(is(coordinate_median{middle::lower}, 0));
            CHECK(is(coordinate_median{middle::upper}, 0));
            CHECK(is(coordinate_median{middle::midpoint}, std::numeric_limits<T>::epsilon()));
            CHECK(on.columns(fixture.view(), {}, half_range{}, std::span(v)));
            bool equal = true;
            for (std::size_t k = 0; k < d; ++k) {
                auto const s = plain.sorted_column(k);
                equal = equal && v[k] == T(s.back()) / 2 - T(s.front()) / 2;
            }
            CHECK(equal);
            if (of.rows < 5) continue;
            std::size_t const f =
                std::min<std::size_t>(2, (of.rows - 1) / 2); // no row of 1e30 is in the mean
            CHECK(on.columns(fixture.view(), {}, trimmed_mean{f}, std::span(v)));
            auto const expected = testing::witness(trimmed_mean{f}, plain);
            bool close = true;
            for (std::size_t k = 0; k < d; ++k)
                close = close && std::abs(double(v[k]) - expected[k]) <= 1e-6 * (1 + std::abs(expected[k]));
            CHECK(close);
        }
    }
}

TEST_CASE_TEMPLATE("columns: of rows that are mixed on the way", T, float, double) {
    std::size_t const n = 9, m = 4;
    for (std::size_t const d : {1u, 37u, 515u, 8'200u}) {
        auto const data = normals<T>(n, d);
        matrix_view<T const> const x(data.data(), n, d);
        small_matrix mix(m, n);
        random_stream draw(derive({}, "mix"));
        for (double& entry : mix.data) entry = draw.below(3) ? draw.normal() : 0;
        std::vector<T> y(m * d);
        for (std::size_t j = 0; j < m; ++j)
            for (std::size_t k = 0; k < d; ++k) {
                double sum = 0;
                for (std::size_t i = 0; i < n; ++i) sum += mix.view()(j, i) * double(x(i, k));
                y[j * d + k] = T(sum);
            }
        std::vector<T> expected(d), v(d);
        CHECK(host{1}.columns(matrix_view<T const>(y.data(), m, d), {}, coordinate_median{},
                              std::span(expected)));
        for (auto const set : sets()) {
            CHECK(host{2, set}.columns(x, std::as_const(mix).view(), coordinate_median{}, std::span(v)));
            bool close = true;
            for (std::size_t k = 0; k < d; ++k) // a rounding of y may fall to the other side
                close = close && std::abs(double(v[k]) - double(expected[k])) <=
                                     4 * std::numeric_limits<T>::epsilon() * 4;
            CHECK(close);
        }
    }
}

TEST_CASE_TEMPLATE("columns: the same bits for any number of threads and every instruction set", T, float,
                   double) {
    std::size_t const n = 10, d = 20'011;
    auto const data = normals<T>(n, d);
    matrix_view<T const> const x(data.data(), n, d);
    small_matrix mix(n, n);
    random_stream draw(derive({}, "mix"));
    for (double& entry : mix.data) entry = draw.uniform();
    auto const compare = [&](auto const& rule, matrix_view<double const> by) {
        std::vector<T> first(d);
        CHECK(host{1, instruction_set::baseline}.columns(x, by, rule, std::span(first)));
        for (auto const& on : hosts()) {
            std::vector<T> v(d);
            CHECK(on.columns(x, by, rule, std::span(v)));
            CHECK(same_bits(v, first));
        }
    };
    compare(trimmed_mean{3}, {});
    compare(coordinate_median{}, std::as_const(mix).view());
    compare(half_range{}, {});
}

TEST_CASE("columns: a zero is a zero, whatever its sign and its place") {
    for (bool const swapped : {false, true}) {
        std::vector<float> x(2 * 39); // whole vectors, and a rest
        std::fill_n(x.begin() + (swapped ? 39 : 0), 39, -0.0f);
        std::vector<float> v(39, 1);
        matrix_view<float const> const rows(x.data(), 2, 39);
        auto const positive = [&] {
            return std::none_of(v.begin(), v.end(), [](float zero) { return std::signbit(zero); });
        };
        for (auto const set : sets()) {
            CHECK(host{1, set}.columns(rows, {}, least_value{}, std::span(v)));
            CHECK(positive());
            CHECK(host{1, set}.columns(rows, {}, coordinate_median{middle::upper}, std::span(v)));
            CHECK(positive());
            small_matrix g(3, 3);
            CHECK(host{1, set}.gram(rows, start_point::lower_median, products::rows, std::span(v), g.view()));
            CHECK(positive());
        }
    }
}
