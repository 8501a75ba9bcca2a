// btard/crypto/text.hpp: keys as text: all 64 digits for machines, a fingerprint for people who compare two.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/crypto/sha256.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace btard {

/// The first 128 bits of a hash of a public key.  Nobody can make a second key with the fingerprint of yours.
///
///     SHA-256("btard public key", key)
struct fingerprint {
    std::array<std::byte, 16> bytes{};

    [[nodiscard]] static fingerprint of(public_key const& key) {
        sha256 hash;
        hash.update("btard public key");
        hash.update(key.bytes);
        auto const whole = hash.finish();
        fingerprint result;
        std::copy_n(whole.bytes.begin(), result.bytes.size(), result.bytes.begin());
        return result;
    }
    friend auto operator<=>(fingerprint const&, fingerprint const&) = default;
};

namespace detail {

inline constexpr std::string_view hex_digits = "0123456789abcdef";

inline std::string to_hex(std::span<std::byte const> bytes) {
    std::string text;
    for (auto const byte : bytes) {
        text += hex_digits[std::to_integer<unsigned>(byte) >> 4];
        text += hex_digits[std::to_integer<unsigned>(byte) & 15];
    }
    return text;
}

/// Capital letters are read too; `group`: that many digits, then a hyphen, or none at all (0).
inline void from_hex(std::string_view text, std::size_t group, std::span<std::byte> out,
                     std::string_view what) {
    auto const refuse = [&](auto const&... why) {
        bool const plain =
            text.size() <= 100 && std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
        auto const shown = plain ? text : std::string_view("...");
        throw environment_error(errc::bad_text, concat("'", shown, "' is no ", what, ": ", why...));
    };
    std::size_t const digits = 2 * out.size(), length = digits + (group ? digits / group - 1 : 0);
    if (text.size() != length) refuse("it has ", text.size(), " letters, not ", length);
    std::size_t at = 0;
    for (std::size_t digit = 0; digit < digits; ++digit, ++at) {
        if (group && digit && digit % group == 0 && text[at++] != '-')
            refuse("letter ", at, " must be a hyphen, after each ", group, " digits");
        char const letter =
            text[at] >= 'A' && text[at] <= 'F' ? static_cast<char>(text[at] - 'A' + 'a') : text[at];
        auto const value = hex_digits.find(letter);
        if (value == hex_digits.npos) refuse("letter ", at + 1, " is none of 0 to 9 and a to f");
        auto& byte = out[digit / 2];
        byte = digit % 2 ? byte | std::byte(value) : std::byte(value << 4);
    }
}

} // namespace detail

/// 64 digits: `d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a`
[[nodiscard]] inline std::string to_text(public_key const& key) { return detail::to_hex(key.bytes); }

/// 8 groups of 4 digits, of the same key: `9826-d66d-ae0b-ed3f-f2e6-f3bf-c9f0-e098`
[[nodiscard]] inline std::string to_text(fingerprint const& print) {
    std::string text;
    for (std::size_t i = 0; i < print.bytes.size(); i += 2) {
        if (i != 0) text += '-';
        text += detail::to_hex(std::span(print.bytes).subspan(i, 2));
    }
    return text;
}

/// Reads what `to_text` writes.  Whether it `is_proper` is another question.
///
/// @throws environment_error: `bad_text`, with the first letter that is wrong.
[[nodiscard]] inline public_key read_public_key(std::string_view text) {
    public_key key;
    detail::from_hex(text, 0, key.bytes, "public key");
    return key;
}
[[nodiscard]] inline fingerprint read_fingerprint(std::string_view text) {
    fingerprint print;
    detail::from_hex(text, 4, print.bytes, "fingerprint");
    return print;
}

} // namespace btard
