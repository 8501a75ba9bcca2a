// SPDX-License-Identifier: Apache-2.0
#include "kernels.hpp"

#include <btard/aggregate/host.hpp>
#include <btard/core/random.hpp>
#include <btard/testing/plain_rows.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

using namespace btard;
using testing::nasty;
using testing::nasty_rows;

TEST_CASE_TEMPLATE("combine: v0 + sum of a_i (x_i - v0), rounded once", T, float, double) {
    for (nasty const& of : fixtures()) {
        nasty_rows<T> const fixture(of);
        auto const x = fixture.view();
        std::size_t const n = of.rows, d = of.cols;
        random_stream draw(derive({}, "coefficients", {n, d}));
        std::vector<double> a(n + 1);
        for (std::size_t i = 0; i < n; ++i) a[i] = i == 1 ? 0 : draw.uniform() / double(n);
        if (n > 5) a[5] *= 1e-30;
        if (n > 7) a[7] *= 1e-30;
        a[n] = n % 2 ? 0 : -0.5;
        auto const v0 = normals<T>(1, d);
        for (bool const centred : {true, false})
            for (auto const set : sets()) {
                auto v = v0;
                double const square =
                    host{1, set}.combine(x, std::span<double const>(a),
                                         centred ? start_point::given : start_point::origin, std::span(v));
                bool close = true;
                long double expected_square = 0;
                for (std::size_t k = 0; k < d; ++k) {
                    long double const from = centred ? v0[k] : 0;
                    long double sum = (1 + static_cast<long double>(a[n])) * from, size = std::abs(sum);
                    for (std::size_t i = 0; i < n; ++i) {
                        sum += a[i] * (x(i, k) - from);
                        size += std::abs(a[i] * (x(i, k) - from));
                    }
                    auto const unit = static_cast<long double>(std::numeric_limits<T>::epsilon()) / 2;
                    long double const tolerance =
                        unit * std::abs(sum) + 40 * 0x1p-53L * size + std::numeric_limits<T>::denorm_min();
                    close = close && std::abs(v[k] - sum) <= tolerance;
                    expected_square += static_cast<long double>(v[k]) * v[k];
                }
                CHECK(close);
                CHECK(square == doctest::Approx(double(expected_square)).epsilon(1e-12));
            }
    }
}

TEST_CASE_TEMPLATE("combine: the same bits for any number of threads and every instruction set", T, float,
                   double) {
    std::size_t const n = 7, d = 50'003;
    auto const data = normals<T>(n, d), v0 = normals<T>(1, d);
    std::vector<double> const a{0.1, 0.2, 0, -0.3, 1.5, 1e-9, 0.25, -0.125};
    for (auto const start : {start_point::given, start_point::origin}) {
        auto first = v0;
        matrix_view<T const> const x(data.data(), n, d);
        double const square = host{1, instruction_set::baseline}.combine(x, std::span<double const>(a), start,
                                                                         std::span(first));
        for (auto const& on : hosts()) {
            auto v = v0;
            CHECK(on.combine(x, std::span<double const>(a), start, std::span(v)) == square);
            CHECK(same_bits(v, first));
        }
    }
}

TEST_CASE_TEMPLATE("combine: a single coefficient of one is a copy, bit for bit", T, float, double) {
    std::size_t const d = 1035;
    nasty_rows<T> const fixture({.rows = 6, .cols = d});
    std::vector<std::vector<T>> rows;
    for (std::size_t i = 0; i < 6; ++i)
        rows.emplace_back(fixture.view().row(i).begin(), fixture.view().row(i).end());
    rows[1][17] = T(-0.0);
    rows[1][1034] = T(-0.0);
    std::vector<T const*> table;
    for (auto const& row : rows) table.push_back(row.data());
    for (auto const set : sets())
        for (std::size_t i = 0; i < 6; ++i) {
            std::vector<double> a(7);
            a[i] = 1;
            std::vector<T> v(d, T(1e10));
            (void)host{2, set}.combine(matrix_view<T const>(std::span<T const* const>(table), d),
                                       std::span<double const>(a), start_point::given, std::span(v));
            CHECK(same_bits(v, rows[i]));
        }
}

TEST_CASE("combine: a row with coefficient zero is skipped, not multiplied") {
    float const nan = std::numeric_limits<float>::quiet_NaN();
    std::vector<float> const x{1, 2, nan, nan};
    std::vector<double> const a{0.5, 0, 0};
    std::vector<float> v{0, 0};
    (void)host{1}.combine(matrix_view<float const>(x.data(), 2, 2), std::span<double const>(a),
                          start_point::given, std::span(v));
    CHECK(v == std::vector<float>{0.5, 1});
}

TEST_CASE("combine: rows of double beyond 1e140 move v no further than the products said") {
    std::vector<double> const x{1e300, -1e300, 1.7e308, 5};
    for (auto const set : sets()) {
        std::vector<double> const a{1e-140, 1e-140, 1e-140, 0, 0};
        std::vector<double> v{1};
        CHECK(std::isfinite(host{1, set}.combine(matrix_view<double const>(x.data(), 4, 1),
                                                 std::span<double const>(a), start_point::given,
                                                 std::span(v))));
        CHECK(v[0] == doctest::Approx(2));
        std::vector<double> const average{0.25, 0.25, 0.25, 0.25,
                                          0}; // around the origin there are no products
        CHECK(std::isfinite(host{1, set}.combine(matrix_view<double const>(x.data(), 4, 1),
                                                 std::span<double const>(average), start_point::origin,
                                                 std::span(v))));
        CHECK(v[0] == 1.7e308 * 0.25);
    }
}

TEST_CASE("combine: starts from the given vector or from the origin") {
    std::vector<float> const x{1};
    std::vector<double> const a{1, 0};
    std::vector<float> v{0};
    CHECK_THROWS_WITH_AS(
        (void)host{1}.combine(matrix_view<float const>(x.data(), 1, 1), std::span<double const>(a),
                              start_point::midpoint, std::span(v)),
        "combine starts from the given vector or from the origin, not from midpoint", contract_violation);
}
