// btard/protocol/encoding.hpp: structs as bytes and back, one form for each value, limits before memory.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/protocol/member_set.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace btard {

/// The longest lists that a decoder accepts: what a remote peer may make us allocate.
struct wire_limits {
    std::size_t peers = 4'096;      ///< in lists of members, parts, testimonies
    std::size_t floats = 1u << 28;  ///< of one part of a gradient, 1 GiB
    std::size_t bytes = 1u << 22;   ///< of one encoded body, one signed list
    std::size_t branch = 32;        ///< from a leaf of a tree to its root
    std::size_t claims = 16'384;    ///< accusations, complaints in one message of one member
    std::size_t entries = 1u << 24; ///< of all members together: what a vote is about; 4,096 parts of as many rows
};

/// A struct that names its members in the order of its bytes:
///
///     static constexpr void members(auto& self, auto&& member) {
///         member(self.root);
///         member(self.rows, &wire_limits::peers);
///     }
///
/// A list needs a limit, a member of `wire_limits`.
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
inline constexpr bool is_maybe = false;
template <class E>
inline constexpr bool is_maybe<std::optional<E>> = true;
template <class>
inline constexpr bool is_bytes = false;
template <std::size_t N>
inline constexpr bool is_bytes<std::array<std::byte, N>> = true;

/// digest, public_key, signature, incarnation
template <class B>
concept named_bytes = requires(B& value) { requires is_bytes<std::remove_cvref_t<decltype(value.bytes)>>; };

/// Of a fixed width, the lowest byte first; lengths alone have as many bytes as they need.
template <class N>
concept wire_number = std::is_arithmetic_v<N> || std::is_enum_v<N>;

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
    explicit byte_writer(std::vector<std::byte>& out) : out_(out) {}

    template <class V>
    void write(V const& value, std::size_t wire_limits::* = nullptr) {
        if constexpr (wire_struct<V>) {
            V::members(value, [this](auto const& member, auto... limit) { this->write(member, limit...); });
        } else if constexpr (detail::is_list<V>) {
            length(value.size());
            for (auto const& element : value) write(element);
        } else if constexpr (detail::is_maybe<V>) {
            write(value.has_value());
            if (value) write(*value);
        } else if constexpr (detail::named_bytes<V>) {
            write(value.bytes);
        } else if constexpr (detail::is_bytes<V>) {
            out_.insert(out_.end(), value.begin(), value.end());
        } else if constexpr (std::same_as<V, member_set>) {
            length(value.size());
            for (std::size_t first = 0; first < value.size(); first += 8) {
                unsigned bits = 0;
                for (std::size_t k = first; k < std::min(first + 8, value.size()); ++k)
                    bits |= unsigned{value.contains(k)} << (k - first);
                out_.push_back(static_cast<std::byte>(bits));
            }
        } else if constexpr (std::same_as<V, std::byte>) {
            out_.push_back(value);
        } else {
            static_assert(detail::wire_number<V>, "values of this type have no bytes");
            for (std::size_t k = 0; k < sizeof(V); ++k)
                out_.push_back(static_cast<std::byte>(detail::bits_of(value) >> 8 * k & 0xFF));
        }
    }

private:
    /// Seven bits in a byte, the lowest first, the eighth says that more follow.
    void length(std::uint64_t number) {
        for (; number >= 0x80; number >>= 7) out_.push_back(static_cast<std::byte>((number & 0x7F) | 0x80));
        out_.push_back(static_cast<std::byte>(number));
    }

    std::vector<std::byte>& out_;
};

/// Takes values from bytes.  Whatever they hold, nothing is thrown and no more memory is taken than a small multiple
/// of their number; after the first mistake every `read` says no.
class byte_reader {
public:
    explicit byte_reader(std::span<std::byte const> in, wire_limits const& limits = standard_limits)
        : in_(in), limits_(limits) {}

    /// Nothing is left.
    [[nodiscard]] bool at_end() const { return in_.empty(); }

