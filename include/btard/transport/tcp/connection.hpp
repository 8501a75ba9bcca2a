// btard/transport/tcp/connection.hpp: one socket, with TLS or after it, and the reason why it ended.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/transport/tcp/send_queue.hpp>
#include <btard/transport/tcp/task.hpp>
#include <btard/transport/tcp/tls.hpp>

#include <asio/buffer.hpp>
#include <asio/ssl/stream.hpp>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
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

namespace btard::detail {

/// "192.0.2.1:4000", "[2001:db8::1]:4000"
[[nodiscard]] inline std::string to_text(asio::ip::tcp::endpoint const& at) {
    std::string const host = at.address().to_string();
    return concat(at.address().is_v6() ? concat("[", host, "]") : host, ":", at.port());
}

/// All of it happens on one executor, one thing at a time.  Whatever ends a connection closes its socket, so what
/// waits for it wakes up, and asks `why()`.
class connection : public std::enable_shared_from_this<connection> {
public:
    connection(tcp_socket socket, asio::ssl::context& tls, key_check asks)
        : stream_(std::move(socket), tls), deadline_(stream_.get_executor()), check_(std::move(asks)) {
        ::SSL_set_ex_data(stream_.native_handle(), key_check_place(), &check_);
    }
    connection(connection const&) = delete; // `check_` is pointed to
    connection& operator=(connection const&) = delete;

    [[nodiscard]] tcp_socket& socket() { return stream_.next_layer(); }
    [[nodiscard]] loop_executor executor() { return stream_.get_executor(); }
    [[nodiscard]] public_key const& peer() const { return *check_.found; } ///< after `shake`
    [[nodiscard]] std::optional<public_key> const& found() const { return check_.found; }
    [[nodiscard]] bool ended() const { return bool(why_); }
    [[nodiscard]] std::error_code why() const { return why_; }
    [[nodiscard]] std::string const& address() const { return address_; } ///< of the other end

    /// Once that the socket is connected.
    void tune() {
        std::error_code ignored;
        auto const at = socket().remote_endpoint(ignored);
        address_ = ignored ? std::string("an unknown address") : to_text(at);
        socket().set_option(asio::ip::tcp::no_delay(true), ignored);
#ifdef TCP_NOTSENT_LOWAT // else what waits in the kernel would be in front of each small message
        int const most = 128 * 1024;
        ::setsockopt(socket().native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most, sizeof most);
#endif
    }

    /// Ends itself at that time, unless it is told otherwise before.
    void end_after(std::chrono::milliseconds time, std::error_code why) {
        deadline_.expires_after(time);
        deadline_.async_wait([weak = weak_from_this(), why, mine = ++deadlines_](std::error_code failed) {
            auto const self = weak.lock();
            if (!failed && self && self->deadlines_ == mine) self->end(why);
        });
    }
    void no_deadline() {
        ++deadlines_;
        deadline_.cancel();
    }

    /// The first reason stays.
    void end(std::error_code why) {
        if (why_) return;
        why_ = why;
        no_deadline();
        std::error_code ignored;
        socket().close(ignored);
    }

    /// The TLS handshake; afterwards both ends know the other one's key.
    task<std::error_code> shake(bool dialled) {
        std::error_code failed;
        auto const role = dialled ? asio::ssl::stream_base::client : asio::ssl::stream_base::server;
        co_await stream_.async_handshake(role, errors_in(failed));
        if (!failed && !check_.found) failed = tcp_errc::improper_key;
        co_return reason(check_.why ? check_.why : failed);
    }
    /// From here on bytes go as they are.  Nothing that the other end sends so may be on its way before.
    void go_plain() { plain_ = true; }

    /// @param got how many bytes came, at least one unless it failed
    task<std::error_code> read_some(std::span<std::byte> into, std::size_t& got) {
        std::error_code failed;
        auto const buffer = asio::buffer(into.data(), into.size());
        if (plain_) got = co_await socket().async_read_some(buffer, errors_in(failed));
        else got = co_await stream_.async_read_some(buffer, errors_in(failed));
        co_return reason(failed);
    }
    task<std::error_code> read(std::span<std::byte> into) {
        std::error_code failed;
        for (std::size_t got = 0; !into.empty() && !failed; into = into.subspan(got))
            failed = co_await read_some(into, got);
        co_return failed;
    }
    task<std::error_code> write(std::span<std::byte const> from) {
        parts_.assign(1, asio::buffer(from.data(), from.size()));
        co_return co_await write_parts();
    }
    /// TLS wants its bytes in one place; a plain socket takes them from where they are.
    task<std::error_code> write(send_batch const& batch) {
        parts_.clear();
        scratch_.clear();
        for (auto const& one : batch.pieces) {
            auto const payload = one.payload();
            if (plain_) {
                parts_.emplace_back(one.header.data(), one.header.size());
                parts_.emplace_back(payload.data(), payload.size());
            } else {
                scratch_.insert(scratch_.end(), one.header.begin(), one.header.end());
                scratch_.insert(scratch_.end(), payload.begin(), payload.end());
            }
        }
        if (!plain_) parts_.assign(1, asio::buffer(scratch_));
        co_return co_await write_parts();
    }

private:
    task<std::error_code> write_parts() {
        std::error_code failed;
        std::size_t gone = 0;
        for (auto next = parts_.begin(); next != parts_.end() && !failed;) {
            if (gone >= next->size()) {
                gone -= next++->size();
                continue;
            }
            *next += std::exchange(gone, 0);
            auto const most =
                std::min<std::ptrdiff_t>(parts_.end() - next, 64); // which one call of the system takes
            std::vector<asio::const_buffer> const now(next, next + most);
            if (plain_) gone = co_await socket().async_write_some(now, errors_in(failed));
            else gone = co_await stream_.async_write_some(now[0], errors_in(failed));
        }
        co_return reason(failed);
    }
    [[nodiscard]] std::error_code reason(std::error_code failed) const { return why_ ? why_ : explain(failed); }

    asio::ssl::stream<tcp_socket> stream_;
    loop_timer deadline_;
    std::uint64_t deadlines_ = 0; ///< so that one that has fired, and not been heard, counts no more
    key_check check_;
    std::string address_;
    std::vector<asio::const_buffer> parts_;
    std::vector<std::byte> scratch_;
    std::error_code why_;
    bool plain_ = false;
};

} // namespace btard::detail
