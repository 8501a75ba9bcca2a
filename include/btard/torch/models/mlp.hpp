// btard/torch/models/mlp.hpp: layers of perceptrons for images.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/data/image_samples.hpp>
#include <btard/torch/classifier.hpp>
#include <btard/torch/layers.hpp>
#include <btard/torch/learner.hpp>
#include <btard/torch/models/image_configs.hpp>
#include <btard/torch/models/images.hpp>
#include <btard/torch/module.hpp>

#include <torch/nn/module.h>
#include <torch/types.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace btard {

/// x = relu(W x + b) for each hidden layer, logits = W x + b.  Names: `layers.0.weight`, `layers.0.bias`, ...
///
/// Initial weights: N(0, 2 / inputs) before a relu, N(0, 1 / inputs) before the logits; biases zero.
///
/// He, Zhang, Ren, Sun. Delving Deep into Rectifiers. ICCV 2015. https://arxiv.org/abs/1502.01852
class mlp : public torch::nn::Module {
public:
    using config = mlp_config;

    explicit mlp(mlp_config const& sizes) : c_(sizes) {
        c_.validate();
        std::int64_t in = c_.inputs;
        for (std::size_t k = 0; k <= c_.hidden.size(); ++k) {
            std::int64_t const out = k < c_.hidden.size() ? c_.hidden[k] : c_.classes;
            layers_.push_back(add_affine(*this, concat("layers.", k), in, out));
            in = out;
        }
    }

    void initialize(seed from) {
        torch::NoGradGuard const constants;
        fill_by_inputs(*this, from, concat("layers.", c_.hidden.size(), ".weight"));
    }

    [[nodiscard]] torch::Tensor logits(image_batch const& batch) const { // -> (images, classes)
        auto x = pixels_of(batch).flatten(1);
        expects(x.size(1) == c_.inputs, "images of ", x.size(1), " bytes, a model for ", c_.inputs);
        for (std::size_t k = 0; k + 1 < layers_.size(); ++k) x = torch::relu(layers_[k](x));
        return layers_.back()(x);
    }

    /// The mean cross-entropy.  The batch must outlive the graph: its vectors are not copied.
    [[nodiscard]] torch::Tensor loss(image_batch const& batch) const {
        return cross_entropy(logits(batch), batch);
    }

private:
    mlp_config c_;
    std::vector<affine> layers_;
};

static_assert(torch_model<mlp, image_batch> && classifier<mlp, image_batch>);

using mlp_learner = module_learner<mlp, image_samples>;

static_assert(measurable<mlp_learner> && divided<mlp_learner>);

} // namespace btard
