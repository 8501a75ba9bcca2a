// tests/transport/tcp/relay.hpp: a bad network in front of a port: delay, rate, stall, reset, half-open, partition.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

namespace btard::testing {

/// Listens on a port of 127.0.0.1 and passes on what comes to another one, in a way that can be changed at any time.
/// One thread: the one that runs the loop.
class relay {
public:
    struct weather {
        std::chrono::nanoseconds delay{};   ///< of each byte, each way
        std::uint64_t bytes_per_second = 0; ///< each way of each connection; 0: as many as there are
        bool stalled = false; ///< nothing passes, nothing is lost; new connections come, and hear nothing
    };

    relay(asio::io_context& io, std::uint16_t target) : self_(std::make_shared<state>(io, target)) {
        asio::co_spawn(io, accept(self_), asio::detached);
    }
    relay(relay const&) = delete;
    relay& operator=(relay const&) = delete;
    ~relay() {
        std::error_code ignored;
        self_->listens.close(ignored);
        reset();
    }

    [[nodiscard]] std::uint16_t port() const { return self_->port; }
    [[nodiscard]] std::size_t connections() const { return self_->pairs.size(); }
    [[nodiscard]] std::uint64_t passed() const { return self_->passed; } ///< bytes, both ways

    void set(weather const& now) {
        self_->now = now;
        for (auto const& one : self_->pairs)
            for (auto& each : one->ways) each.wake.cancel();
    }
    void partition() { set({self_->now.delay, self_->now.bytes_per_second, true}); }
    void heal() { set({self_->now.delay, self_->now.bytes_per_second, false}); }
    /// New connections go to another port.
    void lead_to(std::uint16_t target) { self_->target = target; }
    /// Both ends of each connection get a reset, whatever is under way.
    void reset() {
        for (auto const& one : std::exchange(self_->pairs, {})) one->end(true, true);
    }
    /// Those who dialled get a reset; the other ends never hear of it.
    void half_open() {
        for (auto const& one : self_->pairs) one->end(true, false);
    }

private:
    struct way {
        explicit way(asio::io_context& io) : wake(io) {}
        std::deque<std::pair<std::chrono::steady_clock::time_point, std::vector<std::byte>>> waiting = {};
        std::size_t bytes = 0;
        bool closed = false; ///< nothing more comes
        bool muted = false;  ///< and nobody is told
        asio::steady_timer wake;
    };
    struct pair {
        explicit pair(asio::io_context& io)
            : sockets{asio::ip::tcp::socket(io), asio::ip::tcp::socket(io)}, ways{way(io), way(io)} {}
        std::array<asio::ip::tcp::socket, 2> sockets; // who dialled, the target
        std::array<way, 2> ways;                      // from that one to the other
        void end(bool dialler, bool target) {
            std::error_code ignored;
            for (std::size_t side = 0; side < 2; ++side) {
                if (side == 0 ? !dialler : !target) continue;
                sockets[side].set_option(asio::socket_base::linger(true, 0), ignored);
                sockets[side].close(ignored);
            }
            for (auto& one : ways) one.muted = true, one.wake.cancel();
        }
    };
    struct state {
        state(asio::io_context& on, std::uint16_t to)
            : io(on), target(to), listens(on, {asio::ip::make_address("127.0.0.1"), 0}),
              port(listens.local_endpoint().port()) {}
        asio::io_context& io;
        std::uint16_t target;
        asio::ip::tcp::acceptor listens;
        std::uint16_t port;
        weather now{};
        std::vector<std::shared_ptr<pair>> pairs = {};
        std::uint64_t passed = 0;
    };
    using shared = std::shared_ptr<state>;

    static asio::awaitable<void> accept(shared self) {
        for (;;) {
            auto const made = std::make_shared<pair>(self->io);
            std::error_code failed;
            co_await self->listens.async_accept(made->sockets[0],
                                                asio::redirect_error(asio::use_awaitable, failed));
            if (failed) co_return;
            self->pairs.push_back(made);
            co_await made->sockets[1].async_connect({asio::ip::make_address("127.0.0.1"), self->target},
                                                    asio::redirect_error(asio::use_awaitable, failed));
            if (failed) {
                made->end(true, true);
                continue;
            }
            for (std::size_t side = 0; side < 2; ++side) {
                asio::co_spawn(self->io, read(self, made, side), asio::detached);
                asio::co_spawn(self->io, write(self, made, side), asio::detached);
            }
        }
    }
    static asio::awaitable<void> pause(way& on, std::chrono::steady_clock::time_point until) {
        std::error_code ignored;
        on.wake.expires_at(until);
        co_await on.wake.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    static asio::awaitable<void> read(shared self, std::shared_ptr<pair> over, std::size_t side) {
        auto& to = over->ways[side];
        std::vector<std::byte> buffer(1u << 14);
        std::error_code failed;
        asio::steady_timer full(self->io);
        for (;;) {
            std::size_t const got = co_await over->sockets[side].async_read_some(
                asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, failed));
            if (failed) break;
            to.waiting.emplace_back(std::chrono::steady_clock::now() + self->now.delay,
                                    std::vector(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(got)));
            to.bytes += got;
            to.wake.cancel();
            while (to.bytes > (1u << 20) && over->sockets[side].is_open()) { // a router has no more room either
                full.expires_after(std::chrono::milliseconds(1));
                co_await full.async_wait(asio::redirect_error(asio::use_awaitable, failed));
            }
        }
        to.closed = true;
        to.wake.cancel();
    }
    static asio::awaitable<void> write(shared self, std::shared_ptr<pair> over, std::size_t side) {
        auto& from = over->ways[side];
        auto& to = over->sockets[1 - side];
        std::error_code failed;
        while (to.is_open() && !failed) {
            auto const now = std::chrono::steady_clock::now();
            if (self->now.stalled || (from.waiting.empty() && !from.closed)) {
                co_await pause(from, std::chrono::steady_clock::time_point::max());
            } else if (from.waiting.empty()) {
                if (!from.muted) to.shutdown(asio::ip::tcp::socket::shutdown_send, failed);
                co_return;
            } else if (from.waiting.front().first > now) {
                co_await pause(from, from.waiting.front().first);
            } else {
                auto const bytes = std::move(from.waiting.front().second);
                from.waiting.pop_front();
                from.bytes -= bytes.size();
                self->passed += bytes.size();
                co_await asio::async_write(to, asio::buffer(bytes),
                                           asio::redirect_error(asio::use_awaitable, failed));
                if (auto const rate = self->now.bytes_per_second; rate > 0) {
                    asio::steady_timer slow(self->io,
                                            std::chrono::nanoseconds(bytes.size() * 1'000'000'000 / rate));
                    co_await slow.async_wait(asio::redirect_error(asio::use_awaitable, failed));
                }
            }
        }
    }

    shared self_;
};

} // namespace btard::testing
