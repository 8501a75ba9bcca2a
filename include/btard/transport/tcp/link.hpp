// btard/transport/tcp/link.hpp: a connection that both ends have taken: messages go and come until it ends.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/transport/tcp/chunk_reader.hpp>
#include <btard/transport/tcp/connection.hpp>
#include <btard/transport/tcp/options.hpp>
#include <btard/transport/tcp/send_queue.hpp>

#include <asio/post.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

namespace btard::detail {

class link;

/// Whom a link calls, never from within a call of the owner's.
class link_owner {
public:
    virtual std::unique_ptr<frame_sink> sink_for(link& by, std::size_t channel, std::uint64_t size) = 0;
    virtual void on_message(link& by, received_message message) = 0;
    virtual void on_room(link& by, std::size_t channel) = 0;
    virtual void on_end(link& by, std::error_code why) = 0; ///< once
protected:
    ~link_owner() = default;
};

/// Its owner runs two coroutines: `write_all` sends what is in the queue, and pings; `read_all` hands over messages.
/// It ends once, for whatever reason, and both return; the queue, which is the peer's, stays for the next link.
class link : public std::enable_shared_from_this<link> {
public:
    static constexpr std::size_t batch = 1u << 16; ///< bytes that are read, and written, at a time

    link(std::shared_ptr<connection> over, std::shared_ptr<send_queue> queue, std::shared_ptr<link_owner> owner,
         tcp_options const& options, std::uint64_t number)
        : over_(std::move(over)), queue_(std::move(queue)), owner_(std::move(owner)), ping_(options.ping),
          silence_(options.silence), number_(number), work_(over_->executor()), resumed_(over_->executor()),
          watch_(over_->executor()) {}

    [[nodiscard]] connection& over() { return *over_; }
    [[nodiscard]] public_key const& peer() const { return over_->peer(); }
    [[nodiscard]] std::uint64_t number() const { return number_; }

    /// There is something in the queue.
    void wake() { work_.cancel(); }
    /// Says goodbye when the queue is empty.
    void close() {
        closing_ = true;
        resumed_.cancel();
        wake();
    }
    /// Its messages may be as large as those of their channels.
    void trust() { trusted_ = true; }
    /// While it is held, nothing is read: the kernel lets the other end feel it.
    void hold() { held_ = true; }
    void resume() {
        held_ = false;
        heard_ = std::chrono::steady_clock::now();
        resumed_.cancel();
    }
    void end(std::error_code why) {
        if (std::exchange(ended_, true)) return;
        over_->end(why);
        work_.cancel();
        resumed_.cancel();
        watch_.cancel();
        asio::post(over_->executor(), [self = shared_from_this()] {
            if (auto const owner = std::exchange(self->owner_, nullptr)) owner->on_end(*self, self->over_->why());
        });
    }

    task<void> write_all() {
        auto const self = shared_from_this();
        while (!over_->ended()) {
            std::error_code failed;
            for (std::size_t const channel : queue_->poll_room())
                if (owner_) owner_->on_room(*this, channel);
            if (over_->ended()) co_return;
            if (!queue_->empty()) {
                auto const next = queue_->take(batch);
                failed = co_await over_->write(next);
                if (!failed) sent_ += next.bytes;
            } else if (closing_) {
                auto const last = encode({.kind = chunk_kind::goodbye});
                failed = co_await over_->write(last);
                if (!failed) over_->socket().shutdown(asio::socket_base::shutdown_send, failed);
                if (!failed) co_return; // the other end closes when it has read all
            } else {
                work_.expires_after(ping_);
                co_await work_.async_wait(errors_in(failed));
                if (failed || !queue_->empty() || over_->ended()) continue; // woken up
                auto const alive = encode({.kind = chunk_kind::ping});
                failed = co_await over_->write(alive);
            }
            if (failed) end(failed);
        }
    }

