// btard/transport/tcp/certificate.hpp: a certificate that says nothing but a peer's key, and reading it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/crypto/identity.hpp>
#include <btard/crypto/openssl.hpp>
#include <btard/crypto/secret.hpp>

#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <cstddef>
#include <memory>
#include <optional>

namespace btard::detail {

struct x509_free {
    void operator()(::X509* p) const noexcept { ::X509_free(p); }
};
using owned_certificate = std::unique_ptr<::X509, x509_free>;

/// The key pair as OpenSSL's TLS takes it.
[[nodiscard]] inline owned<::EVP_PKEY> key_pair_of(identity const& who) {
    secret<32> seed;
    who.copy_seed(seed);
    owned<::EVP_PKEY> pair(::EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), 32));
    if (!pair) crypto_failed("make a key for TLS");
    return pair;
}

/// Signed by its own key, the same each time, and valid for ever: a peer is its key, and clocks do not matter.
[[nodiscard]] inline owned_certificate certificate_of(::EVP_PKEY* pair) {
    owned_certificate made(::X509_new());
    auto* const name = made ? ::X509_get_subject_name(made.get()) : nullptr;
    auto const* const common = reinterpret_cast<unsigned char const*>("btard peer");
    if (!name || ::X509_set_version(made.get(), 2) != 1 || // X.509 v3
        ::ASN1_INTEGER_set(::X509_get_serialNumber(made.get()), 1) != 1 ||
        ::X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common, -1, -1, 0) != 1 ||
        ::X509_set_issuer_name(made.get(), name) != 1 ||
        ::ASN1_TIME_set_string(::X509_getm_notBefore(made.get()), "20000101000000Z") != 1 ||
        ::ASN1_TIME_set_string(::X509_getm_notAfter(made.get()), "99991231235959Z") != 1 ||
        ::X509_set_pubkey(made.get(), pair) != 1 || ::X509_sign(made.get(), pair, nullptr) == 0)
        crypto_failed("make a certificate");
    return made;
}

/// The key of a certificate; nothing where it is none of Ed25519, or not `is_proper`.
[[nodiscard]] inline std::optional<public_key> key_of(::X509* certificate) noexcept {
    errors_forgotten const scope;
    auto* const found = certificate ? ::X509_get0_pubkey(certificate) : nullptr;
    if (!found || ::EVP_PKEY_get_base_id(found) != EVP_PKEY_ED25519) return {};
    public_key key;
    std::size_t size = key.bytes.size();
    auto* const out = reinterpret_cast<unsigned char*>(key.bytes.data());
    if (::EVP_PKEY_get_raw_public_key(found, out, &size) != 1 || size != key.bytes.size()) return {};
    if (!is_proper(key)) return {};
    return key;
}

} // namespace btard::detail
