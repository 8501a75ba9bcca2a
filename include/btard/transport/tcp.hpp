// btard/transport/tcp.hpp: links between processes: TCP, TLS 1.3, and a key at each end.
// SPDX-License-Identifier: Apache-2.0
#pragma once

//   out: post -> tcp_peers -> send_queue -> link::write_all -> connection -> tls_pipe -> socket
//   in:  socket -> tls_pipe -> connection -> link::read_all -> chunk_reader -> tcp_links -> tcp_handler::on_frame
//
//   A plain link leaves tls_pipe out once both ends know their keys.  tcp_mesh accepts and dials; tcp_links, which it
//   derives from, agrees with the other end (hello, link_verdict) which connection with a peer is the link.

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/crypto/identity.hpp>
#include <btard/crypto/openssl.hpp>
#include <btard/transport/concept.hpp>
#include <btard/transport/tcp/address.hpp>
#include <btard/transport/tcp/handler.hpp>
#include <btard/transport/tcp/mesh.hpp>
#include <btard/transport/tcp/options.hpp>
#include <btard/transport/tcp/peers.hpp>
#include <btard/transport/tcp/send_queue.hpp>

#include <asio/io_context.hpp>

#include <openssl/rand.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace btard {

/// Carries frames between one peer and the others, one connection for each of them, whoever dialled.
///
/// It has no thread: all happens while the owner runs `io.run()`, on that one thread, and all calls come from there.
/// A frame arrives whole and unchanged or not at all, those of one channel in their order, none of them twice.
/// Those that were on their way when a link broke may be lost; those that waited go over the next link.
class tcp {
public:
    /// Begins to listen.  The handler and the loop must outlive it, or `on_stopped`.
    ///
    /// @throws environment_error: cannot listen there; `crypto_failed`
    tcp(asio::io_context& io, identity const& who, tcp_setup setup, tcp_handler& handler) {
        setup.validate();
        auto& instance = setup.instance;
        if (instance == decltype(tcp_setup::instance){} &&
            ::RAND_bytes(reinterpret_cast<unsigned char*>(instance.data()), static_cast<int>(instance.size())) != 1)
            detail::crypto_failed("draw the number of this process");
        mesh_ = std::make_shared<detail::tcp_mesh>(io, who, std::move(setup), handler);
        mesh_->begin();
    }
    tcp(tcp const&) = delete;
    tcp& operator=(tcp const&) = delete;
    /// Closes all sockets without a word.
    ~tcp() { mesh_->abandon(); }

    // ---- whom to talk to

    /// Dials this peer, and again whenever the link is lost, until it is forgotten.
    void reach(public_key const& peer, std::string const& host, std::uint16_t port) {
        expects(peer != self(), "tcp: a peer does not reach itself");
        mesh_->reach(std::make_shared<detail::tcp_target>(mesh_->io.get_executor(), peer, host, port));
    }
    /// The same for whoever answers there: its key is learned from the first connection, and kept.
    void reach(std::string const& host, std::uint16_t port) {
        mesh_->reach(std::make_shared<detail::tcp_target>(mesh_->io.get_executor(), std::nullopt, host, port));
    }
    /// Keeps a queue for a peer that comes by itself, and lets it in.
    void expect(public_key const& peer) {
        expects(peer != self(), "tcp: a peer does not expect itself");
        if (!mesh_->stopping) mesh_->peers.made(peer).wanted = true;
    }
    /// Ends its link, drops what waits for it, and dials it no more.
    void forget(public_key const& peer) { mesh_->forget(peer); }

    // ---- frames and the timer

    posted post(public_key const& to, std::vector<std::byte> frame) {
        std::size_t const channel = mesh_->setup.channel_of ? mesh_->setup.channel_of(frame) : 0;
        return post(to, channel, std::make_shared<std::vector<std::byte> const>(std::move(frame)));
    }
    /// The same frame may go to many peers.
    posted post(public_key const& to, std::size_t channel, shared_frame frame) {
        return mesh_->stopping ? posted::unknown : mesh_->peers.post(to, channel, std::move(frame));
    }
    /// In `on_linked` alone: before all that has waited for the link.
    posted post_first(public_key const& to, std::size_t channel, shared_frame frame) {
        return mesh_->stopping ? posted::unknown : mesh_->peers.post_first(to, channel, std::move(frame));
    }
    /// What waits for that peer is of no use any more: all of it without a link, that channel with one.
    void drop_waiting(public_key const& peer, std::size_t channel) { mesh_->peers.drop_waiting(peer, channel); }
    /// Replaces the timer.  A moment that has passed means now; `time_point::max()`, never.
    void wake_at(time_point when) { mesh_->wake_at(when); }
    /// From now on, messages over the link that stands may be as large as their channels allow; see `untrusted`.
    void trust(public_key const& peer) {
        auto const* const known = mesh_->peers.find(peer);
        if (known && known->up) known->up->trust();
    }
    /// Reads no more from that peer until `resume`; at most one message is handed over meanwhile, and pings keep the
    /// link alive.
    void hold(public_key const& peer) { mesh_->peers.hold(peer, true); }
    void resume(public_key const& peer) { mesh_->peers.hold(peer, false); }

    /// Takes no more; sends what waits, says goodbye and closes, after the grace in any case.  Then `on_stopped`.
    void stop(std::chrono::milliseconds grace) { mesh_->stop(grace); }

    // ---- what is known

    [[nodiscard]] public_key const& self() const { return mesh_->self; }
    /// Of this run of the peer: another one knows nothing of the links that this one had.
    [[nodiscard]] std::array<std::byte, 16> const& instance() const { return mesh_->setup.instance; }
    [[nodiscard]] static time_point now() { return std::chrono::steady_clock::now(); }
    [[nodiscard]] std::uint16_t port() const { return mesh_->port; } ///< bound; 0: it does not listen
    [[nodiscard]] bool has_link(public_key const& peer) const {
        auto const* const known = mesh_->peers.find(peer);
        return known && known->up;
    }
    [[nodiscard]] std::size_t links() const { return mesh_->peers.links(); }
    /// Bytes that wait for that peer, with 64 for each message.
    [[nodiscard]] std::size_t waiting(public_key const& peer) const {
        auto const* const known = mesh_->peers.find(peer);
        return known ? known->queue->waiting() : 0;
    }
    [[nodiscard]] tcp_counts counts() const { return mesh_->counts(); }

private:
    std::shared_ptr<detail::tcp_mesh> mesh_;
};

static_assert(transport<tcp>);

} // namespace btard
