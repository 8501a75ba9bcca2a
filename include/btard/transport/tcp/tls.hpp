// btard/transport/tcp/tls.hpp: TLS 1.3 between keys: each end shows its own, and checks the other one.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/crypto/identity.hpp>
#include <btard/crypto/openssl.hpp>
#include <btard/transport/tcp/certificate.hpp>
#include <btard/transport/tcp/error.hpp>

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <optional>
#include <system_error>

namespace btard::detail {

/// What one connection asks of the other end's key, and what it found.
struct key_check {
    public_key self{};
    std::optional<public_key> expected = {}; ///< nothing: whoever it is
    std::optional<public_key> found = {};    ///< its key: shown, and not refused
    std::error_code why = {};                ///< of a refusal
};

/// Where a connection keeps its `key_check`.
[[nodiscard]] inline int key_check_place() {
    static int const place = ::SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return place;
}

/// In place of OpenSSL's own checks, for which there would have to be an authority.  That the other end owns the key
/// is shown by the handshake, which signs with it.
inline int check_key(::X509_STORE_CTX* store, void*) noexcept {
    auto* const ssl =
        static_cast<::SSL*>(::X509_STORE_CTX_get_ex_data(store, ::SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* const check = ssl ? static_cast<key_check*>(::SSL_get_ex_data(ssl, key_check_place())) : nullptr;
    if (check) {
        check->why = {};
        auto const key = key_of(::X509_STORE_CTX_get0_cert(store));
        if (!key) check->why = tcp_errc::improper_key;
        else if (*key == check->self) check->why = tcp_errc::own_key;
        else if (check->expected && *key != *check->expected) check->why = tcp_errc::wrong_key;
        else check->found = key;
        if (!check->why) return 1;
    }
    ::X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
}

struct tls_context_free {
    void operator()(::SSL_CTX* p) const noexcept { ::SSL_CTX_free(p); }
};
using tls_context = std::unique_ptr<::SSL_CTX, tls_context_free>;

/// For both roles.  No session is ever resumed, so each connection shows its keys anew.
[[nodiscard]] inline tls_context make_tls_context(identity const& who) {
    auto const pair = key_pair_of(who);
    auto const certificate = certificate_of(pair.get());
    tls_context context(::SSL_CTX_new(::TLS_method()));
    ::SSL_CTX* const made = context.get();
    if (!made) crypto_failed("begin TLS");
    ::SSL_CTX_set_read_ahead(made, 1); // several records with one call of the system
    ::SSL_CTX_set_default_read_buffer_len(made, 1u << 16);
    ::SSL_CTX_set_mode(made, SSL_MODE_RELEASE_BUFFERS); // links take turns with them: those in the cache are few
    ::SSL_CTX_set_options(made, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    ::SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);
    ::SSL_CTX_set_max_cert_list(made, 4096);
    ::SSL_CTX_set_verify(made, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    ::SSL_CTX_set_cert_verify_callback(made, check_key, nullptr);
    if (::SSL_CTX_set_min_proto_version(made, TLS1_3_VERSION) != 1 ||
        ::SSL_CTX_set_max_proto_version(made, TLS1_3_VERSION) != 1 || ::SSL_CTX_set_num_tickets(made, 0) != 1 ||
        ::SSL_CTX_set_ciphersuites(
            made, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") != 1 ||
        ::SSL_CTX_set1_sigalgs_list(made, "ed25519") != 1 || ::SSL_CTX_set1_groups_list(made, "X25519") != 1 ||
        ::SSL_CTX_use_certificate(made, certificate.get()) != 1 || ::SSL_CTX_use_PrivateKey(made, pair.get()) != 1)
        crypto_failed("set up TLS 1.3 with Ed25519");
    return context;
}

} // namespace btard::detail
