// tests/fuzz/cifar10_fuzz.cpp: files are read or refused; what was read is what the files say, in their order.
// SPDX-License-Identifier: Apache-2.0
#include <btard/data/cifar10.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0; // no text of bytes is empty
    constexpr std::size_t record = 1 + btard::cifar10_shape.size();
    std::string const bytes(reinterpret_cast<char const*>(data), size);
    std::array const files{btard::byte_text::from_string(bytes, "first"),
                           btard::byte_text::from_string(bytes, "second")};
    std::optional<btard::image_set> set;
    try {
        set = btard::read_cifar10(files);
    } catch (btard::environment_error const&) { // any other exception is a finding
        return 0;
    }
    if (set->size() * record != 2 * size) std::abort();
    for (std::size_t i = 0; i < set->size(); ++i) {
        std::uint8_t const* const at = data + i * record % size;
        if (set->label(i) != at[0] || set->label(i) > 9) std::abort();
        auto const image = set->image(i);
        for (std::size_t k = 0; k < image.size(); ++k)
            if (image[k] != at[1 + k]) std::abort();
    }
    return 0;
}
