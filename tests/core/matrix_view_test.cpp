// SPDX-License-Identifier: Apache-2.0
#include <btard/core/matrix_view.hpp>

#include <doctest/doctest.h>

#include <array>
#include <span>
#include <type_traits>

using namespace btard;

static_assert(std::is_convertible_v<matrix_view<float>, matrix_view<float const>>);
static_assert(!std::is_convertible_v<matrix_view<float const>, matrix_view<float>>);
static_assert(!std::is_convertible_v<matrix_view<float>, matrix_view<double const>>);

TEST_CASE("matrix_view: rows stand one behind the other, or a stride apart") {
    std::array<int, 8> const data{0, 1, 2, 3, 4, 5, 6, 7};
    matrix_view<int const> const dense(data.data(), 2, 4), strided(data.data(), 2, 3, 4);
    CHECK(dense.rows() == 2);
    CHECK(dense.cols() == 4);
    CHECK(dense(1, 0) == 4);
    CHECK(strided(1, 2) == 6);
    CHECK(strided.row(0).size() == 3);
}

TEST_CASE("matrix_view: rows may lie anywhere, so a subset of rows is no copy") {
    std::array<int, 6> data{0, 1, 2, 3, 4, 5};
    std::array<int*, 2> const table{&data[4], &data[0]};
    matrix_view<int> const view(std::span<int* const>(table), 2);
    CHECK(view(0, 1) == 5);
    view(1, 0) = 7;
    CHECK(data[0] == 7);

    matrix_view<int const> const constant = view;
    CHECK(constant.row(1)[0] == 7);
    CHECK(constant.row_data(0) == &data[4]);
}

TEST_CASE("matrix_view: an empty one has no rows") {
    matrix_view<float> const nothing;
    CHECK(nothing.rows() == 0);
    CHECK(nothing.cols() == 0);
}

TEST_CASE("matrix_view: a stride below the number of columns is a mistake of the caller") {
    int const data[4]{};
    CHECK_THROWS_WITH_AS((matrix_view<int const>(data, 2, 3, 2)), "the stride is 2, the rows have 3 columns",
                         contract_violation);
}
