// btard/torch/tensor.hpp: tensors as the views that the rest of btard speaks.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/matrix_view.hpp>
#include <btard/core/rows.hpp>

#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>
#include <c10/util/StringUtil.h>

#include <cstddef>
#include <span>

namespace btard {

namespace detail {
template <class T>
void check_tensor(at::Tensor const& tensor) {
    constexpr auto wanted = c10::CppTypeToScalarType<T>::value;
    expects(tensor.defined(), "the tensor is undefined");
    expects(tensor.device().is_cpu(), "the tensor is on ", tensor.device().str(), ", not in host memory");
    expects(tensor.scalar_type() == wanted, "the tensor holds ", c10::toString(tensor.scalar_type()), ", not ",
            c10::toString(wanted));
}
} // namespace detail

/// The elements of a contiguous tensor of T in host memory, whatever its shape.
///
/// Like the tensor itself, the span does not remember `const`: two handles share one storage anyway.
template <class T = float>
[[nodiscard]] std::span<T> flat(at::Tensor const& tensor) {
    detail::check_tensor<T>(tensor);
    expects(tensor.is_contiguous(), "the tensor of ", tensor.dim(), " dimensions is not contiguous");
    return {tensor.data_ptr<T>(), static_cast<std::size_t>(tensor.numel())};
}

/// The rows of a matrix of T in host memory: one row per peer.  The rows may be further apart than they are
/// long (a slice of the columns), but each must be contiguous.
template <class T = float>
[[nodiscard]] matrix_view<T const> rows(at::Tensor const& tensor) {
    detail::check_tensor<T>(tensor);
    expects(tensor.dim() == 2, "the tensor has ", tensor.dim(), " dimensions, not 2");
    auto const n = static_cast<std::size_t>(tensor.size(0)), d = static_cast<std::size_t>(tensor.size(1));
    expects(d <= 1 || tensor.stride(1) == 1, "the elements of a row stand ", tensor.stride(1),
            " apart, not 1");
    std::size_t const stride = n <= 1 ? d : static_cast<std::size_t>(tensor.stride(0));
    return {tensor.data_ptr<T>(), n, d, stride};
}

/// Contiguous tensors of T in host memory, one per peer, all of one shape, whatever it is.
template <class T = float>
[[nodiscard]] row_table<T> rows(at::TensorList tensors) {
    row_table<T> table;
    for (at::Tensor const& tensor : tensors) {
        auto const row = flat<T>(tensor);
        expects(tensor.sizes() == tensors[0].sizes(), "tensor ", table.rows(), " has the shape ",
                c10::str(tensor.sizes()), ", tensor 0 has ", c10::str(tensors[0].sizes()));
        table.add(row);
    }
    return table;
}

} // namespace btard
