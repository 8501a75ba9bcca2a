// btard/torch/layers.hpp: what models are made of: parameters with dotted names, affine maps, layer norms.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace btard {

/// Registers zeros under a dotted name, `encoder.layers.0.weight`, making the modules on the way.
///
/// So models have the names of their published checkpoints, whatever the structure of the program.  And
/// `torch::nn::Linear` and its kin would fill their weights from LibTorch's own generator.
inline torch::Tensor add_parameter(torch::nn::Module& root, std::string_view path,
                                   std::vector<std::int64_t> const& shape) {
    torch::nn::Module* place = &root;
    for (std::size_t dot; (dot = path.find('.')) != path.npos; path.remove_prefix(dot + 1)) {
        std::string const name{path.substr(0, dot)};
        auto const children = place->named_children();
        auto const* const child = children.find(name);
        place =
            child ? child->get() : place->register_module(name, std::make_shared<torch::nn::Module>()).get();
    }
    return place->register_parameter(std::string{path}, torch::zeros(shape, torch::kFloat));
}

/// x -> x W^T + b
struct affine {
    torch::Tensor weight, bias; // (out, in), (out)
    torch::Tensor operator()(torch::Tensor const& x) const { return torch::linear(x, weight, bias); }
};

/// x -> weight (x - mean) / sqrt(variance + eps) + bias, over the last dimension
struct layer_norm {
    torch::Tensor weight, bias; // (width)
    double eps = 1e-5;
    torch::Tensor operator()(torch::Tensor const& x) const {
        return torch::layer_norm(x, weight.sizes(), weight, bias, eps);
    }
};

/// Correlates every channel that comes out with all that go in; with a bias or, where that is undefined,
/// without.
struct convolution {
    torch::Tensor weight, bias; // (out, in, kernel, kernel), (out)
    std::int64_t stride = 1, padding = 0;
    torch::Tensor operator()(torch::Tensor const& x) const {
        return torch::conv2d(x, weight, bias, stride, padding);
    }
};

/// Mean and variance (biased) of each channel.
struct moments {
    torch::Tensor mean, variance; // (channels)
};

/// x -> weight (x - mean) / sqrt(variance + eps) + bias, for each channel
///
/// With the moments of the batch itself, or with given ones.  No running averages: they would be a state that
/// belongs neither to the parameters nor to the seed.
struct batch_norm {
    torch::Tensor weight, bias; // (channels)
    double eps = 1e-5;
    torch::Tensor operator()(torch::Tensor const& x) const {
        return torch::batch_norm(x, weight, bias, {}, {}, true, 0, eps, false);
    }
    torch::Tensor operator()(torch::Tensor const& x, moments const& of) const {
        return torch::batch_norm(x, weight, bias, of.mean, of.variance, false, 0, eps, false);
    }
    [[nodiscard]] static moments measure(torch::Tensor const& x) { // constants: no gradient goes through them
        auto const [variance, mean] = torch::var_mean(x.detach(), {0, 2, 3}, false);
        return {mean, variance};
    }
};

/// A vector of integers as a tensor, not copied: it must outlive the tensor and every graph that saw it.
inline torch::Tensor tensor_of(std::vector<std::int64_t> const& values) {
    return torch::from_blob(const_cast<std::int64_t*>(values.data()),
                            {static_cast<std::int64_t>(values.size())}, torch::kLong);
}

} // namespace btard
