// btard/transport/tcp/hello.hpp: what the two ends of a new connection tell each other, once they know their keys.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/transport/tcp/error.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace btard {

/// How frames travel, once both ends have shown their keys.
enum class link_kind : std::uint8_t {
    tls,   ///< encrypted, and nobody can change them
    plain, ///< as they are: whoever can write on the way can change them, so they must be signed
};

/// Both ends send one; then the end with the smaller key, which decides for both, a `link_verdict`; then the other end an
/// `answer` of one byte.  So both have the same connection in the end, whoever dialled, and however often.
///
///     "btard", version (1), link (1), instance (16), last link (8), port (2), length of the host (1), host
struct hello {
    static constexpr std::uint8_t version = 1;
    static constexpr std::size_t fixed = 34, longest = fixed + 255;

    link_kind link = link_kind::tls;
    std::array<std::byte, 16> instance{}; ///< of this process: another one has forgotten everything
    std::uint64_t last_link = 0;          ///< the number of the link that this end had last, and lost; 0: none
    std::string host = {};                ///< where it says that it can be reached; "": nowhere
    std::uint16_t port = 0;

    friend bool operator==(hello const&, hello const&) = default;
};

/// What the end with the smaller key says: take this connection, as link number so and so, or why not.
struct link_verdict {
    static constexpr std::size_t size = 9;
    std::uint64_t link = 0; ///< 0: refused
    std::uint8_t why = 0;   ///< a `tcp_errc`

    friend bool operator==(link_verdict const&, link_verdict const&) = default;
};

namespace detail {
inline void put_number(std::vector<std::byte>& to, std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) to.push_back(static_cast<std::byte>(value >> 8 * i & 0xff));
}
[[nodiscard]] inline std::uint64_t get_number(std::span<std::byte const> from) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < from.size(); ++i) value |= static_cast<std::uint64_t>(from[i]) << 8 * i;
    return value;
}
inline constexpr std::string_view hello_begins = "btard";
} // namespace detail

[[nodiscard]] inline std::vector<std::byte> encode(hello const& from) {
    std::vector<std::byte> to;
    for (char const letter : detail::hello_begins) to.push_back(static_cast<std::byte>(letter));
    to.push_back(std::byte{hello::version});
    to.push_back(std::byte(from.link));
    to.insert(to.end(), from.instance.begin(), from.instance.end());
    detail::put_number(to, from.last_link, 8);
    detail::put_number(to, from.port, 2);
    std::size_t const length = std::min<std::size_t>(from.host.size(), 255);
    to.push_back(static_cast<std::byte>(length));
    for (char const letter : std::string_view(from.host).substr(0, length))
        to.push_back(static_cast<std::byte>(letter));
    return to;
}

/// How many bytes of host follow the first 34; or what is wrong with those.
[[nodiscard]] inline std::size_t host_length(std::span<std::byte const, hello::fixed> bytes,
                                             std::error_code& failed) {
    bool const ours =
        std::ranges::equal(detail::hello_begins, bytes.first<5>(), {}, [](char c) { return std::byte(c); });
    if (!ours) failed = tcp_errc::not_our_protocol;
    else if (bytes[5] != std::byte{hello::version}) failed = tcp_errc::other_version;
    else if (bytes[6] > std::byte{1}) failed = tcp_errc::not_our_protocol;
    return failed ? 0 : std::to_integer<std::size_t>(bytes[33]);
}

/// Nothing for bytes that `encode` doesn't write, among them a host with anything but letters of addresses.
[[nodiscard]] inline std::optional<hello> decode_hello(std::span<std::byte const> bytes) {
    std::error_code failed;
    if (bytes.size() < hello::fixed) return {};
    std::size_t const length = host_length(bytes.first<hello::fixed>(), failed);
    if (failed || bytes.size() != hello::fixed + length) return {};
    hello to;
    to.link = static_cast<link_kind>(bytes[6]);
    std::ranges::copy(bytes.subspan(7, 16), to.instance.begin());
    to.last_link = detail::get_number(bytes.subspan(23, 8));
    to.port = static_cast<std::uint16_t>(detail::get_number(bytes.subspan(31, 2)));
    for (std::byte const one : bytes.subspan(hello::fixed)) {
        char const letter = std::to_integer<char>(one);
        bool const is_word = (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
                             (letter >= 'A' && letter <= 'Z');
        if (!is_word && std::string_view(".:-_%").find(letter) == std::string_view::npos) return {};
        to.host += letter;
    }
    return to;
}

[[nodiscard]] inline std::array<std::byte, link_verdict::size> encode(link_verdict const& from) {
    std::array<std::byte, link_verdict::size> to{};
    for (std::size_t i = 0; i < 8; ++i) to[i] = static_cast<std::byte>(from.link >> 8 * i & 0xff);
    to[8] = std::byte{from.why};
    return to;
}
[[nodiscard]] inline link_verdict decode_verdict(std::span<std::byte const, link_verdict::size> bytes) {
    return {detail::get_number(bytes.first<8>()), std::to_integer<std::uint8_t>(bytes[8])};
}

} // namespace btard
