// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/nnm.hpp>
#include <btard/testing/reference.hpp>

#include "run.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <vector>

using namespace btard;
using testing::plain_rows;

namespace {

/// sum over some rows of |x - their mean|^2
double spread(plain_rows const& rows, std::size_t count) {
    plain_rows some{{rows.x.begin(), rows.x.begin() + std::ptrdiff_t(count)},
                    std::vector<double>(count, 1.0)};
    auto const centre = testing::witness(mean{}, some);
    double sum = 0;
    for (auto const& row : some.x) sum += testing::distance(row, centre) * testing::distance(row, centre);
    return sum;
}

} // namespace

TEST_CASE("nnm: every row becomes the mean of its n - f nearest rows, itself included") {
    plain_rows const rows{{{0}, {1}, {3}, {7}, {100}}, {1, 1, 1, 1, 2}};
    auto const y = mixed_by(nnm{.byzantine = 2}, rows);
    CHECK(y.x[0][0] == doctest::Approx(4.0 / 3)); // 0 1 3
    CHECK(y.x[1][0] == doctest::Approx(4.0 / 3));
    CHECK(y.x[2][0] == doctest::Approx(4.0 / 3));
    CHECK(y.x[3][0] == doctest::Approx(11.0 / 3));  // 7 3 1
    CHECK(y.x[4][0] == doctest::Approx(110.0 / 3)); // 100 7 3
    CHECK(y.w == rows.w);
}

TEST_CASE("nnm: of two rows at the same distance the lower one is nearer, and a row is nearest to itself") {
    plain_rows const rows{{{-1}, {0}, {1}}, {1, 1, 1}};
    CHECK(mixed_by(nnm{.byzantine = 1}, rows).x[1][0] == -0.5);
    plain_rows const equal{{{5}, {5}, {5}, {1}}, {1, 1, 1, 1}};
    auto const g = products_of(equal, {5});
    small_matrix m(4, 4);
    std::vector<double> w(4);
    nnm{.byzantine = 3}.mix({std::as_const(g).view(), equal.w}, m.view(), w);
    for (std::size_t i = 0; i < 4; ++i)
        for (std::size_t j = 0; j < 4; ++j) CHECK(m.view()(i, j) == (i == j));
}

TEST_CASE("nnm: equal to the rows that were really mixed") {
    for (std::size_t const n : {1u, 2u, 3u, 5u, 11u, 17u}) {
        plain_rows const rows = normal_rows(n, 9, n);
        for (std::size_t f = 0; 2 * f < n; ++f) {
            auto const y = mixed_by(nnm{.byzantine = f}, rows),
                       expected = testing::mixed_plainly(nnm{.byzantine = f}, rows);
            for (std::size_t i = 0; i < n; ++i) CHECK(difference(y.x[i], expected.x[i]) < 1e-13);
        }
    }
}

TEST_CASE("nnm: honest rows come closer to each other, and rows far away do not reach them") {
    auto rows = normal_rows(16, 40);
    for (std::size_t i = 11; i < 16; ++i) rows.x[i].assign(40, 1e6);
    auto const y = mixed_by(nnm{.byzantine = 5}, rows);
    CHECK(spread(y, 11) < 0.01 * spread(rows, 11)); // each is the mean of the same 11 rows, here
    for (std::size_t i = 0; i < 11; ++i)
        CHECK(testing::distance(y.x[i], std::vector<double>(40)) <
              testing::distance(rows.x[i], std::vector<double>(40)));
}

TEST_CASE("nnm: with one far row more than f, the far rows reach all") {
    auto rows = normal_rows(16, 40);
    for (std::size_t i = 10; i < 16; ++i) rows.x[i].assign(40, 1e6);
    auto const y = mixed_by(nnm{.byzantine = 5}, rows);
    for (std::size_t i = 0; i < 16; ++i) CHECK(testing::distance(y.x[i], std::vector<double>(40)) > 1e5);
}
