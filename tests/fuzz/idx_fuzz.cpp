// tests/fuzz/idx_fuzz.cpp: a file is read or refused; what was read is what the file says, plain or gzipped.
// SPDX-License-Identifier: Apache-2.0
#include <btard/data/idx.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

constexpr std::uint64_t limit = 1 << 20; // of memory, so that speed is spent on the search

void read(btard::byte_text const& file, std::size_t dimensions) {
    auto const made = btard::read_idx(file, dimensions, limit);
    std::size_t size = 1;
    for (std::size_t const dimension : made.shape) size *= dimension;
    if (made.shape.size() != dimensions || made.values.size() != size || size > limit) std::abort();
    if (btard::is_gzipped(file.bytes())) return;
    auto const content = file.bytes().substr(4 + 4 * dimensions);
    if (content.size() != size) std::abort();
    for (std::size_t k = 0; k < size; ++k)
        if (made.values[k] != static_cast<std::uint8_t>(content[k])) std::abort();
}

void read_or_refuse(auto&& call) {
    try {
        call();
    } catch (btard::environment_error const&) { // any other exception is a finding
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0; // no text of bytes is empty
    auto const file = btard::byte_text::from_string({reinterpret_cast<char const*>(data), size}, "fuzz");
    for (std::size_t const dimensions : {1, 2, 3}) read_or_refuse([&] { read(file, dimensions); });
    read_or_refuse([&] { (void)btard::read_idx_images(file, file); });
    auto const one = btard::byte_text::from_string(std::string("\0\0\x8\x1\0\0\0\x1\x7", 9), "one label");
    read_or_refuse([&] {
        auto const set = btard::read_idx_images(file, one);
        if (set.size() != 1 || set.label(0) != 7) std::abort();
    });
    return 0;
}
