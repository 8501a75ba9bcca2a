// btard/protocol/wire/log_messages.hpp: what members send each other to agree on a log.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/wire/encoding.hpp>
#include <btard/protocol/wire/log_list.hpp>
#include <btard/protocol/wire/statement.hpp>

#include <cstddef>
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

/// From each member to all, once.
template <statement what>
struct signed_hash {
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
    friend bool operator==(signed_hash const&, signed_hash const&) = default;
};
using signed_digest = signed_hash<statement::list>;     ///< of its list
using signed_outcome = signed_hash<statement::outcome>; ///< of what came out of a relay

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

using log_message = std::variant<signed_body, signed_digest, signed_list, log_question, log_certificate,
                                 relayed_body, relayed_certificate, signed_outcome>;

} // namespace wire

} // namespace btard
