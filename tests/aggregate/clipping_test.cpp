// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/clipping.hpp>
#include <btard/testing/reference.hpp>

#include "run.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <vector>

using namespace btard;
using testing::plain_rows;

TEST_CASE("clipping: rows longer than the radius are shortened to it, the others stay") {
    plain_rows const rows{{{3, 4}, {0.3, -0.4}, {0, 0}, {-30, 40}}, {1, 2, 1, 1}};
    auto const y = mixed_by(clipping{.radius = 1}, rows);
    CHECK(difference(y.x[0], std::vector<double>{0.6, 0.8}) < 1e-15);
    CHECK(y.x[1] == rows.x[1]);
    CHECK(y.x[2] == rows.x[2]);
    CHECK(difference(y.x[3], std::vector<double>{-0.6, 0.8}) < 1e-14);
    CHECK(y.w == rows.w);
}

TEST_CASE("clipping: no row is longer than the radius afterwards, however long it was") {
    auto rows = normal_rows(9, 30);
    rows.x[2].assign(30, 1e30);
    rows.x[5].assign(30, -1e6);
    rows.x[7].assign(30, 0);
    auto const y = mixed_by(clipping{.radius = 2}, rows),
               expected = testing::mixed_plainly(clipping{.radius = 2}, rows);
    for (std::size_t i = 0; i < 9; ++i) {
        CHECK(testing::distance(y.x[i], std::vector<double>(30)) <= 2 * (1 + 1e-9));
        CHECK(difference(y.x[i], expected.x[i]) < 1e-9);
    }
}

TEST_CASE("clipping: one row moves the mean by at most 2 radius / n, where it moved it anywhere before") {
    auto rows = normal_rows(10, 30);
    auto const v = run(any(mean{}, {clipping{.radius = 2}}), rows_of<double>(rows).view()).vector;
    rows.x[3].assign(30, -1e20);
    auto const moved = run(any(mean{}, {clipping{.radius = 2}}), rows_of<double>(rows).view()).vector;
    CHECK(distance(moved, v) <= 2 * 2.0 / 10 * (1 + 1e-9));
    CHECK(distance(moved, v) > 0.2);
}

TEST_CASE("clipping: to keep the length of an attack is not to withstand its direction") {
    auto rows = normal_rows(10, 4);
    for (auto& row : rows.x) row[0] += 5; // all agree on a direction
    for (std::size_t i = 0; i < 6; ++i)
        for (double& value : rows.x[i]) value *= -1000; // but most of them turn it round
    CHECK(run(any(mean{}, {clipping{.radius = 2}}), rows_of<double>(rows).view()).vector[0] < 0);
}
