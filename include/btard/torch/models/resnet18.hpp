// btard/torch/models/resnet18.hpp: ResNet-18 for CIFAR-10, with the parameter names of torchvision's.
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

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace btard {

/// Four stages of two residual blocks, and the mean over the pixels.
///
///     y = bn2(conv2(relu(bn1(conv1(x))))),   x = relu(y + x)
///
/// with downsample(x), a 1 x 1 convolution and bn, for x where sizes change.
///
/// Here, after the CIFAR variant in common use: conv1 is 3 x 3 with stride 1, and no pooling follows it.
///
/// Batch normalisation keeps no running statistics, which would make the gradient depend on what was computed
/// before.  A gradient takes the moments of its own batch (as torch does in training); an evaluation those of
/// a fixed calibration batch under the very parameters that are judged (`statistics`), so that it too is a
/// function of the parameters, and the prediction for an image does not depend on the images beside it.
///
/// He, Zhang, Ren, Sun. Deep Residual Learning for Image Recognition. CVPR 2016.
/// https://arxiv.org/abs/1512.03385
class resnet18 : public torch::nn::Module {
public:
    using config = resnet18_config;

    explicit resnet18(resnet18_config const& sizes) : c_(sizes) {
        c_.validate();
        conv1_ = convolution_at("conv1", c_.channels, c_.width, 3, 1);
        norm1_ = norm_at("bn1", c_.width);
        std::int64_t in = c_.width;
        for (std::int64_t stage = 1; stage <= 4; ++stage) {
            std::int64_t const out = c_.width << (stage - 1);
            for (std::int64_t number = 0; number < 2; ++number) {
                std::string const place = concat("layer", stage, ".", number, ".");
                std::int64_t const stride = stage > 1 && number == 0 ? 2 : 1;
                block& made = blocks_.emplace_back();
                made.conv1 = convolution_at(place + "conv1", in, out, 3, stride);
                made.norm1 = norm_at(place + "bn1", out);
                made.conv2 = convolution_at(place + "conv2", out, out, 3, 1);
                made.norm2 = norm_at(place + "bn2", out);
                if (stride > 1) {
                    made.shortcut = convolution_at(place + "downsample.0", in, out, 1, stride);
                    made.shortcut_norm = norm_at(place + "downsample.1", out);
                }
                in = out;
            }
        }
        last_ = add_affine(*this, "fc", in, c_.classes);
    }

    /// Convolutions from N(0, 2 / (filters x kernel x kernel)), as in torchvision; fc from N(0, 1 / inputs);
    /// batch normalisation 1 and 0.
    void initialize(seed from) {
        torch::NoGradGuard const constants;
        for (auto const& item : named_parameters()) {
            auto const& tensor = item.value();
            if (tensor.dim() == 1) {
                tensor.fill_(item.key().ends_with(".weight") ? 1 : 0);
                continue;
            }
            bool const convolves = tensor.dim() == 4; // (out, in, kernel, kernel), fc: (out, in)
            auto const inputs = double(tensor.size(1)), outputs = double(tensor.numel()) / inputs;
            fill_normal(tensor, from, item.key(), std::sqrt(convolves ? 2 / outputs : 1 / inputs));
        }
    }

    /// With the moments of the batch itself.
    [[nodiscard]] torch::Tensor logits(image_batch const& batch) const { // -> (images, classes)
        return forward(batch, [](batch_norm const& norm, torch::Tensor const& x) { return norm(x); });
    }

    /// With the moments of another batch: see `statistics`.
    [[nodiscard]] torch::Tensor logits(image_batch const& batch, std::vector<moments> const& given) const {
        std::size_t const normalisations = 1 + 2 * blocks_.size() + 3;
        expects(given.size() == normalisations, "moments for ", given.size(),
                " normalisations, the model has ", normalisations);
        auto next = given.begin();
        return forward(batch,
                       [&](batch_norm const& norm, torch::Tensor const& x) { return norm(x, *next++); });
    }

    /// What each batch normalisation sees of a batch, in the order in which they work.
    [[nodiscard]] std::vector<moments> statistics(image_batch const& batch) const {
        std::vector<moments> seen;
        (void)forward(batch, [&](batch_norm const& norm, torch::Tensor const& x) {
            return norm(x, seen.emplace_back(batch_norm::measure(x)));
        });
        return seen;
    }

    /// The mean cross-entropy.  The batch must outlive the graph: its vectors are not copied.
    [[nodiscard]] torch::Tensor loss(image_batch const& batch) const {
        return cross_entropy(logits(batch), batch);
    }

private:
    struct block {
        convolution conv1, conv2, shortcut; // no shortcut where sizes stay
        batch_norm norm1, norm2, shortcut_norm;
    };

    template <class Normalize>
    torch::Tensor forward(image_batch const& batch, Normalize normalize) const {
        auto x = pixels_of(batch);
        expects(x.size(1) == c_.channels, "images of ", x.size(1), " channels, a model for ", c_.channels);
        x = torch::relu(normalize(norm1_, conv1_(x)));
        for (auto const& b : blocks_) {
            auto const inner = torch::relu(normalize(b.norm1, b.conv1(x)));
            auto const y = normalize(b.norm2, b.conv2(inner));
            x = torch::relu(y +
                            (b.shortcut.weight.defined() ? normalize(b.shortcut_norm, b.shortcut(x)) : x));
        }
        return last_(x.mean({2, 3}));
    }

    convolution convolution_at(std::string const& path, std::int64_t in, std::int64_t out,
                               std::int64_t kernel, std::int64_t stride) {
        return {add_parameter(*this, path + ".weight", {out, in, kernel, kernel}), {}, stride, kernel / 2};
    }
    batch_norm norm_at(std::string const& path, std::int64_t channels) {
        return {add_parameter(*this, path + ".weight", {channels}),
                add_parameter(*this, path + ".bias", {channels}), c_.batch_norm_eps};
    }

    resnet18_config c_;
    convolution conv1_;
    batch_norm norm1_;
    std::vector<block> blocks_;
    affine last_;
};

static_assert(torch_model<resnet18, image_batch> && calibrated_classifier<resnet18, image_batch>);

/// ResNet-18 on images: `resnet18_learner{{}, image_samples{read_cifar10_folder(path), cifar10_sampling}}`.
using resnet18_learner = module_learner<resnet18, image_samples>;

static_assert(measurable<resnet18_learner> && divided<resnet18_learner>);

} // namespace btard
