// btard/data/normalization.hpp: from bytes to numbers of mean zero and deviation one, channel by channel.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/data/image_set.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace btard {

/// What each byte stands for in each channel.
///
///     value = (byte - mean) / deviation,   both over a whole set of images; one colour alone becomes zero
///
/// From a histogram, whose counts are exact: the same bits with every compiler.
class normalization {
public:
    explicit normalization(image_set const& images) {
        auto const [channels, height, width] = images.shape();
        std::size_t const plane = height * width;
        for (std::size_t c = 0; c < channels; ++c) {
            std::array<std::uint64_t, 256> counts{};
            for (std::size_t i = 0; i < images.size(); ++i)
                for (std::uint8_t const byte : images.image(i).subspan(c * plane, plane)) ++counts[byte];
            std::uint64_t sum = 0, count = 0;
            for (std::uint64_t byte = 0; byte < 256; ++byte) {
                sum += byte * counts[byte];
                count += counts[byte];
            }
            double const mean = double(sum) / double(count);
            double squares = 0;
            for (std::size_t byte = 0; byte < 256; ++byte) {
                double const far = double(byte) - mean;
                squares = std::fma(double(counts[byte]) * far, far, squares);
            }
            double const deviation = squares > 0 ? std::sqrt(squares / double(count)) : 1;
            means_.push_back(mean);
            deviations_.push_back(deviation);
            auto& values = tables_.emplace_back();
            for (std::size_t byte = 0; byte < 256; ++byte)
                values[byte] = static_cast<float>((double(byte) - mean) / deviation);
        }
    }

    [[nodiscard]] std::array<float, 256> const& channel(std::size_t c) const { return tables_[c]; }
    [[nodiscard]] double mean(std::size_t c) const { return means_[c]; }           ///< in units of a byte
    [[nodiscard]] double deviation(std::size_t c) const { return deviations_[c]; } ///< in units of a byte

private:
    std::vector<double> means_, deviations_;
    std::vector<std::array<float, 256>> tables_;
};

} // namespace btard
