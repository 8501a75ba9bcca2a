// btard/transport/tcp/handler.hpp: what a transport over TCP tells its owner.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/transport/tcp/frame_sink.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace btard {

/// A link that has come to stand.
struct tcp_link_info {
    std::string address = {};        ///< of the other end of the socket, "192.0.2.1:4000"
    std::string announced_host = {}; ///< where it says that it can be reached; "": nowhere
    std::uint16_t announced_port = 0;
    bool dialled = false;      ///< by this end
    bool is_other_run = false; ///< its process is another one than when it was linked last
};

/// Sentences are for the operator.  They hold no text that a peer made up.
///
/// Semantics: called on the thread that runs the loop, one call at a time, never from within a call of the owner's.
/// What a call throws comes out of the loop's `run`.
class tcp_handler {
public:
    virtual ~tcp_handler() = default;

    virtual void on_frame(public_key const& from, std::size_t channel, std::vector<std::byte> frame,
                          time_point now) = 0;

    /// A message of so many bytes begins.  Null: it comes as a frame; else the sink gets it while it comes, and comes
    /// back by `on_sunk` when all of it has.
    virtual std::unique_ptr<frame_sink> sink_for(public_key const& /*from*/, std::size_t /*channel*/,
                                                 std::uint64_t /*size*/) {
        return nullptr;
    }
    virtual void on_sunk(public_key const& /*from*/, std::size_t /*channel*/, std::unique_ptr<frame_sink>,
                         time_point /*now*/) {}

    virtual void on_linked(public_key const&, tcp_link_info const&, time_point) {}
    /// The link is gone.  What was posted and hasn't left waits for the next one; what has left may be lost.
    virtual void on_lost(public_key const&, std::error_code, std::string const& /*sentence*/, time_point) {}
    /// An attempt to reach the peer at this address failed; the next one begins after the wait.
    virtual void on_unreachable(std::string const& /*address*/, std::error_code, std::string const& /*sentence*/,
                                std::chrono::nanoseconds /*wait*/) {}
    /// A message to that peer was refused as `posted::full`, and now half of the queue of its channel is free.
    virtual void on_room(public_key const&, std::size_t /*channel*/, time_point) {}
    virtual void on_timer(time_point) {}
    /// May this peer, whom nobody has asked us to reach, have a link?
    virtual bool admits(public_key const&) { return false; }
    virtual void on_notice(std::string const& /*sentence*/) {}
    /// After `stop`: all sockets are closed, and the loop has nothing left to do for this transport.
    virtual void on_stopped() {}
};

} // namespace btard
