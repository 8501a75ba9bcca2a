// btard/crypto/pem.hpp: a secret key as the text that OpenSSL's programs read and write.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/crypto/compare.hpp>
#include <btard/crypto/identity.hpp>
#include <btard/crypto/secret.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

namespace btard {

namespace detail {

inline constexpr std::string_view pem_begin = "-----BEGIN PRIVATE KEY-----\n";
inline constexpr std::string_view pem_end = "\n-----END PRIVATE KEY-----\n";

/// DER of { version 0, algorithm 1.3.101.112 (Ed25519), an octet string in an octet string of 32 bytes ... }
inline constexpr unsigned char der_begin[] = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                              0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
inline constexpr std::size_t der_size = 48; // with the 32 bytes: 64 letters in base 64, which fit on one line

} // namespace detail

inline constexpr std::size_t pem_size = detail::pem_begin.size() + 64 + detail::pem_end.size();
using pem_text = secret<pem_size>;

/// The key in PKCS #8.  Every Ed25519 key has this form and this size, to the byte.
///
/// RFC 8410 (the key), RFC 5958 (PKCS #8), RFC 7468 (the text).
inline void write_pem(identity const& who, pem_text& out) {
    secret<32> seed;
    who.copy_seed(seed);
    secret<detail::der_size> der;
    std::ranges::copy(
        seed.bytes(),
        std::ranges::copy(std::as_bytes(std::span(detail::der_begin)), der.bytes().begin()).out);
    secret<65> letters; // and a zero
    ::EVP_EncodeBlock(letters.data(), der.data(), detail::der_size);
    auto at = std::ranges::copy(std::as_bytes(std::span(detail::pem_begin)), out.bytes().begin()).out;
    at = std::ranges::copy(letters.bytes().first<64>(), at).out;
    std::ranges::copy(std::as_bytes(std::span(detail::pem_end)), at);
}

/// Reads that form alone: no other kind of key, no second spelling, nothing before or behind it.
///
/// @throws environment_error: `bad_data`; `name` says whose text it is.  The sentence shows none of the text.
[[nodiscard]] inline identity read_pem(std::span<std::byte const> text, std::string_view name) {
    auto const refuse = [name](std::string_view why) {
        throw environment_error(errc::bad_data, concat("the key file '", name, "' ", why));
    };
    std::string_view const view(reinterpret_cast<char const*>(text.data()), text.size());
    if (view.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"))
        refuse("is locked with a passphrase; 'openssl pkey -in FILE -out NEW' writes it without");
    if (view.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----"))
        refuse("is one of OpenSSH, which has a form of its own; 'openssl genpkey -algorithm ed25519' makes "
               "one of ours");
    if (view.starts_with("-----BEGIN PUBLIC KEY-----")) refuse("holds the public half of a key only");
    if (text.empty()) refuse("is empty");
    bool const whole =
        view.size() == pem_size && view.starts_with(detail::pem_begin) && view.ends_with(detail::pem_end);
    if (!whole && detail::pem_begin.starts_with(view.substr(0, detail::pem_begin.size())) &&
        view.size() < pem_size)
        refuse(concat("is cut off: it has ", view.size(), " bytes of ", pem_size));

    secret<detail::der_size> der;
    pem_text again;
    if (!whole || ::EVP_DecodeBlock(der.data(), detail::octets(text) + detail::pem_begin.size(), 64) !=
                      int{detail::der_size})
        refuse("does not hold an Ed25519 key as 'openssl genpkey -algorithm ed25519' writes it");
    auto who = identity::from_seed(std::span<std::byte const, detail::der_size>(der.bytes()).last<32>());
    write_pem(who, again); // any other first bytes, or letters that stand for none, come out differently
    if (!equal_in_constant_time(again.bytes(), text))
        refuse("does not hold an Ed25519 key as 'openssl genpkey -algorithm ed25519' writes it");
    return who;
}

} // namespace btard
