// btard/protocol/wire/codec.hpp: frames: any message between peers as bytes, and back.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/protocol/log/introduction.hpp>
#include <btard/protocol/wire/decoding.hpp>
#include <btard/protocol/wire/encoding.hpp>
#include <btard/protocol/wire/log_messages.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

namespace wire {

/// All that one peer sends another.  The kind of a message is its place here: new ones go to the end.
using message = std::variant<signed_body, signed_digest, signed_list, log_question, log_certificate, relayed_body,
                             relayed_certificate, signed_outcome, row, aggregate, wanted, evidence, join, trial,
                             introduction>;

inline constexpr std::uint8_t version = 2; ///< of all the bytes: another one is another protocol

} // namespace wire

/// version (1 byte), kind (1 byte), the members of the message.
[[nodiscard]] inline std::vector<std::byte> encode_frame(wire::message const& message) {
    std::vector<std::byte> bytes;
    byte_writer to(bytes);
    to.write(wire::version);
    to.write(static_cast<std::uint8_t>(message.index()));
    std::visit([&](auto const& m) { to.write(m); }, message);
    return bytes;
}

/// The same in two pieces: the floats of a row or an aggregate, which stand at its end, stay where they are.
[[nodiscard]] inline std::pair<std::vector<std::byte>, shared_floats> encode_frame_apart(wire::message const& message) {
    std::pair<std::vector<std::byte>, shared_floats> made;
    bool const ends_in_floats =
        std::holds_alternative<wire::row>(message) || std::holds_alternative<wire::aggregate>(message);
    byte_writer to(made.first, ends_in_floats ? &made.second : nullptr);
    to.write(wire::version);
    to.write(static_cast<std::uint8_t>(message.index()));
    std::visit([&](auto const& m) { to.write(m); }, message);
    return made;
}

/// The message whose frame this is.  Nothing for all other bytes: another version, a kind that there is not, a message
/// that is too short, too long, or written in another way than `encode_frame` does.  Lists beyond the limits are
/// refused before anything is allocated for them.
[[nodiscard]] inline std::optional<wire::message>
decode_frame(std::span<std::byte const> bytes, wire_limits const& limits = byte_reader::standard_limits) {
    byte_reader from(bytes, limits);
    std::uint8_t version = 0, kind = 0;
    if (!from.read(version) || version != wire::version || !from.read(kind)) return {};
    std::optional<wire::message> found;
    auto const read_as = [&]<std::size_t K>(std::integral_constant<std::size_t, K>) {
        if (kind != K) return;
        std::variant_alternative_t<K, wire::message> message;
        if (from.read(message) && from.at_end()) found.emplace(std::move(message));
    };
    [&]<std::size_t... K>(std::index_sequence<K...>) {
        (read_as(std::integral_constant<std::size_t, K>{}), ...);
    }(std::make_index_sequence<std::variant_size_v<wire::message>>{});
    return found;
}

} // namespace btard
