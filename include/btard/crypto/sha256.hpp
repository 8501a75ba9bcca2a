// btard/crypto/sha256.hpp: SHA-256, of bytes in one piece or in many, and of floats as little-endian bytes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/crypto/openssl.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace btard {

namespace detail {

/// Puts each float as 4 bytes, the lowest first, on machines of either byte order.
inline void put_little_endian(std::span<float const> values, std::span<std::byte> out) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        auto const bits = std::bit_cast<std::uint32_t>(values[i]);
        for (unsigned k = 0; k < 4; ++k) out[4 * i + k] = static_cast<std::byte>(bits >> (8 * k) & 0xFF);
    }
}

} // namespace detail

/// A hash in the making.  `finish` returns it and begins anew.
///
/// FIPS 180-4, RFC 6234.  A moved-from object may be destroyed or assigned to, no more.
class sha256 {
public:
    /// @throws environment_error, here and below: `crypto_failed`, where OpenSSL has no memory or no SHA-256.
    sha256() : context_(::EVP_MD_CTX_new()) {
        // An implicit look-up for each hash would cost more than hashing a small message.
        static ::EVP_MD* const algorithm = ::EVP_MD_fetch(nullptr, "SHA256", nullptr);
        if (!context_ || !algorithm || ::EVP_DigestInit_ex2(context_.get(), algorithm, nullptr) != 1)
            detail::crypto_failed("hash");
    }

    void update(std::span<std::byte const> bytes) {
        if (::EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1)
            detail::crypto_failed("hash");
    }
    void update(std::string_view text) { update(std::as_bytes(std::span(text))); }

    /// The bits of the floats as 4 bytes each, the lowest first.
    void update(std::span<float const> values) {
        if constexpr (std::endian::native == std::endian::little) {
            update(std::as_bytes(values));
        } else {
            std::array<std::byte, 4096> block;
            while (!values.empty()) {
                auto const next = values.first(std::min(values.size(), block.size() / 4));
                detail::put_little_endian(next, block);
                update(std::span(block).first(4 * next.size()));
                values = values.subspan(next.size());
            }
        }
    }

    [[nodiscard]] digest finish() {
        digest result;
        auto* const out = reinterpret_cast<unsigned char*>(result.bytes.data());
        if (::EVP_DigestFinal_ex(context_.get(), out, nullptr) != 1 ||
            ::EVP_DigestInit_ex2(context_.get(), nullptr, nullptr) != 1)
            detail::crypto_failed("hash");
        return result;
    }

private:
    detail::owned<::EVP_MD_CTX> context_;
};

/// The hash of bytes that lie in one piece.
[[nodiscard]] inline digest sha256_of(std::span<std::byte const> bytes) {
    thread_local sha256 hash; // a new context would cost as much as a small message
    hash.update(bytes);
    return hash.finish();
}

} // namespace btard
