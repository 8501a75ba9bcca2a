// btard/core/matrix_view.hpp: one row per peer, one column per coordinate; non-owning, host memory.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>

#include <cstddef>
#include <span>
#include <type_traits>

namespace btard {

/// A view of rows of equal length.  The rows are contiguous; they stand `stride` elements apart, or anywhere
/// when a table of row pointers is given (so rows need not be one matrix, and a subset of rows is no copy).
///
/// A view converts to a view of constants.  It never owns, never allocates and is cheap to copy.
template <class T>
class matrix_view {
public:
    using value_type = std::remove_cv_t<T>;

    constexpr matrix_view() = default;

    /// Rows one behind the other: data[i * cols + k].
    constexpr matrix_view(T* data, std::size_t rows, std::size_t cols) : matrix_view(data, rows, cols, cols) {}

    /// Rows `stride` elements apart: data[i * stride + k].
    constexpr matrix_view(T* data, std::size_t rows, std::size_t cols, std::size_t stride)
        : data_(data), rows_(rows), cols_(cols), stride_(stride) {
        expects(stride >= cols, "the stride is ", stride, ", the rows have ", cols, " columns");
    }

    /// Rows anywhere: table[i] + k.  The table must outlive the view.
    constexpr matrix_view(std::span<T* const> table, std::size_t cols)
        : table_(table.data()), rows_(table.size()), cols_(cols), stride_(cols) {}

    /// A view of the same elements as constants.
    template <class U>
        requires std::is_same_v<U const, T> && (!std::is_const_v<U>)
    constexpr matrix_view(matrix_view<U> const& other)
        : data_(other.data_), table_(other.table_), rows_(other.rows_), cols_(other.cols_),
          stride_(other.stride_) {}

    [[nodiscard]] constexpr std::size_t rows() const { return rows_; }
    [[nodiscard]] constexpr std::size_t cols() const { return cols_; }

    [[nodiscard]] constexpr T* row_data(std::size_t i) const { return table_ ? table_[i] : data_ + i * stride_; }
    [[nodiscard]] constexpr std::span<T> row(std::size_t i) const { return {row_data(i), cols_}; }
    [[nodiscard]] constexpr T& operator()(std::size_t i, std::size_t k) const { return row_data(i)[k]; }

private:
    template <class>
    friend class matrix_view;

    T* data_ = nullptr;
    T* const* table_ = nullptr;
    std::size_t rows_ = 0;
    std::size_t cols_ = 0;
    std::size_t stride_ = 0;
};

} // namespace btard
