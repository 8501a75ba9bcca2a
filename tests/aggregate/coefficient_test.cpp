// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/clipping.hpp>
#include <btard/aggregate/coefficient.hpp>
#include <btard/aggregate/mixed.hpp>
#include <btard/aggregate/nnm.hpp>

#include "run.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

using namespace btard;
using testing::plain_rows;

TEST_CASE("gram_matrix: distances between rows, and never below zero") {
    plain_rows const rows = normal_rows(4, 9);
    auto const g = products_of(rows, rows.x[1]);
    gram_matrix const seen{g.view(), rows.w};
    CHECK(seen.rows() == 4);
    for (std::size_t i = 0; i < 4; ++i)
        for (std::size_t j = 0; j < 4; ++j)
            CHECK(std::sqrt(seen.squared_distance(i, j)) ==
                  doctest::Approx(testing::distance(rows.x[i], rows.x[j])));
    std::vector<double> const rounded{1, 1.0000001, 0, 1.0000001, 1, 0, 0, 0, 0}; // nearly equal rows
    CHECK(gram_matrix{{rounded.data(), 3, 3}, std::span(rows.w).first(2)}.squared_distance(0, 1) == 0);
}

TEST_CASE("length: that of a combination of the rows") {
    plain_rows const rows = normal_rows(3, 7);
    auto const g = products_of(rows, std::vector<double>(7));
    std::vector<double> const a{2, -1, 0.5, 0};
    std::vector<double> sum(7);
    for (std::size_t i = 0; i < 3; ++i)
        for (std::size_t k = 0; k < 7; ++k) sum[k] += a[i] * rows.x[i][k];
    CHECK(length(std::as_const(g).view(), a) ==
          doctest::Approx(testing::distance(sum, std::vector<double>(7))));
}

TEST_CASE("begin_at: the origin and the weighted mean, seen from v0") {
    plain_rows rows = normal_rows(2, 3);
    rows.w = {1, 3};
    auto const g = products_of(rows, rows.x[0]);
    gram_matrix const seen{g.view(), rows.w};
    std::vector<double> c(3, 7.0);
    begin_at(start_point::origin, seen, c);
    CHECK(c == std::vector<double>{0, 0, -1});
    begin_at(start_point::mean, seen, c);
    CHECK(c == std::vector<double>{0.25, 0.75, 0});
    begin_at(start_point::lower_median, seen, c);
    CHECK(c == std::vector<double>{0, 0, 0});
}

TEST_CASE("mixed_rows: the inner products of M x, also where the rows of M do not sum to one") {
    plain_rows const rows = normal_rows(5, 8);
    std::vector<double> const v0 = normal_rows(1, 8, 3).x[0];
    auto const g = products_of(rows, v0);
    gram_matrix const seen{g.view(), rows.w};
    auto const check = [&](auto const& mixing) {
        mixed_rows const mixed(mixing, seen);
        plain_rows y{std::vector(mixed.weights.size(), std::vector<double>(8)), mixed.weights};
        for (std::size_t j = 0; j < y.n(); ++j)
            for (std::size_t i = 0; i < 5; ++i)
                for (std::size_t k = 0; k < 8; ++k) y.x[j][k] += mixed.mix()(j, i) * rows.x[i][k];
        auto const expected = products_of(y, v0);
        for (std::size_t p = 0; p < expected.data.size(); ++p)
            CHECK(mixed.products.data[p] == doctest::Approx(expected.data[p]).epsilon(1e-12));
    };
    check(nnm{.byzantine = 2});
    check(clipping{.radius = 1});
    check(composed{clipping{.radius = 2}, nnm{.byzantine = 1}});
    check(composed{nnm{.byzantine = 1}, clipping{.radius = 0.5}});
}

TEST_CASE("needs_of, check_rows, without_rows: a rule may leave these members out") {
    struct bare {};
    CHECK(needs_of(bare{}) == products::all);
    check_rows(bare{}, 0);
    static_assert(std::is_same_v<decltype(without_rows(bare{}, 3)), bare>);
    CHECK(needs_of(nnm{}) == products::rows);
    CHECK_THROWS_AS(check_rows(nnm{.byzantine = 3}, 6), contract_violation);
    CHECK(without_rows(nnm{.byzantine = 3}, 2) == nnm{.byzantine = 1});
    CHECK(without_rows(nnm{.byzantine = 3}, 5) == nnm{.byzantine = 0});
}
