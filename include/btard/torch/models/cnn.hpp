// btard/torch/models/cnn.hpp: a small convolutional network.
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
#include <string>
#include <vector>

namespace btard {

/// x = pool(relu(convolution(x))) for each number of filters, then two affine layers with a relu between.
///
/// Names as in a torchvision VGG, whose layers are numbered with their relus and poolings:
/// `features.0.weight`, `features.3.weight`, ..., `classifier.0.weight`, `classifier.2.weight`, and the
/// biases.  Initial weights as in `mlp`, the inputs of a convolution being channels x kernel x kernel.
///
/// LeCun, Bottou, Bengio, Haffner. Gradient-based Learning Applied to Document Recognition. 1998.
class cnn : public torch::nn::Module {
public:
    using config = cnn_config;

    explicit cnn(cnn_config const& sizes) : c_(sizes) {
        c_.validate();
        std::int64_t in = c_.channels;
        for (std::size_t k = 0; k < c_.filters.size(); ++k) {
            std::string const place = concat("features.", 3 * k);
            std::int64_t const out = c_.filters[k];
            features_.push_back({add_parameter(*this, place + ".weight", {out, in, c_.kernel, c_.kernel}),
                                 add_parameter(*this, place + ".bias", {out}), 1, c_.kernel / 2});
            in = out;
        }
        std::int64_t const left = in * (c_.height >> features_.size()) * (c_.width >> features_.size());
        hidden_ = add_affine(*this, "classifier.0", left, c_.hidden);
        last_ = add_affine(*this, "classifier.2", c_.hidden, c_.classes);
    }

    void initialize(seed from) {
        torch::NoGradGuard const constants;
        fill_by_inputs(*this, from, "classifier.2.weight");
    }

    [[nodiscard]] torch::Tensor logits(image_batch const& batch) const { // -> (images, classes)
        auto x = pixels_of(batch);
        expects(x.size(1) == c_.channels && x.size(2) == c_.height && x.size(3) == c_.width, "images of ",
                x.size(1), " x ", x.size(2), " x ", x.size(3), " bytes, a model for ", c_.channels, " x ",
                c_.height, " x ", c_.width);
        for (auto const& layer : features_) x = torch::max_pool2d(torch::relu(layer(x)), 2);
        return last_(torch::relu(hidden_(x.flatten(1))));
    }

    /// The mean cross-entropy.  The batch must outlive the graph: its vectors are not copied.
    [[nodiscard]] torch::Tensor loss(image_batch const& batch) const {
        return cross_entropy(logits(batch), batch);
    }

private:
    cnn_config c_;
    std::vector<convolution> features_;
    affine hidden_, last_;
};

static_assert(torch_model<cnn, image_batch> && classifier<cnn, image_batch>);

using cnn_learner = module_learner<cnn, image_samples>;

static_assert(measurable<cnn_learner> && divided<cnn_learner>);

} // namespace btard
