// btard/transport/tcp/connection.hpp: one socket, with TLS or after it, and the reason why it ended.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/transport/tcp/send_queue.hpp>
#include <btard/transport/tcp/task.hpp>
#include <btard/transport/tcp/tls_pipe.hpp>

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>
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
    connection(tcp_socket socket, ::SSL_CTX* tls, key_check asks)
        : socket_(std::move(socket)), deadline_(socket_.get_executor()), check_(std::move(asks)),
          tls_(tls, &check_) {}
    connection(connection const&) = delete;
    connection& operator=(connection const&) = delete;

    [[nodiscard]] tcp_socket& socket() { return socket_; }
    [[nodiscard]] loop_executor executor() { return socket_.get_executor(); }
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
        tls_.begin(socket_.native_handle(), dialled);
        std::error_code failed;
        for (auto now = tls_pipe::state::needs_input; now == tls_pipe::state::needs_input && !failed && !why_;) {
            now = tls_.shake();
            if (now == tls_pipe::state::failed) failed = tls_.why();
            std::error_code const unsent = co_await put_out(); // an alert, it may be
            if (failed || why_) break;
            failed = unsent;
            if (now == tls_pipe::state::needs_input && !failed) failed = co_await more_input();
        }
        if (!failed && !check_.found) failed = tcp_errc::improper_key;
        co_return reason(check_.why ? check_.why : failed);
    }
    /// From here on bytes go as they are.  Nothing that the other end sends so may be on its way before.
    void go_plain() { plain_ = true; }

    /// Writes nothing before it has waited, and does not wait after it has written: so many may read into one buffer.
    ///
    /// @param got how many bytes came, at least one unless it failed
    /// @param waited set if it had to
    task<std::error_code> read_some(std::span<std::byte> into, std::size_t& got, bool& waited) {
        std::error_code failed;
        got = 0;
        while (!failed && !why_ && got == 0) {
            auto const now = plain_ ? tls_.receive(into, got) : tls_.read(into, got);
            if (now == tls_pipe::state::failed) failed = tls_.why();
            if (now != tls_pipe::state::needs_input) continue;
            failed = co_await more_input();
            waited = true;
        }
        co_return reason(failed);
    }
    task<std::error_code> read(std::span<std::byte> into) {
        std::error_code failed;
        bool waited = false;
        for (std::size_t got = 0; !into.empty() && !failed; into = into.subspan(got))
            failed = co_await read_some(into, got, waited);
        co_return failed;
    }
    task<std::error_code> write(std::span<std::byte const> from) {
        parts_.clear();
        if (plain_) parts_.emplace_back(from.data(), from.size());
        else if (!why_ && tls_.write(from) == tls_pipe::state::failed) co_return reason(tls_.why());
        co_return co_await put_out();
    }
    /// A plain socket takes its bytes from where they are; TLS, too, but for what shares a record with a header.
    task<std::error_code> write(send_batch const& batch) {
        parts_.clear();
        record_.clear();
        auto now = tls_pipe::state::done;
        for (auto const& one : batch.pieces) {
            auto payload = one.payload();
            if (plain_) {
                parts_.emplace_back(one.header.data(), one.header.size());
                parts_.emplace_back(payload.data(), payload.size());
                continue;
            }
            if (now == tls_pipe::state::done) now = seal(std::span<std::byte const>(one.header));
            if (now == tls_pipe::state::done) now = seal(payload);
        }
        if (!plain_ && now == tls_pipe::state::done) now = tls_.write(record_);
        if (now != tls_pipe::state::done) co_return reason(tls_.why());
        co_return co_await put_out();
    }

private:
    static constexpr std::size_t most_record = 1u << 14; ///< bytes that TLS encrypts at a time

    /// Full records go at once, the rest waits in `record_` for what comes after it.
    tls_pipe::state seal(std::span<std::byte const> bytes) {
        auto const first = bytes.first(record_.empty() ? 0 : std::min(bytes.size(), most_record - record_.size()));
        record_.insert(record_.end(), first.begin(), first.end());
        bytes = bytes.subspan(first.size());
        auto now = tls_pipe::state::done;
        if (record_.size() == most_record) {
            now = tls_.write(record_);
            record_.clear();
        }
        for (; bytes.size() >= most_record && now == tls_pipe::state::done; bytes = bytes.subspan(most_record))
            now = tls_.write(bytes.first(most_record));
        record_.insert(record_.end(), bytes.begin(), bytes.end());
        return now;
    }
    task<std::error_code> more_input() {
        std::error_code failed;
        co_await socket_.async_wait(asio::socket_base::wait_read, errors_in(failed));
        co_return failed;
    }
    /// What TLS has made, or else the parts of a plain link.
    task<std::error_code> put_out() {
        std::error_code failed;
        if (!plain_) {
            tls_.take_output(sending_);
            parts_.assign(1, asio::buffer(sending_));
        }
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
            gone = co_await socket_.async_write_some(now, errors_in(failed));
        }
        sending_ = {}; // the next connection that sends gets this memory, while it is in the cache
        co_return reason(failed);
    }
    [[nodiscard]] std::error_code reason(std::error_code failed) const {
        if (why_) return why_;
        return failed == asio::error::eof ? std::error_code(tcp_errc::closed_there) : failed;
    }

    tcp_socket socket_;
    loop_timer deadline_;
    std::uint64_t deadlines_ = 0; ///< so that one that has fired, and not been heard, counts no more
    key_check check_;
    tls_pipe tls_;
    std::string address_;
    std::vector<asio::const_buffer> parts_;
    std::vector<std::byte> record_, sending_;
    std::error_code why_;
    bool plain_ = false;
};

} // namespace btard::detail
