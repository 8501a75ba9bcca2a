// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/multi_krum.hpp>
#include <btard/testing/reference.hpp>

#include "run.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <vector>

using namespace btard;

TEST_CASE("multi_krum: one row is krum, all rows are the mean") {
    rows_of<float> const rows(normal_rows(9, 20));
    CHECK(run(any(multi_krum{.byzantine = 2, .selected = 1}), rows.view()).vector ==
          run(any(krum{.byzantine = 2}), rows.view()).vector);
    CHECK(difference(run(any(multi_krum{}), rows.view()).vector, run(any(mean{}), rows.view()).vector) <
          1e-6);
}

TEST_CASE("multi_krum: the rows of the lowest scores, by their weights") {
    auto rows = normal_rows(9, 20);
    rows.w = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    auto const [v, report] = run(any(multi_krum{.byzantine = 2, .selected = 4}), rows_of<double>(rows).view(),
                                 {.weights = rows.w});
    auto order = testing::krum_order(rows, 2, 2);
    order.resize(4);
    double sum = 0;
    for (std::size_t const i : order) sum += rows.w[i];
    for (std::size_t i = 0; i < 9; ++i) {
        bool const in = std::find(order.begin(), order.end(), i) != order.end();
        CHECK(report.coefficients[i] == doctest::Approx(in ? rows.w[i] / sum : 0));
    }
    CHECK(difference(v, testing::witness(multi_krum{.byzantine = 2, .selected = 4}, rows)) < 1e-12);
}

TEST_CASE("multi_krum: n - f rows unless said otherwise, and no row far away among them") {
    auto rows = normal_rows(11, 20);
    for (std::size_t const i : {2u, 5u, 9u}) rows.x[i].assign(20, 1e30);
    auto const report = run(any(multi_krum{.byzantine = 3}), rows_of<float>(rows).view()).report;
    CHECK(std::count(report.coefficients.begin(), report.coefficients.end(), 0.0) == 3);
    for (std::size_t const i : {2u, 5u, 9u}) CHECK(report.coefficients[i] == 0);
}

TEST_CASE("multi_krum: colluders near the honest rows are all in, and move the result") {
    auto rows = normal_rows(11, 100);
    for (std::size_t i = 8; i < 11; ++i) rows.x[i].assign(100, 0.5);
    auto const [v, report] = run(any(multi_krum{.byzantine = 3}), rows_of<float>(rows).view());
    for (std::size_t i = 8; i < 11; ++i) CHECK(report.coefficients[i] == doctest::Approx(1.0 / 8));
    double average = 0; // of the coordinates; of the honest rows it is 0 +- 0.04
    for (float const value : v) average += double(value) / 100;
    CHECK(average > 0.15);
}

TEST_CASE("multi_krum: rows that are lost count among the f, and there are no more selected than there are") {
    rows_of<float> const rows(normal_rows(5, 6));
    auto const report =
        run(any(multi_krum{.byzantine = 2, .selected = 3}), rows.view(), {.weights = {1, 0, 0, 0, 1}}).report;
    CHECK(report.coefficients == std::vector<double>{0.5, 0, 0, 0, 0.5});
    CHECK(multi_krum{.byzantine = 2, .selected = 3}.without(1) == multi_krum{.byzantine = 1, .selected = 3});
}
