// tests/apps/image_files.hpp: small data sets of images for a test.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../data/sample_files.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

/// A folder that no other test of this process had: what was read from a folder is kept.
struct fresh_folder : sample_folder {
    fresh_folder() {
        static int made = 0;
        std::filesystem::remove_all(path);
        path += "_" + std::to_string(made++);
        std::filesystem::create_directory(path);
    }
};

/// Any bytes, and not all the same.
inline std::string varied(std::size_t count) {
    std::string bytes(count, '\0');
    for (std::size_t k = 0; k < count; ++k) bytes[k] = static_cast<char>(k * 37 % 251);
    return bytes;
}

inline std::string labels_in_turn(std::size_t count) {
    std::string bytes(count, '\0');
    for (std::size_t k = 0; k < count; ++k) bytes[k] = static_cast<char>(k % 10);
    return bytes;
}

/// The four files; a quarter as many images are held out.
inline void write_idx(sample_folder const& folder, std::uint32_t images, std::uint32_t side) {
    for (auto const& [name, count] : {std::pair{"train", images}, std::pair{"t10k", images / 4 + 1}}) {
        folder.file(std::string{name} + "-images-idx3-ubyte",
                    idx_file(8, {count, side, side}, varied(std::size_t{count} * side * side)));
        folder.file(std::string{name} + "-labels-idx1-ubyte", idx_file(8, {count}, labels_in_turn(count)));
    }
}

inline std::string cifar_images(std::size_t images) {
    std::string bytes;
    for (std::size_t k = 0; k < images; ++k) bytes += static_cast<char>(k % 10) + varied(3'072);
    return bytes;
}
