// btard/torch/models/images.hpp: what the image models share: input, and the scale of first weights.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/data/image_samples.hpp>
#include <btard/torch/layers.hpp>
#include <btard/torch/module.hpp>

#include <torch/nn/module.h>
#include <torch/types.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

namespace btard {

/// The images of a batch, not copied: it must outlive the tensor and every graph that saw it.
[[nodiscard]] inline torch::Tensor
pixels_of(image_batch const& batch) { // -> (images, channels, height, width)
    auto const size = [](std::size_t n) { return static_cast<std::int64_t>(n); };
    auto const& [channels, height, width] = batch.shape;
    return torch::from_blob(const_cast<float*>(batch.pixels.data()),
                            {size(batch.labels.size()), size(channels), size(height), size(width)},
                            torch::kFloat);
}

/// Registers the weight and the bias of an affine map.
[[nodiscard]] inline affine add_affine(torch::nn::Module& root, std::string const& path, std::int64_t in,
                                       std::int64_t out) {
    return {add_parameter(root, path + ".weight", {out, in}), add_parameter(root, path + ".bias", {out})};
}

/// Weights from N(0, 2 / inputs), those called `last` from N(0, 1 / inputs); all that has one dimension zero.
inline void fill_by_inputs(torch::nn::Module& model, seed from, std::string_view last) {
    for (auto const& item : model.named_parameters()) {
        auto const& tensor = item.value();
        if (tensor.dim() < 2) {
            tensor.zero_();
            continue;
        }
        auto const inputs = static_cast<double>(tensor.numel() / tensor.size(0));
        fill_normal(tensor, from, item.key(), std::sqrt((item.key() == last ? 1 : 2) / inputs));
    }
}

} // namespace btard
