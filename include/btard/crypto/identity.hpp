// btard/crypto/identity.hpp: an Ed25519 key pair: who a peer is, and how it signs.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/crypto/openssl.hpp>
#include <btard/crypto/secret.hpp>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <memory>
#include <span>

namespace btard {

namespace detail {

inline unsigned char const* octets(std::span<std::byte const> bytes) {
    return reinterpret_cast<unsigned char const*>(bytes.data());
}

/// A context to sign or verify with, the same one in a thread each time.  Between two uses it is empty, or it
/// would keep a private key alive.
class thread_context {
public:
    thread_context() noexcept {
        thread_local owned<::EVP_MD_CTX> const the_context(::EVP_MD_CTX_new());
        context_ = the_context.get();
    }
    thread_context(thread_context const&) = delete;
    thread_context& operator=(thread_context const&) = delete;
    ~thread_context() { ::EVP_MD_CTX_reset(context_); }

    ::EVP_MD_CTX* get() const { return context_; } ///< null where there is no memory

private:
    ::EVP_MD_CTX* context_;
};

[[noreturn]] inline void no_answer() noexcept {
    std::fputs(
        "btard: OpenSSL cannot verify signatures: no memory, or its configuration leaves out Ed25519\n",
        stderr);
    std::terminate();
}

} // namespace detail

/// Can this be somebody's key?  No: a value that is not below 2^255 - 19, which is a second spelling of a
/// point, and the eight points of small order, for which anybody can make signatures that fit many texts.
[[nodiscard]] inline bool is_proper(public_key const& key) noexcept {
    using bytes = std::array<unsigned char, 32>;
    constexpr bytes order_8 = {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
                               0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
                               0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05};
    constexpr bytes prime = [] { // 2^255 - 19, the lowest byte first
        bytes p;
        p.fill(0xff);
        p[0] = 0xed, p[31] = 0x7f;
        return p;
    }();
    bytes y, minus_y; // the last bit is the sign of the other coordinate
    std::ranges::transform(key.bytes, y.begin(),
                           [](std::byte b) { return std::to_integer<unsigned char>(b); });
    y[31] &= 0x7f;
    if (!std::ranges::lexicographical_compare(y.rbegin(), y.rend(), prime.rbegin(), prime.rend()))
        return false;
    for (int i = 0, borrow = 0; i < 32; ++i) {
        int const difference = prime[std::size_t(i)] - y[std::size_t(i)] - borrow;
        borrow = difference < 0;
        minus_y[std::size_t(i)] = static_cast<unsigned char>(difference & 0xff);
    }
    constexpr bytes zero = {}, one = {1}; // of order 4 and 1; -1 of order 2
    return y != zero && y != one && minus_y != one && y != order_8 && minus_y != order_8;
}

/// Did the owner of this key sign this text?
///
/// RFC 8032, the strict way: S < L; the encoding of [S]B - [h]A equals R byte for byte, without multiplying
/// by the cofactor; and `is_proper(key)`, which OpenSSL leaves out.  So the answer is the same on every peer,
/// and nobody without the key makes a second signature out of one that was accepted.
///
/// Chalkias, Garillot, Nikolaenko. Taming the many EdDSAs. SSR 2020. https://eprint.iacr.org/2020/1244
///
/// Where OpenSSL has no memory there is no answer, and a wrong one would divide the peers: the process ends.
[[nodiscard]] inline bool verify_signature(public_key const& key, std::span<std::byte const> text,
                                           signature const& by) noexcept {
    if (!is_proper(key)) return false;
    detail::errors_forgotten const scope;
    detail::owned<::EVP_PKEY> const parsed(::EVP_PKEY_new_raw_public_key(
        EVP_PKEY_ED25519, nullptr, detail::octets(key.bytes), key.bytes.size()));
    detail::thread_context const context;
    if (!parsed || !context.get() ||
        ::EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, parsed.get()) != 1)
        detail::no_answer();
    return ::EVP_DigestVerify(context.get(), detail::octets(by.bytes), by.bytes.size(), detail::octets(text),
                              text.size()) == 1;
}

/// Models `signer`.  Copies share the key; threads may sign with one at the same time.
///
/// Josefsson, Liusvaara. Edwards-Curve Digital Signature Algorithm. RFC 8032.
class identity {
public:
    /// A new key, from the random numbers of the operating system.
    ///
    /// @throws environment_error, here and below: `crypto_failed`.
    [[nodiscard]] static identity generate() {
        secret<32> seed;
        if (::RAND_priv_bytes(seed.data(), 32) != 1) detail::crypto_failed("draw a key");
        return from_seed(seed.bytes());
    }

    /// The key that RFC 8032 derives from these 32 secret bytes, which the caller cleans.
    [[nodiscard]] static identity from_seed(std::span<std::byte const, 32> seed) {
        return identity(::EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, detail::octets(seed), 32));
    }

    [[nodiscard]] public_key const& key() const { return key_; }

    /// The 32 secret bytes from which `from_seed` makes this key again.
    void copy_seed(secret<32>& out) const {
        std::size_t size = 32;
        if (::EVP_PKEY_get_raw_private_key(pair_.get(), out.data(), &size) != 1)
            detail::crypto_failed("give a key");
    }

    [[nodiscard]] signature sign(std::span<std::byte const> text) const {
        detail::thread_context const context;
        signature by;
        std::size_t size = by.bytes.size();
        if (!context.get() ||
            ::EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, pair_.get()) != 1 ||
            ::EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(by.bytes.data()), &size,
                             detail::octets(text), text.size()) != 1)
            detail::crypto_failed("sign");
        return by;
    }

    [[nodiscard]] bool verify(public_key const& key, std::span<std::byte const> text,
                              signature const& by) const noexcept {
        return verify_signature(key, text, by);
    }

private:
    explicit identity(::EVP_PKEY* pair) : pair_(pair, detail::openssl_free{}) {
        std::size_t size = key_.bytes.size();
        auto* const out = reinterpret_cast<unsigned char*>(key_.bytes.data());
        if (!pair_ || ::EVP_PKEY_get_raw_public_key(pair_.get(), out, &size) != 1)
            detail::crypto_failed("make a key");
    }

    std::shared_ptr<::EVP_PKEY> pair_; // OpenSSL overwrites the private half when it is freed
    public_key key_;
};

} // namespace btard
