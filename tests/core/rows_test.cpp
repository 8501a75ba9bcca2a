// SPDX-License-Identifier: Apache-2.0
#include <btard/core/rows.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <deque>
#include <initializer_list>
#include <span>
#include <type_traits>
#include <vector>

using namespace btard;

namespace {

/// What btard asks of a matrix of others, and no more.
template <class T, class Index = std::size_t>
struct small_mdspan {
    T* data;
    std::array<Index, 2> extents, strides;

    static constexpr std::size_t rank() { return 2; }
    [[nodiscard]] Index extent(std::size_t k) const { return extents[k]; }
    [[nodiscard]] Index stride(std::size_t k) const { return strides[k]; }
    [[nodiscard]] T* data_handle() const { return data; }
};
struct cube : small_mdspan<float> {
    static constexpr std::size_t rank() { return 3; }
};

/// A range that makes each row when it is asked for it.
struct rows_on_demand {
    struct iterator {
        std::vector<float> operator*() const { return {1, 2}; }
        iterator& operator++() { return *this; }
        bool operator==(iterator const&) const = default;
    };
    [[nodiscard]] iterator begin() const { return {}; }
    [[nodiscard]] iterator end() const { return {}; }
};
/// The same for rows that are elsewhere.
struct spans_on_demand {
    std::vector<float> const* data;
    struct iterator {
        float const* row;
        std::span<float const> operator*() const { return {row, 2}; }
        iterator& operator++() { return row += 2, *this; }
        bool operator==(iterator const&) const = default;
    };
    [[nodiscard]] iterator begin() const { return {data->data()}; }
    [[nodiscard]] iterator end() const { return {data->data() + data->size()}; }
};

/// A type of a user, with an `as_rows` of its own.
struct peers {
    std::vector<double> all;
};
matrix_view<double const> as_rows(peers const& p) { return {p.all.data(), p.all.size() / 2, 2}; }

template <class R>
constexpr bool gives_float = std::is_same_v<row_element<R>, float>;
static_assert(gives_float<std::vector<std::vector<float>>> && gives_float<matrix_view<float>>);
static_assert(gives_float<std::array<std::span<float const>, 3>>);
static_assert(gives_float<std::vector<std::array<float, 4>>>);
static_assert(gives_float<small_mdspan<float>> && gives_float<small_mdspan<float const, int>>);
static_assert(gives_float<row_table<float>> && gives_float<spans_on_demand>);
static_assert(gives_float<std::initializer_list<std::vector<float>>> && gives_float<float[2][3]>);
static_assert(std::is_same_v<row_element<peers>, double>);
static_assert(!row_source<rows_on_demand>); // its rows are gone when the next one comes
static_assert(!row_source<cube> && !row_source<std::vector<float>>);
static_assert(!row_source<std::vector<std::deque<float>>>);
static_assert(!std::is_convertible_v<row_table<float>, matrix_view<float const>>); // the pointers are gone
static_assert(std::is_convertible_v<row_table<float> const&, matrix_view<float const>>);

} // namespace

TEST_CASE("as_rows: a range of contiguous ranges is seen in place") {
    std::vector<std::vector<float>> x{{1, 2, 3}, {4, 5, 6}};
    auto const table = as_rows(x);
    matrix_view<float const> const view = table;
    CHECK(view.rows() == 2);
    CHECK(view.cols() == 3);
    CHECK(view.row_data(1) == x[1].data());
    x[1][2] = 9;
    CHECK(view(1, 2) == 9);

    std::array<std::span<float const>, 3> const spans{x[1], x[0], x[1]};
    auto const other = as_rows(spans);
    CHECK(other.rows() == 3);
    CHECK(matrix_view<float const>(other).row_data(0) == x[1].data());

    std::vector<float> const flat{1, 2, 3, 4};
    auto const made = as_rows(spans_on_demand{&flat});
    CHECK(matrix_view<float const>(made).row_data(1) == &flat[2]);
}

TEST_CASE("as_rows: rows of unequal length are a mistake of the caller, which names the row") {
    std::vector<std::vector<float>> const x{{1, 2, 3}, {4, 5, 6}, {7, 8}};
    CHECK_THROWS_WITH_AS((void)as_rows(x), "row 2 has 2 elements, row 0 has 3", contract_violation);
    CHECK(as_rows(std::vector<std::vector<float>>{}).rows() == 0);
    CHECK(as_rows(std::vector<std::vector<float>>(3)).cols() == 0);
}

TEST_CASE("as_rows: a matrix of others, its rows a stride apart") {
    std::array<float, 12> data{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    matrix_view<float const> const all = as_rows(small_mdspan<float>{data.data(), {3, 4}, {4, 1}});
    CHECK(all.rows() == 3);
    CHECK(all.cols() == 4);
    CHECK(all.row_data(2) == &data[8]);
    auto const part = as_rows(small_mdspan<float const, int>{&data[1], {2, 2}, {8, 1}});
    CHECK(part.row_data(1) == &data[9]);
    CHECK(part.cols() == 2);

    auto const refusal = [&](small_mdspan<float, int> m) { (void)as_rows(m); };
    CHECK_THROWS_WITH_AS(refusal({data.data(), {4, 3}, {1, 4}}), "the elements of a row stand 4 apart, not 1",
                         contract_violation);
    CHECK_THROWS_WITH_AS(refusal({data.data(), {2, 4}, {-4, 1}}), "the stride is -4, the rows have 4 columns",
                         contract_violation);
    refusal({data.data(), {1, 4}, {0, 1}}); // one row: its stride means nothing
    refusal({data.data(), {4, 1}, {1, 4}}); // one column: likewise
}

TEST_CASE("as_rows: a type may say itself what its rows are") {
    peers const p{{1, 2, 3, 4, 5, 6}};
    CHECK(as_rows(p).rows() == 3);
    static_assert(row_source<peers>);
}
