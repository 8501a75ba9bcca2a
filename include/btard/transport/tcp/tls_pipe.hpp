// btard/transport/tcp/tls_pipe.hpp: OpenSSL on one socket: it takes bytes off the socket, and keeps what is to go.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/crypto/openssl.hpp>
#include <btard/transport/tcp/error.hpp>
#include <btard/transport/tcp/tls.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

namespace btard::detail {

/// Not asio's own, which copies each byte twice more on its way in and on its way out, 17 KiB at a time.  Nothing here
/// waits: whoever calls waits for the socket, and writes what `take_output` gives.
class tls_pipe {
public:
    tls_pipe(::SSL_CTX* context, key_check* check) : ssl_(::SSL_new(context)) {
        if (!ssl_ || ::SSL_set_ex_data(ssl_.get(), key_check_place(), check) != 1)
            crypto_failed("begin a connection");
    }
    tls_pipe(tls_pipe const&) = delete; // OpenSSL points to it
    tls_pipe& operator=(tls_pipe const&) = delete;

    /// @param descriptor of a socket that is connected; it must stay open for each call below
    void begin(int descriptor, bool as_client) {
        descriptor_ = descriptor;
        ::BIO* const bio = ::BIO_new(method());
        if (!bio) crypto_failed("begin a connection");
        ::BIO_set_data(bio, this);
        ::BIO_set_init(bio, 1);
        ::SSL_set_bio(ssl_.get(), bio, bio); // which owns it from here on
        if (as_client) ::SSL_set_connect_state(ssl_.get());
        else ::SSL_set_accept_state(ssl_.get());
    }

    enum class state { done, needs_input, failed };

    [[nodiscard]] state shake() {
        ::ERR_clear_error(); // what others have left there would be taken for an error of this connection
        return after(::SSL_do_handshake(ssl_.get()));
    }
    [[nodiscard]] state read(std::span<std::byte> into, std::size_t& got) {
        ::ERR_clear_error();
        return after(::SSL_read_ex(ssl_.get(), into.data(), into.size(), &got));
    }
    /// Of a connection that goes on without TLS.
    [[nodiscard]] state receive(std::span<std::byte> into, std::size_t& got) {
        auto const came = ::recv(descriptor_, into.data(), into.size(), MSG_DONTWAIT);
        got = came > 0 ? static_cast<std::size_t>(came) : 0;
        if (came > 0) return state::done;
        if (came < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return state::needs_input;
        why_ = came == 0 ? std::error_code(tcp_errc::closed_there) : std::error_code(errno, std::system_category());
        return state::failed;
    }
    /// As much as it likes of it goes into the output.
    [[nodiscard]] state write(std::span<std::byte const> from) {
        ::ERR_clear_error();
        std::size_t gone = 0;
        for (state now = state::done; !from.empty(); from = from.subspan(gone))
            if ((now = after(::SSL_write_ex(ssl_.get(), from.data(), from.size(), &gone))) != state::done)
                return now;
        return state::done;
    }
    /// After `failed`.
    [[nodiscard]] std::error_code why() const { return why_; }
    /// What is to be written to the socket.  Alerts of a handshake that failed are among it.
    void take_output(std::vector<std::byte>& into) {
        into.clear();
        into.swap(output_);
    }

private:
    struct ssl_free {
        void operator()(::SSL* p) const noexcept { ::SSL_free(p); }
    };

    state after(int result) {
        if (result == 1) return state::done;
        int const error = ::SSL_get_error(ssl_.get(), result);
        if (error == SSL_ERROR_WANT_READ) return state::needs_input;
        unsigned long const last = ::ERR_peek_last_error();
        int const reason = ERR_GET_REASON(last);
        if (system_error_ != 0) why_ = {system_error_, std::system_category()};
        else if (ended_ || error == SSL_ERROR_ZERO_RETURN) why_ = tcp_errc::closed_there;
        else
            why_ =
                reason >= SSL_AD_REASON_OFFSET ? tcp_errc::refused_there : tcp_errc::not_our_protocol; // an alert
        ::ERR_clear_error();
        return state::failed;
    }

    // ---- what OpenSSL calls

    [[nodiscard]] static ::BIO_METHOD* method() {
        static ::BIO_METHOD* const made = [] {
            ::BIO_METHOD* const one = ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "btard socket");
            if (!one || ::BIO_meth_set_write_ex(one, keep) != 1 || ::BIO_meth_set_read_ex(one, receive) != 1 ||
                ::BIO_meth_set_ctrl(one, control) != 1)
                crypto_failed("begin a connection");
            return one;
        }();
        return made;
    }
    static int keep(::BIO* bio, char const* data, std::size_t size, std::size_t* gone) {
        auto& self = *static_cast<tls_pipe*>(::BIO_get_data(bio));
        auto const bytes = std::as_bytes(std::span(data, size));
        if (self.output_.capacity() == 0) self.output_.reserve(most_output);
        self.output_.insert(self.output_.end(), bytes.begin(), bytes.end());
        *gone = size;
        return 1;
    }
    static int receive(::BIO* bio, char* into, std::size_t size, std::size_t* got) {
        auto& self = *static_cast<tls_pipe*>(::BIO_get_data(bio));
        BIO_clear_retry_flags(bio);
        auto const came = ::recv(self.descriptor_, into, size, MSG_DONTWAIT);
        *got = came > 0 ? static_cast<std::size_t>(came) : 0;
        if (came > 0) return 1;
        if (came == 0) self.ended_ = true;
        else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) BIO_set_retry_read(bio);
        else self.system_error_ = errno;
        return 0;
    }
    static long control(::BIO*, int what, long, void*) { return what == BIO_CTRL_FLUSH ? 1 : 0; }

    static constexpr std::size_t most_output = (1u << 16) + (1u << 10); ///< of one batch of chunks, about

    std::unique_ptr<::SSL, ssl_free> ssl_;
    int descriptor_ = -1;
    std::vector<std::byte> output_;
    std::error_code why_;
    int system_error_ = 0;
    bool ended_ = false; ///< the other end sends no more
};

} // namespace btard::detail
