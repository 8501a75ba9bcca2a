// btard/transport/tcp/error.hpp: why a connection was refused or ended.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <system_error>
#include <type_traits>

namespace btard {

/// What the operating system and OpenSSL say keeps its own code.
enum class tcp_errc {
    wrong_key = 1,    ///< another peer answers at this address
    improper_key,     ///< a certificate without an Ed25519 key, or with a key that nobody can own alone
    own_key,          ///< we met ourselves
    not_admitted,     ///< the owner of this end doesn't want this peer
    refused_there,    ///< the other end doesn't want us
    not_our_protocol, ///< what came is no greeting of ours
    other_version,
    other_link,   ///< one end wants TLS, the other one plain
    other_stands, ///< there is a connection with this peer, and it stays
    replaced,     ///< the peer came back with a new connection
    silent,       ///< nothing came for too long
    crowded_out,  ///< too many connections hadn't said who they are; the oldest went
    bad_chunk,    ///< bytes that no peer of ours sends
    too_large,    ///< a message above the limit of its channel
    closed_there, ///< the other end said goodbye
    closed_here,
};

[[nodiscard]] inline std::error_category const& tcp_category() noexcept {
    struct btard_tcp_category final : std::error_category {
        char const* name() const noexcept override { return "btard.tcp"; }
        std::string message(int code) const override {
            switch (static_cast<tcp_errc>(code)) {
            case tcp_errc::wrong_key: return "another peer answers there, with a key that is not the expected one";
            case tcp_errc::improper_key: return "its certificate has no proper Ed25519 key";
            case tcp_errc::own_key:
                return "it has our own key: this address is our own, or the key file was copied";
            case tcp_errc::not_admitted: return "its key is not among those that are admitted here";
            case tcp_errc::refused_there: return "the other end does not admit our key";
            case tcp_errc::not_our_protocol: return "what it sent is not our protocol";
            case tcp_errc::other_version: return "it speaks another version of the transport";
            case tcp_errc::other_link: return "one end is set to TLS and the other one to plain links";
            case tcp_errc::other_stands: return "another connection with this peer stands";
            case tcp_errc::replaced: return "the peer has come back with a new connection";
            case tcp_errc::silent: return "nothing came from it for too long";
            case tcp_errc::crowded_out:
                return "too many connections did not say who they are, and this was the oldest";
            case tcp_errc::bad_chunk: return "it sent bytes that are no chunk of a message";
            case tcp_errc::too_large: return "it sent a message above the limit of its channel";
            case tcp_errc::closed_there: return "the other end has closed the connection";
            case tcp_errc::closed_here: return "this end has closed the connection";
            }
            return "unknown";
        }
    };
    static btard_tcp_category const the_category;
    return the_category;
}

[[nodiscard]] inline std::error_code make_error_code(tcp_errc code) noexcept {
    return {static_cast<int>(code), tcp_category()};
}

} // namespace btard

template <>
struct std::is_error_code_enum<btard::tcp_errc> : std::true_type {};
