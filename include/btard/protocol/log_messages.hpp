// btard/protocol/log_messages.hpp: what members send each other to agree on a log, and what is to be done.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/encoding.hpp>
#include <btard/protocol/log_list.hpp>
#include <btard/protocol/statement.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

namespace btard {

namespace wire {

/// From its sender to all, once; from anybody that holds it, when asked.
struct signed_body {
    place at;
    peer_id sender{};
    std::vector<std::byte> bytes{};
    signature by_sender{};

    static constexpr void members(auto& self, auto&& member) {
        member(self.at);
        member(self.sender);
        member(self.bytes, &wire_limits::bytes);
        member(self.by_sender);
    }
    friend bool operator==(signed_body const&, signed_body const&) = default;
};

/// From each member to all, once: the hash of its list.
struct signed_digest {
    place at;
    peer_id signer{};
    digest hash{};
    signature by_signer{};

    static constexpr void members(auto& self, auto&& member) {
        member(self.at);
        member(self.signer);
        member(self.hash);
        member(self.by_signer);
    }
    friend bool operator==(signed_digest const&, signed_digest const&) = default;
};

/// The same and the list itself: to all in round 0, and from whoever is cut off.
struct signed_list {
    place at;
    peer_id signer{};
    log_list list{};
    signature by_signer{};

    static constexpr void members(auto& self, auto&& member) {
        member(self.at);
        member(self.signer);
        member(self.list, &wire_limits::peers);
        member(self.by_signer);
    }
    friend bool operator==(signed_list const&, signed_list const&) = default;
};

/// To all: "who has these bodies", "who has a certificate", "what did you sign".
struct log_question {
    place at;
    std::vector<peer_id> bodies{};
    bool certificate = false;
    bool digest = false;

    static constexpr void members(auto& self, auto&& member) {
        member(self.at);
        member(self.bodies, &wire_limits::peers);
        member(self.certificate);
        member(self.digest);
    }
    friend bool operator==(log_question const&, log_question const&) = default;
};

struct member_signature {
    peer_id member{};
    signature by_member{};

    static constexpr void members(auto& self, auto&& member) {
        member(self.member);
        member(self.by_member);
    }
    friend bool operator==(member_signature const&, member_signature const&) = default;
};

/// A list and a quorum that signed it: as its own, or as the outcome of a relay.
struct log_certificate {
    place at;
    bool outcome = false;
    log_list list{};
    std::vector<member_signature> signatures{};

    static constexpr void members(auto& self, auto&& member) {
        member(self.at);
        member(self.outcome);
        member(self.list, &wire_limits::peers);
        member(self.signatures, &wire_limits::peers);
    }
    friend bool operator==(log_certificate const&, log_certificate const&) = default;
};

/// To all, in the relay: a body or a certificate, countersigned.
struct relayed_body {
    signed_body body{};
    std::vector<member_signature> relays{};

    static constexpr void members(auto& self, auto&& member) {
        member(self.body);
        member(self.relays, &wire_limits::peers);
    }
    friend bool operator==(relayed_body const&, relayed_body const&) = default;
};
struct relayed_certificate {
    log_certificate certificate{};
    std::vector<member_signature> relays{};

    static constexpr void members(auto& self, auto&& member) {
        member(self.certificate);
        member(self.relays, &wire_limits::peers);
    }
    friend bool operator==(relayed_certificate const&, relayed_certificate const&) = default;
};

/// From each member to all, after a relay: the hash of what came out.
struct signed_outcome {
    place at;
    peer_id signer{};
    digest hash{};
    signature by_signer{};

    static constexpr void members(auto& self, auto&& member) {
        member(self.at);
        member(self.signer);
        member(self.hash);
        member(self.by_signer);
    }
    friend bool operator==(signed_outcome const&, signed_outcome const&) = default;
};

using log_message = std::variant<signed_body, signed_digest, signed_list, log_question, log_certificate,
                                 relayed_body, relayed_certificate, signed_outcome>;

} // namespace wire

/// Two statements of one slot: whoever signed both is banned.  Kinds: `statement::body`, `statement::list`.
struct equivocation {
    slot_context in{};
    statement kind{};
    peer_id member{};
    std::array<digest, 2> hashes{};
    std::array<signature, 2> signatures{};

    static constexpr void members(auto& self, auto&& member) {
        member(self.in);
        member(self.kind);
        member(self.member);
        for (std::size_t k = 0; k < 2; ++k) {
            member(self.hashes[k]);
            member(self.signatures[k]);
        }
    }
    friend bool operator==(equivocation const&, equivocation const&) = default;
};

/// For third parties: needs the roster and the proof alone.
template <signer S>
[[nodiscard]] bool proves(equivocation const& e, S const& with, std::span<log_member const> members) {
    if (e.hashes[0] == e.hashes[1] || (e.kind != statement::body && e.kind != statement::list)) return false;
    for (std::size_t k = 0; k < 2; ++k)
        if (!holds(with, e.in, e.kind, e.member, members, e.hashes[k], e.member, e.signatures[k]))
            return false;
    return true;
}

/// How a phase came to its log.
enum class closed_by : std::uint8_t { full_certificate, certificate, relay, outcome_certificate };

namespace act {

struct send_log { ///< to one
    peer_id to{};
    wire::log_message message;
    friend bool operator==(send_log const&, send_log const&) = default;
};
struct broadcast_log { ///< to all others
    wire::log_message message;
    friend bool operator==(broadcast_log const&, broadcast_log const&) = default;
};
struct log_closed { ///< the log is final, and every body of it is here
    closed_by how{};
    digest log{};
    friend bool operator==(log_closed const&, log_closed const&) = default;
};
struct log_paused { ///< no quorum: keep the state, say so, reconnect
    std::size_t heard = 0, quorum = 0;
    friend bool operator==(log_paused const&, log_paused const&) = default;
};
struct log_proof { ///< somebody signed two statements for one slot
    equivocation evidence{};
    friend bool operator==(log_proof const&, log_proof const&) = default;
};

} // namespace act

using log_action =
    std::variant<act::send_log, act::broadcast_log, act::log_closed, act::log_paused, act::log_proof>;

} // namespace btard
