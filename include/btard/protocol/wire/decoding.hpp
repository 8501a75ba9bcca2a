// btard/protocol/wire/decoding.hpp: bytes as structs again: one form for each value, limits before memory.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/shared_floats.hpp>
#include <btard/protocol/wire/encoding.hpp>
#include <btard/protocol/wire/member_set.hpp>

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace btard {

/// Takes values from bytes.  Whatever they hold, nothing is thrown and no more memory is taken than a small multiple
/// of their number; after the first mistake every `read` says no.
class byte_reader {
public:
    explicit byte_reader(std::span<std::byte const> in, wire_limits const& limits = standard_limits)
        : in_(in), limits_(limits) {}

    /// Nothing is left.
    [[nodiscard]] bool at_end() const { return in_.empty(); }
    [[nodiscard]] std::size_t left() const { return in_.size(); } ///< bytes

    template <class V>
    [[nodiscard]] bool read(V& value, std::size_t wire_limits::*limit = nullptr) {
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
        } else if constexpr (detail::is_sorted<V>) {
            return sorted(value, limit);
        } else if constexpr (detail::is_pair<V>) {
            return read(value.first) && read(value.second);
        } else if constexpr (std::same_as<V, shared_floats>) {
            return floats(value, limit);
        } else if constexpr (detail::is_maybe<V>) {
            bool present = false;
            value.reset();
            return read(present) && (!present || read(value.emplace()));
        } else if constexpr (detail::is_at_end<V>) {
            value.is.reset();
            return at_end() || read(value.is.emplace());
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

    /// Of a list, at most as much as the limit.
    [[nodiscard]] bool length(std::size_t& value, std::size_t wire_limits::*limit) {
        std::uint64_t number = 0;
        if (!count(number) || limit == nullptr || number > limits_.*limit) return false;
        value = number;
        return true;
    }

private:
    template <detail::wire_count N>
    [[nodiscard]] bool number(N& value) {
        std::uint64_t bits = 0;
        if (!count(bits) || bits > std::numeric_limits<std::make_unsigned_t<N>>::max()) return false;
        value = static_cast<N>(bits);
        return true;
    }
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

    /// The shortest form only.
    [[nodiscard]] bool count(std::uint64_t& value) {
        value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            std::byte next{};
            if (!read(next)) return false;
            auto const bits = std::to_integer<std::uint64_t>(next & std::byte{0x7F});
            if (shift == 63 && bits > 1) return false; // more than 64
            value |= bits << shift;
            if ((next & std::byte{0x80}) == std::byte{}) return next != std::byte{} || shift == 0;
        }
        return false;
    }
    /// Each key once, in ascending order.
    template <class V>
    [[nodiscard]] bool sorted(V& value, std::size_t wire_limits::*limit) {
        std::size_t count = 0;
        if (!length(count, limit) || count > in_.size()) return false;
        value.clear();
        typename V::key_type key{};
        for (std::size_t k = 0; k < count; ++k) {
            if (!read(key)) return false;
            if (k > 0 && !(last_key(value) < key)) return false;
            if constexpr (requires { typename V::mapped_type; }) {
                if (!read(value.emplace_hint(value.end(), key, typename V::mapped_type{})->second)) return false;
            } else {
                value.insert(value.end(), key);
            }
        }
        return true;
    }
    template <class V>
    [[nodiscard]] static typename V::key_type const& last_key(V const& of) {
        if constexpr (requires { typename V::mapped_type; }) return of.rbegin()->first;
        else return *of.rbegin();
    }

    /// Straight into the buffer in which they stay: the row of a rule, or a part of the aggregate.
    [[nodiscard]] bool floats(shared_floats& value, std::size_t wire_limits::*limit) {
        std::size_t count = 0;
        if (!length(count, limit) || count > in_.size() / sizeof(float)) return false;
        std::vector<float> all;
        if constexpr (std::endian::native == std::endian::little) {
            all.reserve(count);
            while (all.size() < count) { // block by block: what `resize` has filled is in the cache
                std::size_t const done = all.size(), next = std::min<std::size_t>(4096, count - done);
                all.resize(done + next);
                std::memcpy(all.data() + done, in_.data(), sizeof(float) * next);
                in_ = in_.subspan(sizeof(float) * next);
            }
        } else {
            for (std::size_t k = 0; k < count; ++k)
                if (!read(all.emplace_back())) return false;
        }
        value = std::move(all);
        return true;
    }

    [[nodiscard]] bool set(member_set& value, std::size_t wire_limits::*limit) {
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
