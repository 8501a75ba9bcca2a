// btard/data/image_sampling.hpp: how batches are made of images.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>

#include <cstddef>

namespace btard {

/// How batches are made of images.
struct image_sampling {
    std::size_t batch = 8;   ///< images of a batch
    std::size_t padding = 0; ///< black pixels on each side, before a crop of the old size at a random place
    bool flip = false;       ///< left and right are swapped in half of the images
    std::size_t evaluation = 1'000; ///< held-out images of an evaluation, at most 99 fewer; 0: all
    std::size_t calibration = 128;  ///< training images that batch normalisation measures for an evaluation

    static constexpr auto name = "images";
    static constexpr auto summary = "labelled images from an idx or a CIFAR-10 folder";
    static constexpr void describe(auto& self, auto&& field) {
        field("batch", self.batch, "images of a batch");
        field("padding", self.padding,
              "black pixels on each side, before a crop of the old size at a random place");
        field("flip", self.flip, "left and right are swapped in half of the images");
        field("evaluation", self.evaluation, "held-out images of an evaluation, evenly spaced; 0: all, less at most 99");
        field("calibration", self.calibration,
              "training images that batch normalisation measures for an evaluation");
    }
    friend bool operator==(image_sampling const&, image_sampling const&) = default;

    void validate() const {
        expects(batch > 0, "a batch of no images");
        expects(calibration > 1, "calibration with ", calibration, " images; statistics need two or more");
    }
};

/// What the published experiments with CIFAR-10 do.
inline constexpr image_sampling cifar10_sampling{.batch = 8, .padding = 4, .flip = true};

} // namespace btard
