// btard/data/sampler.hpp: windows of a text: random ones for training, fixed ones of its tail for evaluation.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/random.hpp>
#include <btard/data/text.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace btard {

/// Windows of `width` bytes.  The last `held_out` of the text (a fraction, but at least one window) is never
/// shown in training: a training window ends before the tail begins.
class text_windows {
public:
    /// @throws environment_error when the text has not room for one window of each kind.
    text_windows(byte_text source, std::size_t width, double held_out)
        : source_(std::move(source)), width_(width) {
        expects(width > 0, "a window has no bytes");
        expects(held_out > 0 && held_out < 1, "the held-out fraction is ", held_out, ", not between 0 and 1");
        if (source_.size() < 2 * width) {
            throw environment_error(errc::bad_data,
                                    concat("the text '", source_.name(), "' has ", source_.size(),
                                           " bytes; training and evaluation need one sequence each, ",
                                           2 * width, " bytes"));
        }
        auto const wanted = static_cast<std::size_t>(held_out * static_cast<double>(source_.size()));
        training_ = source_.size() - std::clamp(wanted, width, source_.size() - width);
    }

    /// A window of the training part, every start equally likely.
    [[nodiscard]] std::string_view training(random_stream& random) const {
        // Rejection from the next power of two: no bias, and no limit at 4 GiB.
        std::uint64_t const starts = training_ - width_ + 1, mask = std::bit_ceil(starts) - 1;
        for (;;) {
            std::uint64_t const low = random.bits(), high = random.bits();
            std::uint64_t const start = (low | high << 32) & mask;
            if (start < starts) return source_.bytes().substr(start, width_);
        }
    }

    /// Window number `i` of `count` evenly spaced ones of the tail; they overlap where the tail is short.
    [[nodiscard]] std::string_view held_out(std::size_t i, std::size_t count) const {
        expects(i < count, "window ", i, " of ", count, " held-out windows");
        std::size_t const starts = source_.size() - training_ - width_ + 1;
        return source_.bytes().substr(training_ + starts / count * i + starts % count * i / count, width_);
    }

private:
    byte_text source_;
    std::size_t width_;
    std::size_t training_; // bytes, from the start of the text
};

} // namespace btard
