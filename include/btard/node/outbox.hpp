// btard/node/outbox.hpp: messages of the protocol on their way into links, at once or, for attackers, later.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/node/channels.hpp>
#include <btard/protocol/wire/codec.hpp>
#include <btard/transport/tcp/send_queue.hpp>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

namespace btard {

class outbox {
public:
    using delivery = std::function<void(public_key const&, std::size_t channel, shared_frame const&)>;

    outbox(asio::io_context& io, delivery deliver)
        : io_(io), deliver_(std::make_shared<delivery>(std::move(deliver))) {}

    /// One frame for all of them.
    void send(std::span<public_key const> to, wire::message const& message) {
        auto const frame = framed(message);
        for (auto const& one : to) (*deliver_)(one, channel_of(message), frame);
    }
    void send(public_key const& to, wire::message const& message, std::chrono::nanoseconds delay = {}) {
        auto const frame = framed(message);
        if (delay.count() == 0) return (*deliver_)(to, channel_of(message), frame);
        auto const timer = std::make_shared<asio::steady_timer>(io_, delay);
        timer->async_wait([alive = std::weak_ptr(deliver_), timer, to, channel = channel_of(message),
                           frame](std::error_code failed) {
            if (auto const deliver = alive.lock(); deliver && !failed) (*deliver)(to, channel, frame);
        });
    }

private:
    [[nodiscard]] static shared_frame framed(wire::message const& message) {
        if constexpr (shared_frame::takes_floats) {
            auto [head, floats] = encode_frame_apart(message);
            return {std::move(head), std::move(floats)};
        } else {
            return std::make_shared<std::vector<std::byte> const>(encode_frame(message));
        }
    }

    asio::io_context& io_;
    std::shared_ptr<delivery> deliver_; // timers outlive us, and look at it
};

} // namespace btard
