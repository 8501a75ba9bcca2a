// btard/transport/tcp/chunk.hpp: the 16 bytes before each piece of a message.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace btard {

enum class chunk_kind : std::uint8_t {
    data,
    ping,    ///< says that its sender lives
    goodbye, ///< the last one: its sender closes on purpose
};

/// A message goes over a link in chunks, so that a small one need not wait for the end of a large one: those of
/// different channels alternate, those of one channel come in order, one message after another.
///
///     kind (1), channel (1), zero (2), length (4), rest (8), all little-endian; then `length` bytes
struct chunk_header {
    chunk_kind kind = chunk_kind::data;
    std::uint8_t channel = 0;
    std::uint32_t length = 0; ///< bytes of this chunk
    std::uint64_t rest = 0;   ///< bytes of the message from here to its end, this chunk's among them

    static constexpr std::size_t size = 16;
    static constexpr std::uint32_t most = 1u << 16; ///< bytes of a chunk

    friend bool operator==(chunk_header const&, chunk_header const&) = default;
};

using chunk_header_bytes = std::array<std::byte, chunk_header::size>;

[[nodiscard]] constexpr chunk_header_bytes encode(chunk_header const& header) {
    chunk_header_bytes bytes{};
    bytes[0] = std::byte(header.kind);
    bytes[1] = std::byte(header.channel);
    for (std::size_t i = 0; i < 4; ++i) bytes[4 + i] = static_cast<std::byte>(header.length >> 8 * i & 0xff);
    for (std::size_t i = 0; i < 8; ++i) bytes[8 + i] = static_cast<std::byte>(header.rest >> 8 * i & 0xff);
    return bytes;
}

/// Nothing for bytes that `encode` writes for no chunk: an unknown kind, a length above `most` or above the rest, a
/// chunk of no bytes that isn't a whole message, a ping with a length.
[[nodiscard]] constexpr std::optional<chunk_header>
decode_chunk_header(std::span<std::byte const, chunk_header::size> bytes) noexcept {
    chunk_header header;
    header.kind = static_cast<chunk_kind>(bytes[0]);
    header.channel = static_cast<std::uint8_t>(bytes[1]);
    for (std::size_t i = 0; i < 4; ++i) header.length |= static_cast<std::uint32_t>(bytes[4 + i]) << 8 * i;
    for (std::size_t i = 0; i < 8; ++i) header.rest |= static_cast<std::uint64_t>(bytes[8 + i]) << 8 * i;
    bool const is_data = header.kind == chunk_kind::data;
    if (header.kind > chunk_kind::goodbye || bytes[2] != std::byte{} || bytes[3] != std::byte{}) return {};
    if (header.length > chunk_header::most || header.length > header.rest) return {};
    if (is_data ? header.length == 0 && header.rest != 0 : header.rest != 0 || header.channel != 0) return {};
    return header;
}

} // namespace btard
