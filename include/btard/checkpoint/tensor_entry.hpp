// btard/checkpoint/tensor_entry.hpp: what the header of a safetensors file says of each tensor.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace btard {

/// The element types that we read and write, of those that the format knows.
enum class element_type : unsigned char { f64, i64, f32, u8 };

namespace detail {
struct element_name {
    std::string_view text;
    std::size_t size; // bytes
};
inline constexpr std::array<element_name, 4> element_names{{{"F64", 8}, {"I64", 8}, {"F32", 4}, {"U8", 1}}};
} // namespace detail

[[nodiscard]] constexpr std::string_view to_text(element_type type) {
    return detail::element_names[static_cast<std::size_t>(type)].text;
}
[[nodiscard]] constexpr std::size_t size_of(element_type type) {
    return detail::element_names[static_cast<std::size_t>(type)].size;
}

/// One tensor of a file: row-major, little-endian.
struct tensor_entry {
    std::string name;
    element_type type = element_type::f32;
    std::vector<std::size_t> shape;   ///< empty: one number
    std::uint64_t begin = 0, end = 0; ///< bytes, from the first behind the header

    friend bool operator==(tensor_entry const&, tensor_entry const&) = default;
};

/// What the header says.
struct tensor_header {
    std::vector<tensor_entry> tensors; ///< in the order of their data, without holes
    std::map<std::string, std::string> metadata;

    friend bool operator==(tensor_header const&, tensor_header const&) = default;
};

/// What a file may have at most.
struct safetensors_limits {
    std::uint64_t header = 100'000'000;          ///< bytes; the format itself allows no more
    std::uint64_t file = std::uint64_t{1} << 36; ///< bytes
    std::size_t tensors = 1'000'000;
    std::size_t dimensions = 64;
};

namespace detail {

/// A name out of a file, for a sentence of ours.
[[nodiscard, gnu::cold, gnu::noinline]] inline std::string safe_name(std::string_view name) {
    bool const plain =
        name.size() <= 100 && std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~'; });
    return plain ? concat("'", name, "'") : "(a text that is not shown)";
}

/// The bytes of a tensor of this shape; nothing where no 64 bits can say it.
[[nodiscard]] inline std::optional<std::uint64_t> bytes_of(std::span<std::size_t const> shape,
                                                           element_type type) {
    std::uint64_t size = size_of(type);
    for (std::uint64_t const length : shape) {
        if (length != 0 && size > std::numeric_limits<std::uint64_t>::max() / length) return {};
        size *= length;
    }
    return size;
}

} // namespace detail
} // namespace btard
