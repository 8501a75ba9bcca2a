// btard/torch/models/image_configs.hpp: the sizes of the image models, without LibTorch.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>

#include <concepts>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <vector>

namespace btard {

namespace detail {
/// Every size of a model is positive.
template <class C>
void expect_sizes(C const& config) {
    C::describe(config, []<class V>(std::string_view field, V const& value, auto&&...) {
        auto const check = [field](std::int64_t size) {
            expects(size > 0, field, " = ", size, "; every size of a model is positive");
        };
        if constexpr (std::same_as<V, std::int64_t>) check(value);
        else
            for (std::int64_t const size : value) check(size);
    });
}
} // namespace detail

/// Layers of perceptrons.  The defaults fit MNIST and its kin, with 101,770 parameters.
struct mlp_config {
    std::int64_t inputs = 784;             ///< bytes of an image
    std::vector<std::int64_t> hidden{128}; ///< width of each hidden layer; none: logistic regression
    std::int64_t classes = 10;

    static constexpr auto name = "mlp";
    static constexpr auto summary = "layers of perceptrons";
    static constexpr void describe(auto& self, auto&& field) {
        field("inputs", self.inputs, "bytes of an image");
        field("hidden", self.hidden, "width of each hidden layer; none: logistic regression");
        field("classes", self.classes, "of what is shown");
    }
    friend bool operator==(mlp_config const&, mlp_config const&) = default;

    void validate() const { detail::expect_sizes(*this); }
};

/// A small convolutional network.  The defaults fit MNIST and its kin, with 215,370 parameters.
struct cnn_config {
    std::int64_t channels = 1;
    std::int64_t height = 28;                  ///< pixels of an image
    std::int64_t width = 28;                   ///< pixels of an image
    std::vector<std::int64_t> filters{16, 32}; ///< of each convolution; each is followed by pooling, 2 x 2
    std::int64_t kernel = 5;                   ///< pixels, an odd number
    std::int64_t hidden = 128;                 ///< width of the hidden layer behind them
    std::int64_t classes = 10;

    static constexpr auto name = "cnn";
    static constexpr auto summary = "a small convolutional network";
    static constexpr void describe(auto& self, auto&& field) {
        field("channels", self.channels, "of an image");
        field("height", self.height, "pixels of an image");
        field("width", self.width, "pixels of an image");
        field("filters", self.filters, "of each convolution; each is followed by pooling, 2 x 2");
        field("kernel", self.kernel, "pixels, an odd number");
        field("hidden", self.hidden, "width of the hidden layer behind them");
        field("classes", self.classes, "of what is shown");
    }
    friend bool operator==(cnn_config const&, cnn_config const&) = default;

    void validate() const {
        detail::expect_sizes(*this);
        expects(!filters.empty(), "no filters: without a convolution, take an mlp");
        expects(kernel % 2 == 1, "kernel = ", kernel, "; only an odd one has a middle");
        expects(height >> filters.size() > 0 && width >> filters.size() > 0, "nothing is left of ", height,
                " x ", width, " pixels after ", filters.size(), " times pooling");
    }
};

/// ResNet-18 for small images: a 3 x 3 convolution first, and no pooling before the blocks.  11,173,962
/// parameters.
struct resnet18_config {
    std::int64_t channels = 3;
    std::int64_t width =
        64; ///< channels of the first of four stages; each has twice as many as the one before
    std::int64_t classes = 10;
    double batch_norm_eps = 1e-5;

    static constexpr auto name = "resnet18";
    static constexpr auto summary = "ResNet-18 for small images";
    static constexpr void describe(auto& self, auto&& field) {
        field("channels", self.channels, "of an image");
        field("width", self.width,
              "channels of the first of four stages; each has twice as many as the one before");
        field("classes", self.classes, "of what is shown");
        field("batch_norm_eps", self.batch_norm_eps, "added to variances");
    }
    friend bool operator==(resnet18_config const&, resnet18_config const&) = default;

    void validate() const {
        for (std::int64_t const size : {channels, width, classes})
            expects(size > 0, "a ResNet with a size of ", size, "; every size of a model is positive");
        expects(batch_norm_eps > 0, "batch_norm_eps is ", batch_norm_eps, ", it must be positive");
    }
};

} // namespace btard
