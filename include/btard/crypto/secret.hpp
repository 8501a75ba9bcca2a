// btard/crypto/secret.hpp: bytes that leave no trace in memory.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/crypto.h>

#include <array>
#include <cstddef>
#include <span>

namespace btard {

/// N bytes that are overwritten when they are freed.  They cannot be copied or moved: each copy would be one
/// more place to clean.
template <std::size_t N>
class secret {
public:
    secret() = default;
    secret(secret const&) = delete;
    secret& operator=(secret const&) = delete;
    ~secret() { ::OPENSSL_cleanse(bytes_.data(), N); } // the compiler would leave out a plain loop

    [[nodiscard]] std::span<std::byte, N> bytes() { return bytes_; }
    [[nodiscard]] std::span<std::byte const, N> bytes() const { return bytes_; }
    [[nodiscard]] unsigned char* data() { return reinterpret_cast<unsigned char*>(bytes_.data()); }
    [[nodiscard]] unsigned char const* data() const {
        return reinterpret_cast<unsigned char const*>(bytes_.data());
    }

private:
    std::array<std::byte, N> bytes_{};
};

} // namespace btard
