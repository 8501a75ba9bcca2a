// btard/protocol/wire/statement.hpp: what a member signs: one hash for one slot, in 116 bytes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/signer.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace btard {

/// Which broadcast of a run.
struct place {
    std::uint64_t epoch = 0; ///< of the roster
    std::uint64_t step = 0;
    std::uint8_t phase = 0;
    std::uint32_t draw = 0; ///< of the joint randomness; phases that are not repeated have 0

    static constexpr void members(auto& self, auto&& member) {
        member(self.epoch);
        member(self.step);
        member(self.phase);
        member(self.draw);
    }
    friend auto operator<=>(place const&, place const&) = default;
};

/// A broadcast of one run among all runs.
struct slot_context {
    digest run; ///< the run id
    place at;

    static constexpr void members(auto& self, auto&& member) {
        member(self.run);
        member(self.at);
    }
    friend bool operator==(slot_context const&, slot_context const&) = default;
};

/// A member as the roster knows it.
struct log_member {
    public_key key;
    std::array<std::byte, 16> incarnation{}; ///< drawn when its process started

    static constexpr void members(auto& self, auto&& member) {
        member(self.key);
        member(self.incarnation);
    }
    friend bool operator==(log_member const&, log_member const&) = default;
};

/// What a hash is of.  Each kind is a slot of its own: two signed bodies prove equivocation, and so do two
/// signed lists; the countersignature of a relay is none of both.
enum class statement : std::uint8_t { body, list, relayed_body, relayed_certificate, outcome };
constexpr std::size_t enum_count(statement) { return 5; }

/// The text under a signature.  All fields have a fixed width, so no two statements have the same text. Those
/// of another run, epoch, step, phase, draw or life of the same key have another one: here they are bad
/// signatures.
///
/// @param about whose body a relay countersigns; otherwise the signer
[[nodiscard]] constexpr std::array<std::byte, 116> statement_text(slot_context const& in, statement kind,
                                                                  peer_id by, log_member const& member,
                                                                  digest const& hash, peer_id about) {
    std::array<std::byte, 116> text{};
    std::size_t end = 0;
    auto const number = [&](std::uint64_t value, std::size_t width) {
        for (; width > 0; --width, value >>= 8) text[end++] = static_cast<std::byte>(value & 0xFF);
    };
    auto const bytes = [&](std::span<std::byte const> list) {
        for (std::byte const b : list) text[end++] = b;
    };
    for (char const letter : std::string_view("btard1"))
        number(static_cast<std::uint8_t>(letter), 1); // 1: version
    number(static_cast<std::uint64_t>(kind), 1);
    bytes(in.run.bytes);
    number(in.at.epoch, 8);
    number(in.at.step, 8);
    number(in.at.phase, 1);
    number(in.at.draw, 4);
    number(static_cast<std::uint32_t>(by), 4);
    bytes(member.incarnation);
    number(static_cast<std::uint32_t>(about), 4);
    bytes(hash.bytes);
    return text;
}

template <signer S>
[[nodiscard]] signature sign_statement(S const& with, slot_context const& in, statement kind, peer_id by,
                                       std::span<log_member const> members, digest const& hash,
                                       peer_id about) {
    auto const& member = members[static_cast<std::size_t>(by)];
    return with.sign(statement_text(in, kind, by, member, hash, about));
}

/// Whether that member of the roster signed it, in this life.  Numbers beyond the roster did not.
template <signer S>
[[nodiscard]] bool holds(S const& with, slot_context const& in, statement kind, peer_id by,
                         std::span<log_member const> members, digest const& hash, peer_id about,
                         signature const& under) {
    if (static_cast<std::size_t>(by) >= members.size()) return false;
    auto const& member = members[static_cast<std::size_t>(by)];
    return with.verify(member.key, statement_text(in, kind, by, member, hash, about), under);
}

} // namespace btard