    /// @param limits    the largest message of each channel
    /// @param untrusted larger ones are passed over before `trust`
    /// @param buffer    (batch) of all links of the loop: nothing stays in it while one of them waits
    task<void> read_all(std::vector<std::size_t> limits, std::optional<std::size_t> untrusted,
                        std::span<std::byte> buffer) {
        auto const self = shared_from_this();
        chunk_reader reader(limits, [this](std::size_t channel, std::uint64_t size) {
            return owner_ ? owner_->sink_for(*this, channel, size) : nullptr;
        });
        constexpr auto all = std::numeric_limits<std::size_t>::max();
        auto const next = [&](std::span<std::byte const>& from) {
            reader.pass_over(trusted_ ? all : untrusted.value_or(all));
            return reader.next(from);
        };
        std::vector<std::byte> rest; // of what came, while it is held
        std::size_t in_a_row = 0;
        heard_ = std::chrono::steady_clock::now();
        if (!over_->ended()) watch();
        while (!over_->ended()) {
            co_await while_held();
            std::size_t got = 0;
            bool waited = in_a_row >= batch; // others, too
            if (waited) co_await asio::post(over_->executor(), asio::use_awaitable_t<loop_executor>{});
            auto const room = reader.room();
            auto const into = room.empty() ? buffer.first(std::min(buffer.size(), reader.most_wanted())) : room;
            std::error_code const failed = co_await over_->read_some(into, got, waited);
            in_a_row = waited ? got : in_a_row + got;
            if (failed) break_off(failed);
            if (over_->ended()) co_return;
            heard_ = std::chrono::steady_clock::now();
            received_ += got;
            std::span<std::byte const> bytes = buffer.first(room.empty() ? got : 0);
            auto message = room.empty() ? next(bytes) : reader.put(got);
            for (; message; message = next(bytes)) {
                if (owner_ && !closing_) owner_->on_message(*this, std::move(*message));
                if (held_ && !closing_ && !over_->ended()) {
                    bytes = rest = std::vector<std::byte>(bytes.begin(), bytes.end());
                    co_await while_held();
                }
                if (over_->ended()) co_return;
            }
            if (reader.error()) end(reader.error());
            else if (reader.said_goodbye()) break_off(tcp_errc::closed_there);
        }
    }

    std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now(); ///< when it was taken
    std::array<std::byte, 16> instance{};                                           ///< of the other end
    [[nodiscard]] std::uint64_t sent() const { return sent_; }                      ///< bytes of chunks
    [[nodiscard]] std::uint64_t received() const { return received_; }

private:
    task<void> while_held() {
        std::error_code ignored;
        while (held_ && !closing_ && !over_->ended()) {
            resumed_.expires_at(std::chrono::steady_clock::time_point::max());
            co_await resumed_.async_wait(errors_in(ignored));
        }
    }
    void break_off(std::error_code why) { end(closing_ ? std::error_code(tcp_errc::closed_here) : why); }

    /// Lost after a long silence, unless it was us who didn't listen.
    void watch() {
        auto const next = std::chrono::steady_clock::now() + ping_;
        watch_.expires_at(next);
        watch_.async_wait([self = shared_from_this(), next](std::error_code failed) {
            if (failed || self->over_->ended()) return;
            auto const now = std::chrono::steady_clock::now();
            if (self->held_ || now - next > self->ping_) self->heard_ = now;
            if (now - self->heard_ >= self->silence_) self->end(tcp_errc::silent);
            else self->watch();
        });
    }

    std::shared_ptr<connection> over_;
    std::shared_ptr<send_queue> queue_;
    std::shared_ptr<link_owner> owner_; ///< null once that the end was reported
    std::chrono::milliseconds ping_, silence_;
    std::uint64_t number_;
    loop_timer work_, resumed_, watch_;
    std::chrono::steady_clock::time_point heard_{};
    std::uint64_t sent_ = 0, received_ = 0;
    bool held_ = false, closing_ = false, ended_ = false, trusted_ = false;
};

} // namespace btard::detail
