// btard/core/rows.hpp: rows as the caller has them, without a copy: vectors, spans, matrices of others.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/matrix_view.hpp>

#include <concepts>
#include <cstddef>
#include <iterator>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace btard {

/// Pointers to rows of one length that lie anywhere: it owns the pointers, and never the elements.
template <class T>
class row_table {
public:
    using value_type = T;

    void add(std::span<T const> row) {
        if (rows_.empty()) cols_ = row.size();
        expects(row.size() == cols_, "row ", rows_.size(), " has ", row.size(), " elements, row 0 has ",
                cols_);
        rows_.push_back(row.data());
    }
    [[nodiscard]] std::size_t rows() const { return rows_.size(); }
    [[nodiscard]] std::size_t cols() const { return cols_; }
    operator matrix_view<T const>() const& { return {std::span<T const* const>(rows_), cols_}; }
    operator matrix_view<T const>() const&& = delete; // the pointers would be gone

private:
    std::vector<T const*> rows_;
    std::size_t cols_ = 0;
};

/// A matrix type of others, of the shape of `std::mdspan`.
template <class M>
concept strided_matrix = requires(M const& m) {
    requires std::is_pointer_v<decltype(m.data_handle())>;
    { m.extent(0) } -> std::integral;
    { m.stride(1) } -> std::integral;
} && (!requires { M::rank(); } || requires { requires M::rank() == 2; });

/// A range of contiguous ranges that are there when the iterator has moved on: it holds them or yields spans.
/// (A range that makes vectors as it goes would leave pointers to nothing.)
template <class R>
concept range_of_rows = requires(R const& r) {
    requires std::is_pointer_v<decltype(std::data(*std::begin(r)))>;
    { std::size(*std::begin(r)) } -> std::integral;
    std::end(r);
    requires std::is_lvalue_reference_v<decltype(*std::begin(r))> ||
                 requires { []<class T, std::size_t N>(std::span<T, N>) {}(*std::begin(r)); };
};

/// Rows in the caller's form as a `matrix_view`, or as a `row_table` where they are no matrix.  No element is
/// copied, and the elements must outlive the result.  A type of yours may have an `as_rows` beside it.
template <class T>
[[nodiscard]] constexpr matrix_view<T const> as_rows(matrix_view<T> rows) {
    return rows;
}
template <class T>
[[nodiscard]] matrix_view<T const> as_rows(row_table<T> const& rows) {
    return rows;
}
template <class T>
void as_rows(row_table<T> const&& rows) = delete;

/// @throws contract_violation if the elements of a row are not side by side
template <strided_matrix M>
[[nodiscard]] constexpr auto as_rows(M const& m) {
    using element = std::remove_pointer_t<decltype(m.data_handle())>;
    auto const n = static_cast<std::size_t>(m.extent(0)), d = static_cast<std::size_t>(m.extent(1));
    expects(d <= 1 || m.stride(1) == 1, "the elements of a row stand ", m.stride(1), " apart, not 1");
    expects(n <= 1 || std::cmp_greater_equal(m.stride(0), d), "the stride is ", m.stride(0),
            ", the rows have ", d, " columns");
    std::size_t const stride = n <= 1 ? d : static_cast<std::size_t>(m.stride(0));
    return matrix_view<element const>(m.data_handle(), n, d, stride);
}

/// @throws contract_violation if the rows differ in length
template <range_of_rows R>
[[nodiscard]] auto as_rows(R const& rows) {
    row_table<std::remove_cvref_t<decltype(*std::data(*std::begin(rows)))>> table;
    for (auto const& row : rows) table.add({std::data(row), static_cast<std::size_t>(std::size(row))});
    return table;
}

/// What the front door of aggregation takes.
template <class R>
concept row_source = requires(R const& rows) { as_rows(rows).rows(); };

/// The type of the elements.
template <row_source R>
using row_element = typename decltype(as_rows(std::declval<R const&>()))::value_type;

} // namespace btard
