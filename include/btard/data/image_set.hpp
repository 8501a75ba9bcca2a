// btard/data/image_set.hpp: labelled images, a byte for each pixel and channel.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace btard {

/// All images of a set have the same.
struct image_shape {
    std::size_t channels = 1;
    std::size_t height = 1; ///< pixels
    std::size_t width = 1;  ///< pixels

    [[nodiscard]] constexpr std::size_t size() const { return channels * height * width; } ///< bytes
    friend bool operator==(image_shape const&, image_shape const&) = default;
};

/// Images and their labels.  Copies share them: a copy per thread costs nothing.
class image_set {
public:
    /// @param pixels (images, channels, height, width)
    /// @param labels (images) each below `classes`
    /// @param name for messages: the file they come from
    image_set(image_shape shape, std::vector<std::uint8_t> pixels, std::vector<std::uint8_t> labels,
              std::int64_t classes = 10, std::string name = "a set of images")
        : shape_(shape), classes_(classes),
          held_(std::make_shared<content const>(std::move(pixels), std::move(labels), std::move(name))) {
        expects(shape.size() > 0, "images of ", shape.channels, " x ", shape.height, " x ", shape.width,
                " bytes");
        expects(!held_->labels.empty(), "a set of no images");
        expects(size() <= std::numeric_limits<std::uint32_t>::max(), "a set of ", size(),
                " images; 2^32 - 1 at most");
        expects(held_->pixels.size() % size() == 0 && held_->pixels.size() / size() == shape.size(),
                held_->pixels.size(), " bytes for ", size(), " images of ", shape.channels, " x ",
                shape.height, " x ", shape.width);
        for (std::size_t i = 0; i < size(); ++i)
            expects(label(i) < classes, "image ", i, " has the label ", label(i), ", there are ", classes,
                    " classes");
    }

    [[nodiscard]] std::span<std::uint8_t const> image(std::size_t i) const { // (channels, height, width)
        expects(i < size(), "image ", i, " of ", size());
        return std::span(held_->pixels).subspan(i * shape_.size(), shape_.size());
    }
    [[nodiscard]] std::int64_t label(std::size_t i) const {
        expects(i < size(), "the label ", i, " of ", size());
        return held_->labels[i];
    }

    [[nodiscard]] std::size_t size() const { return held_->labels.size(); } ///< images
    [[nodiscard]] image_shape shape() const { return shape_; }
    [[nodiscard]] std::int64_t classes() const { return classes_; }
    [[nodiscard]] std::span<std::uint8_t const> pixels() const { return held_->pixels; }
    [[nodiscard]] std::span<std::uint8_t const> labels() const { return held_->labels; }
    [[nodiscard]] std::string const& name() const { return held_->name; }

private:
    struct content {
        std::vector<std::uint8_t> pixels, labels;
        std::string name;
        content(std::vector<std::uint8_t> p, std::vector<std::uint8_t> l, std::string n)
            : pixels(std::move(p)), labels(std::move(l)), name(std::move(n)) {}
    };

    image_shape shape_;
    std::int64_t classes_;
    std::shared_ptr<content const> held_;
};

/// What a data set consists of.
struct image_data {
    image_set training;
    image_set test; ///< held out
};

} // namespace btard
