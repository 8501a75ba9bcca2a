// btard/transport/tcp/peers.hpp: whom a transport knows, and which of two connections with one peer stands.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/transport/tcp/hello.hpp>
#include <btard/transport/tcp/link.hpp>
#include <btard/transport/tcp/options.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
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
    loop_timer wake;                        ///< between two attempts
    std::weak_ptr<connection> attempt = {}; ///< the one that is under way
    std::uint64_t waits = 0;                ///< how many were drawn
    unsigned failures = 0;
    bool given_up = false;

    [[nodiscard]] std::string address() const {
        return concat(host.find(':') == std::string::npos ? host : concat("[", host, "]"), ":", port);
    }
    void give_up() {
        given_up = true;
        wake.cancel();
        names.cancel();
        if (auto const one = attempt.lock()) one->end(tcp_errc::closed_here);
    }
};

/// One peer that the owner wants, or that came by itself: what waits for it, where it is reached, its link.
struct tcp_peer {
    explicit tcp_peer(std::vector<tcp_channel> const& channels) : queue(std::make_shared<send_queue>(channels)) {}

    std::shared_ptr<send_queue> queue;
    std::shared_ptr<tcp_target> target = {}; ///< null: it comes to us
    std::shared_ptr<link> up = {};           ///< the link that stands
    std::shared_ptr<connection> chosen = {}; ///< taken by us, who decide; the other end has not answered yet
    std::uint64_t last_link = 0;             ///< the number of the last link that stood
    std::optional<std::array<std::byte, 16>> instance = {};
    bool held = false;
    bool wanted = false; ///< by the owner; else it goes when its link goes

    /// What this end tells the other one.
    [[nodiscard]] std::uint64_t lost_link() const { return up ? 0 : last_link; }

    /// Whether the end that decides takes a new connection of this peer.  The one that stands stays, but where the
    /// peer is another process now, or has had it and lost it: then it's dead, and we haven't noticed yet.
    [[nodiscard]] bool takes(hello const& from) const {
        if (up) return up->instance != from.instance || from.last_link == up->number();
        return !chosen;
    }
    void wake_target() {
        if (target) target->wake.cancel();
    }
};

/// All of them, by key.  A message for a peer without a link waits in its queue.
class tcp_peers {
public:
    explicit tcp_peers(std::vector<tcp_channel> const& channels) : channels_(channels) {}

    tcp_peer& made(public_key const& key) {
        auto& place = all_[key];
        if (!place) place = std::make_unique<tcp_peer>(channels_);
        return *place;
    }
    [[nodiscard]] tcp_peer* find(public_key const& key) const {
        auto const found = all_.find(key);
        return found == all_.end() ? nullptr : found->second.get();
    }
    std::unique_ptr<tcp_peer> take_out(public_key const& key) {
        auto found = all_.extract(key);
        return found ? std::move(found.mapped()) : nullptr;
    }
    void clear() { all_.clear(); }
    [[nodiscard]] std::size_t size() const { return all_.size(); }
    void each(auto&& visit) const {
        for (auto const& [key, peer] : all_) visit(*peer);
    }

    [[nodiscard]] std::size_t links() const {
        std::size_t sum = 0;
        each([&](tcp_peer const& peer) { sum += peer.up != nullptr; });
        return sum;
    }
    posted post(public_key const& to, std::size_t channel, shared_frame frame) {
        auto* const peer = find(to);
        if (!peer) return posted::unknown;
        auto const became = peer->queue->push(channel, std::move(frame));
        if (became == posted::queued && peer->up) peer->up->wake();
        return became;
    }
    /// In a call of `on_linked`: nothing has gone over the new link yet.
    posted post_first(public_key const& to, std::size_t channel, shared_frame frame) {
        auto* const peer = find(to);
        return peer ? peer->queue->push_first(channel, std::move(frame)) : posted::unknown;
    }
    void drop_waiting(public_key const& key, std::size_t channel) {
        auto* const peer = find(key);
        if (!peer) return;
        if (peer->up) peer->queue->drop(channel);
        else peer->queue->clear();
    }
    void hold(public_key const& key, bool held) {
        auto* const peer = find(key);
        if (!peer || std::exchange(peer->held, held) == held || !peer->up) return;
        if (held) peer->up->hold();
        else peer->up->resume();
    }

private:
    std::vector<tcp_channel> channels_;
    std::map<public_key, std::unique_ptr<tcp_peer>> all_;
};

} // namespace btard::detail
