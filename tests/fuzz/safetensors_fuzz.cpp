// tests/fuzz/safetensors_fuzz.cpp: a file is read or refused; what is read is what its header says, byte for byte.
// SPDX-License-Identifier: Apache-2.0
#include <btard/checkpoint/checkpoint_file.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

btard::byte_source source_of(std::string_view bytes) {
    return btard::byte_source::from_memory(std::as_bytes(std::span(bytes)), "fuzz");
}

void read_tensors(std::string_view bytes) {
    btard::safetensors_reader file(source_of(bytes));
    std::uint64_t length = 0, end = 0;
    std::memcpy(&length, bytes.data(), sizeof length);
    auto const data = bytes.substr(8 + static_cast<std::size_t>(length));
    std::vector<std::byte> read;
    for (auto const& one : file.tensors()) {
        if (one.begin != end) std::abort();
        end = one.end;
        read.resize(static_cast<std::size_t>(one.end - one.begin));
        file.read(read);
        auto const there =
            std::as_bytes(std::span(data)).subspan(static_cast<std::size_t>(one.begin), read.size());
        if (!std::ranges::equal(read, there)) std::abort();
    }
    if (end != data.size()) std::abort();
    file.finish();
}

/// With the right hash, so that what is behind it is reached.
std::string with_its_hash(std::string_view bytes) {
    std::string made(bytes);
    std::uint64_t length = 0;
    if (made.size() < 8) return made;
    std::memcpy(&length, made.data(), sizeof length);
    if (length > made.size() - 8) return made;
    auto const place =
        btard::detail::place_of_hash(std::string_view(made).substr(8, static_cast<std::size_t>(length)));
    if (!place) return made;
    auto const put = [&](std::string const& digits) { made.replace(8 + *place, digits.size(), digits); };
    put(btard::detail::no_hash);
    put(btard::detail::to_hex(btard::sha256_of(std::as_bytes(std::span(made))).bytes));
    return made;
}

void read_checkpoint(std::string_view bytes) {
    auto const one = btard::read_checkpoint(source_of(bytes));
    std::size_t size = 0;
    for (auto const& tensor : one.tensors) {
        std::size_t numbers = 1;
        for (auto const length : tensor.shape) numbers *= length;
        size += numbers;
    }
    if (one.parameters.size() != size) std::abort();
    if (btard::detail::metadata_of(one).at("btard.format") != "1") std::abort();
}

void read_or_refuse(auto&& call) {
    try {
        call();
    } catch (btard::environment_error const&) { // any other exception is a finding
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const bytes(reinterpret_cast<char const*>(data), size);
    read_or_refuse([&] { read_tensors(bytes); });
    read_or_refuse([&] { read_checkpoint(with_its_hash(bytes)); });
    return 0;
}
