// tests/crypto/hex.hpp: bytes as the vectors of the standards print them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

inline std::string hex_of(std::span<std::byte const> bytes) {
    std::string text;
    for (auto const byte : bytes) {
        text += "0123456789abcdef"[std::to_integer<unsigned>(byte) / 16];
        text += "0123456789abcdef"[std::to_integer<unsigned>(byte) % 16];
    }
    return text;
}

inline std::vector<std::byte> bytes_of(std::string_view digits) {
    std::vector<std::byte> bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
        bytes.push_back(static_cast<std::byte>(std::stoul(std::string(digits.substr(i, 2)), nullptr, 16)));
    return bytes;
}
