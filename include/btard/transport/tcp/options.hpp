// btard/transport/tcp/options.hpp: how a peer is reached over TCP, and how patient it is.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/describe.hpp>
#include <btard/core/error.hpp>
#include <btard/transport/tcp/hello.hpp>
#include <btard/transport/tcp/send_queue.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace btard {

[[nodiscard]] constexpr std::array<std::string_view, 2> enum_names(link_kind) { return {"tls", "plain"}; }

/// Times are in milliseconds.
struct tcp_options {
    link_kind link = link_kind::tls;      ///< the same on all peers
    std::uint64_t handshake = 10'000;     ///< a new connection says who it is by then, or is closed
    std::uint64_t ping = 5'000;           ///< something is sent at least so often
    std::uint64_t silence = 20'000;       ///< a link over which nothing came for so long is lost
    std::uint64_t retry_first = 100;      ///< the wait after the first failure to reach a peer; then twice that ...
    std::uint64_t retry_longest = 10'000; ///< ... up to this, each times 0.5 to 1
    std::uint32_t most_unauthenticated =
        64;                              ///< connections that haven't said who they are; beyond, the oldest goes
    std::uint32_t most_links = 1'024;    ///< with peers that came by themselves
    std::uint64_t notice_every = 10'000; ///< one sentence about refused connections in so long
    std::uint64_t seed = 0;              ///< the waits come from it, and the key

    static constexpr auto name = "tcp";
    static constexpr auto summary = "links between processes, over TCP";
    static constexpr void describe(auto& self, auto&& field) {
        field("link", self.link,
              "tls: encrypted; plain: after the handshake, frames go as they are and must be signed");
        field("handshake", self.handshake, "in ms: a new connection says who it is by then, or is closed");
        field("ping", self.ping, "in ms: something is sent at least so often");
        field("silence", self.silence, "in ms: a link over which nothing came for so long is lost");
        field("retry_first", self.retry_first,
              "in ms: the wait after the first failure to reach a peer, doubled by each");
        field("retry_longest", self.retry_longest, "in ms: the longest wait between two attempts");
        field("most_unauthenticated", self.most_unauthenticated,
              "connections that have not said who they are; beyond, the oldest is closed");
        field("most_links", self.most_links, "with peers that came by themselves");
        field("notice_every", self.notice_every, "in ms: one sentence about refused connections in so long");
        field("seed", self.seed, "the waits come from it, and from the key of the peer");
    }
    constexpr void validate() const {
        expects(handshake > 0 && ping > 0, "tcp: a handshake of ", handshake, " ms, a ping every ", ping,
                " ms; both are above 0");
        expects(silence >= 2 * ping, "tcp: a link is lost after ", silence,
                " ms of silence, and a ping comes every ", ping, " ms; wait for two of them at least");
        expects(retry_first > 0 && retry_first <= retry_longest, "tcp: the first wait is ", retry_first,
                " ms, and the longest ", retry_longest, " ms");
        for (std::uint64_t const time : {handshake, ping, silence, retry_longest, notice_every})
            expects(time <= 86'400'000, "tcp: ", time, " ms are more than a day");
        expects(most_unauthenticated > 0, "tcp: no connection could ever say who it is");
    }
    friend bool operator==(tcp_options const&, tcp_options const&) = default;
};

/// Where one peer listens, and what it sends.
struct tcp_setup {
    std::vector<tcp_channel> channels;       ///< the same on all peers; the first is the most urgent
    bool listens = true;                     ///< false: it only goes to others
    std::string host = {};                   ///< bind to this address; "": to all, IPv6 and IPv4
    std::uint16_t port = 0;                  ///< 0: one that is free
    std::string announced_host = {};         ///< what others are told; "": nothing
    std::uint16_t announced_port = 0;        ///< 0: the port to which we are bound
    std::array<std::byte, 16> instance = {}; ///< of this process; zeros: drawn when the transport begins
    /// Which channel a frame of `post(key, frame)` goes to; without it, the first.
    std::size_t (*channel_of)(std::span<std::byte const>) = nullptr;
    /// Bytes: larger messages of a link are passed over until `trust`; absent: none are.
    std::optional<std::size_t> untrusted = {};
    tcp_options options = {};

    void validate() const {
        expects(!channels.empty() && channels.size() <= 256, "tcp: ", channels.size(), " channels; 1 to 256");
        options.validate();
    }
};

/// What befell one peer's links since it began.
struct tcp_counts {
    std::uint64_t accepted = 0; ///< connections that came
    std::uint64_t refused = 0;  ///< of those: not our protocol, a wrong key, not admitted, another version
    std::uint64_t silent = 0;   ///< of those: they did not say who they are in time, or were crowded out
    std::uint64_t dialled = 0;  ///< attempts to reach a peer
    std::uint64_t failed = 0;   ///< of those
    std::uint64_t linked = 0;   ///< links that stood
    std::uint64_t lost = 0;     ///< of those
    std::uint64_t sent_bytes = 0, received_bytes = 0; ///< over links, without TLS
};

static_assert(described<tcp_options>);

} // namespace btard
