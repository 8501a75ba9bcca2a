// btard/protocol/wire/tagged_hash.hpp: hashes of several fields, and the seeds that follow from the joint randomness.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/crypto/sha256.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

namespace btard {

namespace detail {

/// Eight bytes, the lowest first.
[[nodiscard]] constexpr std::array<std::byte, 8> little_endian(std::uint64_t number) {
    std::array<std::byte, 8> bytes{};
    for (auto& byte : bytes) {
        byte = static_cast<std::byte>(number & 0xFF);
        number >>= 8;
    }
    return bytes;
}

inline void absorb(sha256& hash, std::span<std::byte const> bytes) {
    hash.update(little_endian(bytes.size()));
    hash.update(bytes);
}
inline void absorb(sha256& hash, std::string_view letters) {
    absorb(hash, std::as_bytes(std::span(letters.data(), letters.size())));
}
template <class N>
    requires std::integral<N> || std::is_enum_v<N>
void absorb(sha256& hash, N number) {
    auto const bytes = little_endian(static_cast<std::uint64_t>(number));
    absorb(hash, std::span<std::byte const>(bytes));
}
/// digest, public_key, incarnation, ...
template <class B>
    requires requires(B const& named) { std::span<std::byte const>(named.bytes); }
void absorb(sha256& hash, B const& named) {
    absorb(hash, std::span<std::byte const>(named.bytes));
}

} // namespace detail

/// SHA-256 over the tag and the fields, each with its length (8 bytes, the lowest first) before it, numbers as 8
/// bytes too: no two lists of fields have the same text.  The tag says what the hash is for, so that one made for
/// one purpose is never one for another.
template <class... Fields>
[[nodiscard]] digest tagged_hash(std::string_view tag, Fields const&... fields) {
    thread_local sha256 hash; // a new context would cost as much as a small message
    detail::absorb(hash, tag);
    (detail::absorb(hash, fields), ...);
    return hash.finish();
}

/// PRG(r, tag, fields): the first 128 bits of the hash of the tag, r and the fields, as the seed of Philox.
///
/// Whoever does not know r yet knows nothing of it, and whoever chooses fields must try them one by one.
template <class... Fields>
[[nodiscard]] seed prg(digest const& r, std::string_view tag, Fields const&... fields) {
    auto const bytes = tagged_hash(tag, r, fields...).bytes;
    auto const word = [&](std::size_t from) {
        std::uint64_t number = 0;
        for (std::size_t k = 8; k-- > 0;) number = number << 8 | std::to_integer<std::uint64_t>(bytes[from + k]);
        return number;
    };
    return {.key = word(0), .stream = word(8)};
}

} // namespace btard
