// btard/data/image_samples.hpp: batches of images, normalised, cropped and flipped, from public seeds.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/describe.hpp>
#include <btard/core/error.hpp>
#include <btard/core/random.hpp>
#include <btard/data/concept.hpp>
#include <btard/data/image_sampling.hpp>
#include <btard/data/image_set.hpp>
#include <btard/data/normalization.hpp>
#include <btard/data/split.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// Images as a model wants them, and what they show.
struct image_batch {
    image_shape shape{};
    std::vector<float> pixels{}; ///< (images, channels, height, width) mean 0, deviation 1 in each channel
    std::vector<std::int64_t> labels{}; ///< (images)

    friend bool operator==(image_batch const&, image_batch const&) = default;
};

/// Batches of images, each drawn anew from all training images, or from those of one peer.
///
///     pixel = (byte - mean) / deviation,   both of the channel, over the training images
///
/// Padding is black, not grey: cut first, normalised then, as in torchvision.
class image_samples {
public:
    using batch = image_batch;

    /// @throws environment_error when the images for training and those held out do not fit together.
    explicit image_samples(image_data data, image_sampling settings = {})
        : settings_(settings), training_(std::move(data.training)), scale_(training_) {
        settings_.validate();
        auto const& test = data.test;
        auto const [channels, height, width] = training_.shape();
        expects(settings_.padding <= std::min(height, width), "padding by ", settings_.padding,
                " around images of ", height, " x ", width, " pixels");
        if (test.shape() != training_.shape() || test.classes() != training_.classes()) {
            throw environment_error(
                errc::bad_data, concat("'", training_.name(), "' has images of ", channels, " x ", height,
                                       " x ", width, " and ", training_.classes(), " classes, '", test.name(),
                                       "' of ", test.shape().channels, " x ", test.shape().height, " x ",
                                       test.shape().width, " and ", test.classes()));
        }
        auto made = std::make_shared<fixed_batches>();
        std::size_t const wanted =
            settings_.evaluation > 0 ? std::min(settings_.evaluation, test.size()) : test.size();
        std::size_t const count = (wanted + 99) / 100, each = wanted / count; // batches of equal size
        for (std::size_t b = 0; b < count; ++b) {
            image_batch& next = made->held_out.emplace_back(empty(each));
            for (std::size_t s = b * each; s < (b + 1) * each; ++s)
                add(next, test, s * test.size() / (count * each),
                    {settings_.padding, settings_.padding, false});
        }
        made->calibration = draw_among(settings_.calibration, derive({}, "calibration"), {});
        fixed_ = std::move(made);
    }

    /// The same images, of which each peer may draw its share only.
    [[nodiscard]] image_samples divided(sample_split const& split, std::size_t peers, seed from) const {
        validate(split);
        image_samples made = *this;
        made.shares_ =
            std::make_shared<sample_shares const>(shares_of(split, training_.labels(), peers, from));
        return made;
    }

    [[nodiscard]] image_batch draw(seed from, labels_hook labels = {}) const {
        return drawn({}, from, labels);
    }

    /// From the share of one peer; from all images where they are not divided.
    [[nodiscard]] image_batch draw_for(std::size_t peer, seed from, labels_hook labels = {}) const {
        if (!shares_ || shares_->empty()) return draw(from, labels);
        expects(peer < shares_->size(), "peer ", peer, " of the ", shares_->size(), " that share the images");
        return drawn((*shares_)[peer], from, labels);
    }

    [[nodiscard]] std::span<image_batch const> held_out() const { return fixed_->held_out; }

    /// Training images, always the same ones and drawn as a batch is: what batch normalisation measures
    /// before an evaluation.
    [[nodiscard]] image_batch const& calibration() const { return fixed_->calibration; }

    [[nodiscard]] image_set const& training() const { return training_; }
    [[nodiscard]] std::int64_t classes() const { return training_.classes(); }
    [[nodiscard]] image_sampling const& settings() const { return settings_; }
    [[nodiscard]] sample_shares shares() const { return shares_ ? *shares_ : sample_shares{}; }

private:
    struct fixed_batches {
        std::vector<image_batch> held_out{};
        image_batch calibration{};
    };
    struct cut {
        std::size_t down, right; // of the crop in the padded image
        bool flipped;
    };

    image_batch drawn(std::span<std::uint32_t const> share, seed from, labels_hook labels) const {
        auto made = draw_among(settings_.batch, from, share);
        labels(made.labels, classes());
        for (std::int64_t const label : made.labels)
            expects(label >= 0 && label < classes(), "a label of ", label, " among 0 ... ", classes() - 1);
        return made;
    }

    /// An empty share stands for all training images.
    image_batch draw_among(std::size_t images, seed from, std::span<std::uint32_t const> share) const {
        image_batch made = empty(images);
        auto const candidates = static_cast<std::uint32_t>(share.empty() ? training_.size() : share.size());
        auto const places = static_cast<std::uint32_t>(2 * settings_.padding + 1);
        for (std::size_t s = 0; s < images; ++s) {
            random_stream random(derive(from, "image", {s}));
            std::uint32_t const number = random.below(candidates);
            std::size_t const down = random.below(places), right = random.below(places);
            bool const flipped = settings_.flip && random.below(2) == 1;
            add(made, training_, share.empty() ? number : share[number], {down, right, flipped});
        }
        return made;
    }

    image_batch empty(std::size_t images) const {
        image_batch made{.shape = training_.shape()};
        made.pixels.reserve(images * made.shape.size());
        made.labels.reserve(images);
        return made;
    }

    void add(image_batch& to, image_set const& from, std::size_t number, cut where) const {
        auto const [channels, height, width] = from.shape();
        auto const image = from.image(number);
        for (std::size_t c = 0; c < channels; ++c) {
            auto const& value = scale_.channel(c);
            for (std::size_t y = where.down; y < where.down + height; ++y) {
                for (std::size_t k = 0; k < width; ++k) {
                    // In the padded image; what is outside of the image itself wraps to huge numbers below.
                    std::size_t const x = where.right + (where.flipped ? width - 1 - k : k);
                    std::size_t const row = y - settings_.padding, column = x - settings_.padding;
                    bool const inside = row < height && column < width;
                    to.pixels.push_back(value[inside ? image[(c * height + row) * width + column] : 0]);
                }
            }
        }
        to.labels.push_back(from.label(number));
    }

    image_sampling settings_;
    image_set training_;
    normalization scale_;
    std::shared_ptr<fixed_batches const> fixed_;  // shared by the copies: nobody changes them
    std::shared_ptr<sample_shares const> shares_; // null: not divided
};

static_assert(divided_source<image_samples> && calibrated_source<image_samples>);

} // namespace btard
