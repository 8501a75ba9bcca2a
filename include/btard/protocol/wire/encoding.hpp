// btard/protocol/wire/encoding.hpp: structs as bytes: one form for each value.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/shared_floats.hpp>
#include <btard/protocol/wire/member_set.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace btard {

/// The longest lists that a decoder accepts: what a remote peer may make us allocate.
struct wire_limits {
    std::size_t peers = 4'096;     ///< in lists of members, parts, testimonies
    std::size_t floats = 1u << 28; ///< of one part of a gradient, 1 GiB
    std::size_t bytes = 1u << 22;  ///< of one encoded body, one signed list
    std::size_t branch = 32;       ///< from a leaf of a tree to its root
    std::size_t claims = 16'384;   ///< accusations, complaints in one message of one member
    std::size_t entries =
        1u << 24; ///< of all members together: what a vote is about; 4,096 parts of as many rows
};

/// The last member of a struct that is the last of all that is encoded: absent, it has no bytes.
template <class V>
struct at_end {
    std::optional<V> is = {};

    friend bool operator==(at_end const&, at_end const&) = default;
};

/// A struct that names its members in the order of its bytes:
///
///     static constexpr void members(auto& self, auto&& member) {
///         member(self.root);
///         member(self.rows, &wire_limits::peers);
///     }
///
/// A list needs a limit, a member of `wire_limits`; so does a `std::map` or a `std::set`, which is the list of what is
/// in it, in ascending order.
template <class M>
concept wire_struct = std::is_class_v<M> && requires(M& value) {
    M::members(value, [](auto&, auto...) {});
};

namespace detail {
template <class>
inline constexpr bool is_list = false;
template <class E>
inline constexpr bool is_list<std::vector<E>> = true;
template <class>
inline constexpr bool is_sorted = false;
template <class K, class V>
inline constexpr bool is_sorted<std::map<K, V>> = true;
template <class K>
inline constexpr bool is_sorted<std::set<K>> = true;
template <class>
inline constexpr bool is_pair = false;
template <class A, class B>
inline constexpr bool is_pair<std::pair<A, B>> = true;
template <class>
inline constexpr bool is_maybe = false;
template <class E>
inline constexpr bool is_maybe<std::optional<E>> = true;
template <class>
inline constexpr bool is_at_end = false;
template <class E>
inline constexpr bool is_at_end<at_end<E>> = true;
template <class>
inline constexpr bool is_bytes = false;
template <std::size_t N>
inline constexpr bool is_bytes<std::array<std::byte, N>> = true;

/// digest, public_key, signature, incarnation
template <class B>
concept named_bytes = requires(B& value) {
    requires is_bytes<std::remove_cvref_t<decltype(value.bytes)>>;
};

/// Numbers of one or two bytes and floating-point numbers have a fixed width, the lowest byte first.
template <class N>
concept wire_number = std::is_arithmetic_v<N> || std::is_enum_v<N>;

/// Numbers of steps, members, parts, and lengths, have as many bytes as they need, at most ten: most are small.
template <class N>
concept wire_count = wire_number<N> && !std::floating_point<N> && sizeof(N) >= 4;

template <wire_number N>
[[nodiscard]] constexpr std::uint64_t bits_of(N value) {
    if constexpr (std::same_as<N, double>) return std::bit_cast<std::uint64_t>(value);
    else if constexpr (std::same_as<N, float>) return std::bit_cast<std::uint32_t>(value);
    else return static_cast<std::uint64_t>(value);
}
} // namespace detail

/// Appends values to a list of bytes.
class byte_writer {
public:
    /// @param floats not null: gets the one list of floats, the last of the members, in place of its bytes
    explicit byte_writer(std::vector<std::byte>& out, shared_floats* floats = nullptr) : out_(out), apart_(floats) {}

    template <class V>
    void write(V const& value, std::size_t wire_limits::* = nullptr) {
        if constexpr (wire_struct<V>) {
            V::members(value, [this](auto const& member, auto... limit) { this->write(member, limit...); });
        } else if constexpr (detail::is_list<V> || detail::is_sorted<V>) {
            count(value.size());
            for (auto const& element : value) write(element);
        } else if constexpr (detail::is_pair<V>) {
            write(value.first);
            write(value.second);
        } else if constexpr (std::same_as<V, shared_floats>) {
            count(value.size());
            if (apart_) *apart_ = value;
            else floats(value);
        } else if constexpr (detail::is_maybe<V>) {
            write(value.has_value());
            if (value) write(*value);
        } else if constexpr (detail::is_at_end<V>) {
            if (value.is) write(*value.is);
        } else if constexpr (detail::named_bytes<V>) {
            write(value.bytes);
        } else if constexpr (detail::is_bytes<V>) {
            out_.insert(out_.end(), value.begin(), value.end());
        } else if constexpr (std::same_as<V, member_set>) {
            count(value.size());
            for (std::size_t first = 0; first < value.size(); first += 8) {
                unsigned bits = 0;
                for (std::size_t k = first; k < std::min(first + 8, value.size()); ++k)
                    bits |= unsigned{value.contains(k)} << (k - first);
                out_.push_back(static_cast<std::byte>(bits));
            }
        } else if constexpr (std::same_as<V, std::byte>) {
            out_.push_back(value);
        } else if constexpr (detail::wire_count<V>) {
            count(detail::bits_of(value));
        } else {
            static_assert(detail::wire_number<V>, "values of this type have no bytes");
            for (std::size_t k = 0; k < sizeof(V); ++k)
                out_.push_back(static_cast<std::byte>(detail::bits_of(value) >> 8 * k & 0xFF));
        }
    }

private:
    /// Seven bits in a byte, the lowest first, the eighth says that more follow.
    void count(std::uint64_t number) {
        for (; number >= 0x80; number >>= 7) out_.push_back(static_cast<std::byte>((number & 0x7F) | 0x80));
        out_.push_back(static_cast<std::byte>(number));
    }

    void floats(std::span<float const> values) {
        if constexpr (std::endian::native == std::endian::little) {
            auto const bytes = std::as_bytes(values);
            out_.insert(out_.end(), bytes.begin(), bytes.end());
        } else {
            for (float const one : values) write(one);
        }
    }

    std::vector<std::byte>& out_;
    shared_floats* apart_;
};

template <class V>
[[nodiscard]] std::vector<std::byte> encode(V const& value) {
    std::vector<std::byte> bytes;
    byte_writer(bytes).write(value);
    return bytes;
}

} // namespace btard
