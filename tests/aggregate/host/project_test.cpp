// SPDX-License-Identifier: Apache-2.0
#include "kernels.hpp"

#include <btard/aggregate/host.hpp>
#include <btard/core/random.hpp>
#include <btard/testing/plain_rows.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <span>

using namespace btard;
using testing::nasty;
using testing::nasty_rows;

TEST_CASE_TEMPLATE("project: plain sums over the directions and the distances", T, float, double) {
    for (nasty const& of : fixtures()) {
        nasty_rows<T> const fixture(of);
        auto const x = fixture.view();
        std::size_t const n = of.rows, d = of.cols;
        auto const v = normals<T>(1, d);
        directions const z{.from = {9, 4}, .offset = 12'345};
        for (auto const set : sets()) {
            small_matrix out(n, 2);
            host{1, set}.project(x, std::span<T const>(v), z, out.view());
            for (std::size_t i = 0; i < n; ++i) {
                long double dot = 0, size = 0, square = 0;
                for (std::size_t k = 0; k < d; ++k) {
                    long double const difference = T(x(i, k) - v[k]);
                    dot += z.at(k) * difference;
                    size += std::abs(z.at(k) * difference);
                    square += difference * difference;
                }
                CHECK(std::abs(out.view()(i, 0) - dot) <= 1e-13 * size);
                CHECK(out.view()(i, 1) == doctest::Approx(double(std::sqrt(square))).epsilon(1e-13));
            }
        }
    }
}

TEST_CASE_TEMPLATE("project: exact for integers, over many tasks, with the same bits on every host", T, float,
                   double) {
    std::size_t const n = 3, d = 70'001;
    auto const data = integers<T>(n, d), v = integers<T>(1, d);
    directions const z{.from = {1, 2}, .offset = 3};
    matrix_view<T const> const x(data.data(), n, d);
    for (auto const& on : hosts()) {
        small_matrix out(n, 2);
        on.project(x, std::span<T const>(v), z, out.view());
        for (std::size_t i = 0; i < n; ++i) {
            double dot = 0, square = 0;
            for (std::size_t k = 0; k < d; ++k) {
                double const difference = double(x(i, k)) - double(v[k]);
                dot += z.at(k) * difference;
                square += difference * difference;
            }
            CHECK(out.view()(i, 0) == dot);
            CHECK(out.view()(i, 1) == std::sqrt(square));
        }
    }
}
