// btard/transport/tcp/peers.hpp: whom a transport knows, and which of two connections with one peer stands.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/transport/tcp/hello.hpp>
#include <btard/transport/tcp/link.hpp>
#include <btard/transport/tcp/options.hpp>


#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace btard::detail {

/// An address at which a peer is to be reached, again and again until it has a link.
struct tcp_target {
    tcp_target(loop_executor on, std::optional<public_key> whose, std::string at, std::uint16_t to)
        : key(whose), host(std::move(at)), port(to), names(on), wake(on) {}

    std::optional<public_key> key; ///< nothing: whoever answers; then its
    std::string host;
    std::uint16_t port;
    tcp_resolver names;
    loop_timer wake; ///< between two attempts
    std::weak_ptr<connection> attempt = {};
    std::uint64_t waits = 0; ///< how many were drawn
    unsigned failures = 0;
    bool given_up = false;

    [[nodiscard]] std::string address() const {
        return concat(host.find(':') == std::string::npos ? host : concat("[", host, "]"), ":", port);
    }
};

struct tcp_peer {
    explicit tcp_peer(std::vector<tcp_channel> const& channels) : queue(std::make_shared<send_queue>(channels)) {}

    std::shared_ptr<send_queue> queue;
    std::shared_ptr<tcp_target> target = {}; ///< null: it comes to us
    std::shared_ptr<link> up = {};           ///< the link that stands
    std::shared_ptr<connection> chosen = {}; ///< taken by us, who decide; the other end has not answered yet
    std::uint64_t last_link = 0;             ///< the number of the last link that stood
    std::optional<std::array<std::byte, 16>> instance = {};
    bool held = false;
    bool wanted = false; ///< the owner asked for it by its key

    /// What this end tells the other one.
    [[nodiscard]] std::uint64_t lost_link() const { return up ? 0 : last_link; }

    /// Whether the end that decides takes a new connection of this peer.  The one that stands stays, but where the
    /// peer is another process now, or has had it and lost it: then it's dead, and we haven't noticed yet.
    [[nodiscard]] bool takes(hello const& from) const {
        if (up) return up->instance != from.instance || from.last_link == up->number();
        return !chosen;
    }
};

} // namespace btard::detail
