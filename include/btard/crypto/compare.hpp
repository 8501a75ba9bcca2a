// btard/crypto/compare.hpp: equality in a time that does not tell where two values differ.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/crypto.h>

#include <cstddef>
#include <span>

namespace btard {

/// For bytes that an attacker guesses at: a plain comparison takes longer the more of them are right.
/// Lengths are no secret.
[[nodiscard]] inline bool equal_in_constant_time(std::span<std::byte const> a,
                                                 std::span<std::byte const> b) noexcept {
    return a.size() == b.size() && ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace btard
