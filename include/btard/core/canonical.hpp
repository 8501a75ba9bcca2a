// btard/core/canonical.hpp: the bytes of a policy, whose digest peers compare before they work together.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/describe.hpp>
#include <btard/core/error.hpp>

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace btard {

namespace detail {
template <described V>
constexpr std::span<std::string_view const> local_fields_of() {
    if constexpr (requires { V::local_fields; }) return V::local_fields;
    else return {};
}
template <described V>
constexpr bool is_local_field(std::string_view name) {
    auto const local = local_fields_of<V>();
    return std::find(local.begin(), local.end(), name) != local.end();
}
} // namespace detail

/// Appends a value, little-endian, each with the letter of its type before it, so that no two values of
/// different types or names have the same bytes:
///
///     B bool   U unsigned, 8 bytes   I signed, 8 bytes   F float   D double   T length, letters (also words)
///     V length, values   O 0, or 1 and the value   S name, number of fields, for each its name and value
///
/// A `std::variant` of policies has the bytes of the policy chosen, so that a program that chooses when it is
/// compiled agrees with one that chooses when it runs; `any_aggregator` and `any_attack` have those of their text.
/// Whole numbers have 8 bytes, whatever their type.  Local fields are left out: peers need not agree on them.
template <class V>
void append_canonical(std::vector<std::byte>& bytes, V const& value) {
    auto const append_number = [&bytes](std::uint64_t number, int width) {
        for (int k = 0; k < width; ++k) bytes.push_back(std::byte(number >> (8 * k) & 0xFF));
    };
    auto const append_letters = [&](std::string_view letters) {
        append_number(letters.size(), 8);
        for (char const letter : letters) bytes.push_back(std::byte(static_cast<unsigned char>(letter)));
    };
    auto const tag = [&bytes](char letter) {
        bytes.push_back(std::byte(static_cast<unsigned char>(letter)));
    };

    if constexpr (described<V>) {
        std::uint64_t fields = 0, local = 0;
        for_each_field(value, [&](std::string_view name, auto const&, std::string_view) {
            ++(detail::is_local_field<V>(name) ? local : fields);
        });
        expects(local == detail::local_fields_of<V>().size(), V::name,
                " has no field for a name in its local_fields");
        tag('S');
        append_letters(V::name);
        append_number(fields, 8);
        for_each_field(value, [&](std::string_view name, auto const& member, std::string_view) {
            if (detail::is_local_field<V>(name)) return;
            append_letters(name);
            append_canonical(bytes, member);
        });
    } else if constexpr (detail::is_a<V, std::variant>) {
        std::visit([&](auto const& alternative) { append_canonical(bytes, alternative); }, value);
    } else if constexpr (detail::is_a<V, std::optional>) {
        tag('O');
        append_number(value ? 1 : 0, 1);
        if (value) append_canonical(bytes, *value);
    } else if constexpr (detail::is_a<V, std::vector>) {
        tag('V');
        append_number(value.size(), 8);
        for (auto const& element : value) append_canonical(bytes, element);
    } else if constexpr (std::same_as<V, bool>) {
        tag('B');
        append_number(value ? 1 : 0, 1);
    } else if constexpr (std::same_as<V, float>) {
        tag('F');
        append_number(std::bit_cast<std::uint32_t>(value), 4);
    } else if constexpr (std::same_as<V, double>) {
        tag('D');
        append_number(std::bit_cast<std::uint64_t>(value), 8);
    } else if constexpr (std::is_integral_v<V>) {
        tag(std::is_unsigned_v<V> ? 'U' : 'I');
        append_number(static_cast<std::uint64_t>(value), 8);
    } else {
        tag('T');
        if constexpr (std::convertible_to<V const&, std::string_view>) append_letters(value);
        else append_letters(to_text(value)); // enumerations, and types with a text of their own
    }
}

/// Equal bytes mean: the same policy, with the same settings, but for local ones.
template <class V>
[[nodiscard]] std::vector<std::byte> canonical_bytes(V const& value) {
    std::vector<std::byte> bytes;
    append_canonical(bytes, value);
    return bytes;
}

} // namespace btard
