// benchmarks/network_floor.hpp: the cryptography that commitments and encrypted links cannot do without.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "network_costs.hpp"

#include <btard/core/error.hpp>
#include <btard/crypto/openssl.hpp>
#include <btard/crypto/sha256.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace btard::benchmark {

/// Seconds of one core for a byte.
struct crypto_speed {
    double sha256 = 0, aes_gcm = 0;
};

/// The fastest of some turns, on bytes in the cache: SHA-256 without an end, AES-128-GCM in records of 16 KiB, as TLS
/// 1.3 has them.
inline crypto_speed measured_crypto() {
    constexpr std::size_t record = 1u << 14, records = 1'500;
    std::vector<std::byte> text(record, std::byte{3}), sealed(record), tag(16), key(16), iv(12);
    auto const raw = [](std::vector<std::byte>& bytes) {
        return reinterpret_cast<unsigned char*>(bytes.data());
    };
    struct context_free {
        void operator()(::EVP_CIPHER_CTX* p) const noexcept { ::EVP_CIPHER_CTX_free(p); }
    };
    std::unique_ptr<::EVP_CIPHER_CTX, context_free> const context(::EVP_CIPHER_CTX_new());
    auto* const aes = context.get();
    expects(aes && ::EVP_EncryptInit_ex(aes, ::EVP_aes_128_gcm(), nullptr, raw(key), raw(iv)) == 1,
            "no AES-GCM");
    crypto_speed best{1, 1};
    for (int turn = 0; turn < 5; ++turn) {
        auto const keep = [&](double& least, auto&& work) {
            double const begun = seconds_of(CLOCK_THREAD_CPUTIME_ID);
            for (std::size_t k = 0; k < records; ++k) work();
            double const each = (seconds_of(CLOCK_THREAD_CPUTIME_ID) - begun) / double(records * record);
            least = std::min(least, each);
        };
        sha256 hash;
        keep(best.sha256, [&] { hash.update(std::span<std::byte const>(text)); });
        keep(best.aes_gcm, [&] {
            int size = 0;
            expects(::EVP_EncryptInit_ex(aes, nullptr, nullptr, nullptr, raw(iv)) == 1 &&
                        ::EVP_EncryptUpdate(aes, raw(sealed), &size, raw(text), int(record)) == 1 &&
                        ::EVP_EncryptFinal_ex(aes, raw(sealed), &size) == 1 &&
                        ::EVP_CIPHER_CTX_ctrl(aes, EVP_CTRL_GCM_GET_TAG, 16, raw(tag)) == 1,
                    "AES-GCM has failed");
        });
    }
    return best;
}

/// Of one peer in one step: its gradient, the rows of its part and the aggregates are hashed; rows and aggregates are
/// sealed, and opened.
inline double crypto_seconds(crypto_speed const& of, std::size_t size, bool encrypted) {
    double const floats = sizeof(float) * double(size);
    return 3 * floats * of.sha256 + (encrypted ? 4 * floats * of.aes_gcm : 0);
}

} // namespace btard::benchmark
