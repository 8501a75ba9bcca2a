// btard/data/cifar10.hpp: the binary files of CIFAR-10.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/data/image_set.hpp>
#include <btard/data/text.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace btard {

inline constexpr image_shape cifar10_shape{3, 32, 32};

/// Reads files of CIFAR-10's binary version as one set, in this order.
///
///     for each image: its label, 0 ... 9; then 3 planes (red, green, blue) of 32 rows of 32 bytes
///
/// Krizhevsky. Learning Multiple Layers of Features from Tiny Images. 2009.
///
/// @throws environment_error for files that are none: what is wrong, where, and what would be right.
[[nodiscard]] inline image_set read_cifar10(std::span<byte_text const> files) {
    expects(!files.empty(), "no file of images was given");
    constexpr std::size_t pixels = cifar10_shape.size(), record = 1 + pixels, limit = std::size_t{1} << 30;
    auto const refuse = [](byte_text const& file, auto const&... words) {
        throw environment_error(errc::bad_data, concat("the CIFAR-10 file '", file.name(), "' ", words...));
    };
    std::size_t whole = 0;
    for (auto const& file : files) {
        if (file.bytes().starts_with("\x1F\x8B")) refuse(file, "is compressed; unpack it first");
        if (file.size() % record != 0) {
            refuse(file, "has ", file.size(), " bytes, not a multiple of ", record,
                   ", the bytes of an image");
        }
        if (file.size() > limit - whole) refuse(file, "makes more than ", limit, " bytes");
        whole += file.size();
    }
    std::vector<std::uint8_t> shown, labels;
    shown.reserve(whole / record * pixels);
    labels.reserve(whole / record);
    for (auto const& file : files) {
        for (std::size_t at = 0; at < file.size(); at += record) {
            auto const bytes = file.bytes().substr(at, record);
            auto const label = static_cast<std::uint8_t>(bytes[0]);
            if (label > 9) refuse(file, "has the label ", label, " in byte ", at, ", outside of 0 ... 9");
            labels.push_back(label);
            std::ranges::transform(bytes.substr(1), std::back_inserter(shown),
                                   [](char byte) { return static_cast<std::uint8_t>(byte); });
        }
    }
    return {cifar10_shape, std::move(shown), std::move(labels), 10, files.front().name()};
}

/// The `.bin` files of a folder: those whose names begin with "test" are held out, the others are for
/// training, in the order of their names.
[[nodiscard]] inline image_data read_cifar10_folder(std::string const& folder) {
    std::error_code failure;
    std::vector<std::string> names;
    for (auto entry = std::filesystem::directory_iterator(folder, failure);
         !failure && entry != std::filesystem::directory_iterator(); entry.increment(failure)) {
        if (entry->path().extension() == ".bin") names.push_back(entry->path().filename().string());
    }
    if (failure)
        throw environment_error(failure,
                                concat("cannot list the folder '", folder, "': ", failure.message()));
    std::ranges::sort(names);
    std::vector<byte_text> training, test;
    for (auto const& name : names) {
        auto& kind = name.starts_with("test") ? test : training;
        kind.push_back(byte_text::from_file(concat(folder, "/", name)));
    }
    if (training.empty() || test.empty()) {
        throw environment_error(errc::bad_data,
                                concat("the folder '", folder, "' has ", training.size(),
                                       " .bin files for training and ", test.size(),
                                       " whose names begin with \"test\"; there must be some of each"));
    }
    return {read_cifar10(training), read_cifar10(test)};
}

} // namespace btard