    template <class V>
    [[nodiscard]] bool read(V& value, std::size_t wire_limits::* limit = nullptr) {
        if constexpr (wire_struct<V>) {
            bool good = true;
            V::members(value, [&](auto& member, auto... most) { good = good && read(member, most...); });
            return good;
        } else if constexpr (detail::is_list<V>) {
            std::size_t count = 0;
            if (!length(count, limit) || count > in_.size()) return false; // an element has a byte at least
            value.clear();
            for (std::size_t k = 0; k < count; ++k)
                if (!read(value.emplace_back())) return false;
            return true;
        } else if constexpr (detail::is_maybe<V>) {
            bool present = false;
            value.reset();
            return read(present) && (!present || read(value.emplace()));
        } else if constexpr (detail::named_bytes<V>) {
            return read(value.bytes);
        } else if constexpr (detail::is_bytes<V>) {
            if (in_.size() < value.size()) return false;
            std::copy_n(in_.begin(), value.size(), value.begin());
            in_ = in_.subspan(value.size());
            return true;
        } else if constexpr (std::same_as<V, member_set>) {
            return set(value, limit);
        } else if constexpr (std::same_as<V, std::byte>) {
            if (in_.empty()) return false;
            value = in_.front();
            in_ = in_.subspan(1);
            return true;
        } else {
            static_assert(detail::wire_number<V>, "values of this type have no bytes");
            return number(value);
        }
    }

    static constexpr wire_limits standard_limits{};

private:
    template <class N>
    [[nodiscard]] bool number(N& value) {
        std::uint64_t bits = 0;
        if (in_.size() < sizeof(N)) return false;
        for (std::size_t k = sizeof(N); k-- > 0;) bits = bits << 8 | std::to_integer<std::uint64_t>(in_[k]);
        in_ = in_.subspan(sizeof(N));
        if constexpr (std::same_as<N, bool>) {
            if (bits > 1) return false;
            value = bits == 1;
        } else if constexpr (std::same_as<N, double>) {
            value = std::bit_cast<double>(bits);
        } else if constexpr (std::same_as<N, float>) {
            value = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
        } else if constexpr (requires { enum_count(value); }) {
            if (bits >= enum_count(value)) return false;
            value = static_cast<N>(bits);
        } else {
            value = static_cast<N>(bits);
        }
        return true;
    }

    /// The shortest form only, at most as much as the limit.
    [[nodiscard]] bool length(std::size_t& value, std::size_t wire_limits::* limit) {
        std::uint64_t bits = 0;
        for (unsigned shift = 0; shift < 35; shift += 7) {
            std::byte next{};
            if (!read(next)) return false;
            bits |= (std::to_integer<std::uint64_t>(next) & 0x7F) << shift;
            if ((next & std::byte{0x80}) != std::byte{}) continue;
            if (next == std::byte{} && shift > 0) return false;
            value = bits;
            return limit != nullptr && bits <= limits_.*limit;
        }
        return false;
    }

    [[nodiscard]] bool set(member_set& value, std::size_t wire_limits::* limit) {
        std::size_t size = 0;
        if (!length(size, limit) || (size + 7) / 8 > in_.size()) return false;
        value = member_set(size);
        for (std::size_t first = 0; first < size; first += 8) {
            unsigned const bits = std::to_integer<unsigned>(in_[first / 8]);
            for (std::size_t k = 0; k < 8; ++k) {
                if ((bits >> k & 1) == 0) continue;
                if (first + k >= size) return false; // a bit beyond the last entry
                value.insert(first + k);
            }
        }
        in_ = in_.subspan((size + 7) / 8);
        return true;
    }

    std::span<std::byte const> in_;
    wire_limits const& limits_;
};

template <class V>
[[nodiscard]] std::vector<std::byte> encode(V const& value) {
    std::vector<std::byte> bytes;
    byte_writer(bytes).write(value);
    return bytes;
}

/// The value whose bytes these are, all of them: then `encode` gives them again, bit for bit.  Nothing for all
/// other bytes.
template <class V>
[[nodiscard]] std::optional<V> decode(std::span<std::byte const> bytes,
                                      wire_limits const& limits = byte_reader::standard_limits) {
    std::optional<V> value{std::in_place};
    byte_reader from(bytes, limits);
    if (!from.read(*value) || !from.at_end()) value.reset();
    return value;
}

} // namespace btard
