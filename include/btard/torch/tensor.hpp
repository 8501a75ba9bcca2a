// btard/torch/tensor.hpp: tensors as the views that the rest of btard speaks.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/matrix_view.hpp>

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <span>

namespace btard {

/// The elements of a contiguous float tensor in host memory, whatever its shape.
///
/// Like the tensor itself, the span does not remember `const`: two handles share one storage anyway.
[[nodiscard]] inline std::span<float> flat(at::Tensor const& tensor) {
    expects(tensor.defined(), "the tensor is undefined");
    expects(tensor.device().is_cpu(), "the tensor is on ", tensor.device().str(), ", not in host memory");
    expects(tensor.scalar_type() == at::kFloat, "the tensor holds ", c10::toString(tensor.scalar_type()),
            ", not Float");
    expects(tensor.is_contiguous(), "the tensor of ", tensor.dim(), " dimensions is not contiguous");
    return {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

/// The rows of a float matrix in host memory: one row per peer.  The rows may be further apart than they are
/// long (a slice of the columns), but each must be contiguous.
[[nodiscard]] inline matrix_view<float const> rows(at::Tensor const& tensor) {
    expects(tensor.defined(), "the tensor is undefined");
    expects(tensor.device().is_cpu(), "the tensor is on ", tensor.device().str(), ", not in host memory");
    expects(tensor.scalar_type() == at::kFloat, "the tensor holds ", c10::toString(tensor.scalar_type()),
            ", not Float");
    expects(tensor.dim() == 2, "the tensor has ", tensor.dim(), " dimensions, not 2");
    auto const n = static_cast<std::size_t>(tensor.size(0)), d = static_cast<std::size_t>(tensor.size(1));
    expects(d <= 1 || tensor.stride(1) == 1, "the elements of a row stand ", tensor.stride(1),
            " apart, not 1");
    std::size_t const stride = n <= 1 ? d : static_cast<std::size_t>(tensor.stride(0));
    return {tensor.data_ptr<float>(), n, d, stride};
}

} // namespace btard
