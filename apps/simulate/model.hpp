// apps/simulate/model.hpp: what learns: an ALBERT from a text, an MLP, a CNN or a ResNet-18 from images.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/policy_text.hpp>
#include <btard/data/image_set.hpp>
#include <btard/torch/models/albert_config.hpp>
#include <btard/torch/models/image_configs.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace btard::apps {

/// `albert:nano`, `albert:base{.hidden = 96}`; or `albert{...}`: what it leaves out is as in `albert:nano`.
struct albert_model : albert_config {
    albert_model() : albert_config(albert_by_name("nano")) {}
    explicit albert_model(albert_config const& sizes) : albert_config(sizes) {}
    friend bool operator==(albert_model const&, albert_model const&) = default;

    [[nodiscard]] static albert_model from_tree(policy_tree const& tree) {
        std::string_view const word = tree.word, prefix = "albert:";
        albert_model model;
        if (word.starts_with(prefix)) model = albert_model{albert_by_name(word.substr(prefix.size()))};
        else if (word != name || tree.quoted)
            tree.refuse(concat("there is no model '", word, "'"), "albert:nano");
        if (!tree.arguments.empty()) tree.refuse("a model has no parentheses", "albert:nano{.hidden = 96}");
        assign_fields(tree, model);
        return model;
    }
};

/// What a model of images takes from the data.
struct image_sizes {
    image_shape shape{};
    std::int64_t classes = 10;
};

/// A size that follows from the data; who gives it must give the same.
using size_of_data = std::optional<std::int64_t>;
[[nodiscard]] inline std::int64_t fitted(size_of_data given, auto of_data, std::string_view what) {
    auto const needed = static_cast<std::int64_t>(of_data);
    expects(!given || *given == needed, "--model: ", what, " = ", given.value_or(0), ", the data have ",
            needed);
    return needed;
}

struct mlp_model {
    std::vector<std::int64_t> hidden = mlp_config{}.hidden;
    size_of_data inputs = {}, classes = {};

    static constexpr auto name = mlp_config::name;
    static constexpr auto summary = mlp_config::summary;
    static constexpr void describe(auto& self, auto&& field) {
        field("hidden", self.hidden, "width of each hidden layer; none: logistic regression");
        field("inputs", self.inputs, "bytes of an image; absent: as in the data");
        field("classes", self.classes, "of what is shown; absent: as in the data");
    }
    friend bool operator==(mlp_model const&, mlp_model const&) = default;

    void validate() const { mlp_config{inputs.value_or(1), hidden, classes.value_or(1)}.validate(); }

    [[nodiscard]] mlp_config sizes(image_sizes const& of) const {
        return {fitted(inputs, of.shape.size(), "inputs"), hidden, fitted(classes, of.classes, "classes")};
    }
};

struct cnn_model {
    std::vector<std::int64_t> filters = cnn_config{}.filters;
    std::int64_t kernel = cnn_config{}.kernel, hidden = cnn_config{}.hidden;
    size_of_data channels = {}, height = {}, width = {}, classes = {};

    static constexpr auto name = cnn_config::name;
    static constexpr auto summary = cnn_config::summary;
    static constexpr void describe(auto& self, auto&& field) {
        field("filters", self.filters, "of each convolution; each is followed by pooling, 2 x 2");
        field("kernel", self.kernel, "pixels, an odd number");
        field("hidden", self.hidden, "width of the hidden layer behind them");
        field("channels", self.channels, "of an image; absent: as in the data");
        field("height", self.height, "pixels of an image; absent: as in the data");
        field("width", self.width, "pixels of an image; absent: as in the data");
        field("classes", self.classes, "of what is shown; absent: as in the data");
    }
    friend bool operator==(cnn_model const&, cnn_model const&) = default;

    /// Whether the poolings fit images of unknown size shows only with the data.
    void validate() const {
        expects(filters.size() < 32, filters.size(), " convolutions; 31 at most");
        std::int64_t const large = std::int64_t{1} << 40;
        cnn_config{
            channels.value_or(1), height.value_or(large), width.value_or(large), filters, kernel, hidden,
            classes.value_or(1)}
            .validate();
    }

    [[nodiscard]] cnn_config sizes(image_sizes const& of) const {
        return {fitted(channels, of.shape.channels, "channels"),
                fitted(height, of.shape.height, "height"),
                fitted(width, of.shape.width, "width"),
                filters,
                kernel,
                hidden,
                fitted(classes, of.classes, "classes")};
    }
};

struct resnet18_model {
    std::int64_t width = resnet18_config{}.width;
    double batch_norm_eps = resnet18_config{}.batch_norm_eps;
    size_of_data channels = {}, classes = {};

    static constexpr auto name = resnet18_config::name;
    static constexpr auto summary = resnet18_config::summary;
    static constexpr void describe(auto& self, auto&& field) {
        field("width", self.width,
              "channels of the first of four stages; each has twice as many as the one before");
        field("batch_norm_eps", self.batch_norm_eps, "added to variances");
        field("channels", self.channels, "of an image; absent: as in the data");
        field("classes", self.classes, "of what is shown; absent: as in the data");
    }
    friend bool operator==(resnet18_model const&, resnet18_model const&) = default;

    void validate() const {
        resnet18_config{channels.value_or(1), width, classes.value_or(1), batch_norm_eps}.validate();
    }

    [[nodiscard]] resnet18_config sizes(image_sizes const& of) const {
        return {fitted(channels, of.shape.channels, "channels"), width,
                fitted(classes, of.classes, "classes"), batch_norm_eps};
    }
};

/// One of them, chosen at run time.
struct any_model {
    using choice = std::variant<albert_model, mlp_model, cnn_model, resnet18_model>;
    choice value{};

    static constexpr auto name = "model";
    static constexpr void describe(auto& self, auto&& field) { field("", self.value); }
    friend bool operator==(any_model const&, any_model const&) = default;

    [[nodiscard]] albert_model const* as_albert() const { return std::get_if<albert_model>(&value); }
    [[nodiscard]] std::string text() const { return to_text(value); }
    [[nodiscard]] static any_model from_tree(policy_tree const& tree) {
        any_model read;
        if (tree.word.starts_with("albert:")) read.value = albert_model::from_tree(tree);
        else assign(tree, read.value);
        return read;
    }
};

} // namespace btard::apps
