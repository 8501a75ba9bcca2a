// btard/data/idx.hpp: the idx files of MNIST and Fashion-MNIST, plain or gzipped.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/data/image_set.hpp>
#include <btard/data/text.hpp>
#include <btard/data/unpacked.hpp>

#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace btard {

/// An array of bytes as an idx file holds it.
struct idx_array {
    std::vector<std::size_t> shape;
    std::vector<std::uint8_t> values; ///< the last index runs fastest

    friend bool operator==(idx_array const&, idx_array const&) = default;
};

/// What an array may need at most, in bytes.
inline constexpr std::uint64_t idx_limit = std::uint64_t{1} << 30;

/// Reads an idx file of so many dimensions.  Nothing is allocated before the header fits the limit and the
/// file.
///
///     00 00 08 dimensions, then each of them as a big-endian 32-bit number, then the bytes
///
/// LeCun, Cortes, Burges. The MNIST Database of Handwritten Digits.
///
/// @throws environment_error for every other file: what is wrong, where, and what would be right.
[[nodiscard]] inline idx_array read_idx(byte_text const& file, std::size_t dimensions,
                                        std::uint64_t limit = idx_limit) {
    expects(dimensions > 0 && dimensions < 256, "an idx file of ", dimensions,
            " dimensions; 1 to 255 are possible");
    auto const refuse = [&](auto const&... words) {
        throw environment_error(errc::bad_data, concat("the idx file '", file.name(), "' ", words...));
    };
    unpacked source(file);
    std::vector<std::uint8_t> header(4 + 4 * dimensions);
    auto const begun = std::span(header).first(source.read(header));
    std::array<std::uint8_t, 4> const magic{0, 0, 8, static_cast<std::uint8_t>(dimensions)};
    for (std::size_t k = 0; k < magic.size() && k < begun.size(); ++k) {
        if (begun[k] != magic[k]) {
            refuse("has ", begun[k], " in byte ", k, "; one of bytes in ", dimensions,
                   " dimensions begins with 0 0 8 ", dimensions);
        }
    }
    if (begun.size() < header.size()) {
        refuse("ends at byte ", begun.size(), ", within its header; that of ", dimensions, " dimensions has ",
               header.size(), " bytes");
    }

    idx_array made;
    std::uint64_t size = 1;
    for (std::size_t k = 4; k < header.size(); k += 4) {
        std::uint64_t dimension = 0;
        for (std::size_t byte = k; byte < k + 4; ++byte) dimension = dimension << 8 | header[byte];
        if (dimension == 0) refuse("has the dimension 0 in byte ", k, "; 1 is the least");
        if (dimension > limit / size) {
            refuse("promises more than ", limit, " bytes, with the dimension ", dimension, " in byte ", k);
        }
        size *= dimension;
        made.shape.push_back(static_cast<std::size_t>(dimension));
    }
    std::uint64_t const whole = header.size() + size;
    if (source.gzipped() ? whole > source.capacity() : whole != file.size()) {
        refuse("has ", file.size(), " bytes, ", source.gzipped() ? "which unpack to less than" : "but not",
               " the ", whole, " that its header promises");
    }
    made.values.resize(static_cast<std::size_t>(size));
    if (source.read(made.values) < size) {
        refuse("unpacks to ", source.position(), " bytes; its header promises ", whole);
    }
    if (!source.at_end()) refuse("goes on after the ", whole, " bytes that its header promises");
    return made;
}

/// One file of images (n, height, width), and one of their labels (n), 0 ... classes - 1.
[[nodiscard]] inline image_set read_idx_images(byte_text const& images, byte_text const& labels,
                                               std::int64_t classes = 10) {
    auto names = read_idx(labels, 1); // the small file first
    for (std::size_t i = 0; i < names.values.size(); ++i) {
        if (names.values[i] < classes) continue;
        throw environment_error(errc::bad_data,
                                concat("the idx file '", labels.name(), "' has the label ", names.values[i],
                                       " in byte ", 8 + i, ", outside of 0 ... ", classes - 1));
    }
    auto shown = read_idx(images, 3);
    if (shown.shape[0] != names.shape[0]) {
        throw environment_error(errc::bad_data,
                                concat("the idx file '", images.name(), "' has ", shown.shape[0],
                                       " images, '", labels.name(), "' has ", names.shape[0], " labels"));
    }
    return {{1, shown.shape[1], shown.shape[2]},
            std::move(shown.values),
            std::move(names.values),
            classes,
            images.name()};
}

/// The four files of MNIST, Fashion-MNIST and their kin, by their usual names, with `.gz` or without.
[[nodiscard]] inline image_data read_idx_folder(std::string const& folder) {
    auto const open = [&folder](std::string_view name) {
        std::string const plain = concat(folder, "/", name);
        return byte_text::from_file(::access(plain.c_str(), F_OK) == 0 ? plain : plain + ".gz");
    };
    return {read_idx_images(open("train-images-idx3-ubyte"), open("train-labels-idx1-ubyte")),
            read_idx_images(open("t10k-images-idx3-ubyte"), open("t10k-labels-idx1-ubyte"))};
}

} // namespace btard
