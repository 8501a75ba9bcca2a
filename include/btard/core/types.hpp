// btard/core/types.hpp: the small types that name what a number means.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>

namespace btard {

/// A member of a roster: its place in it, from 0.  Who it is, is its public key.
enum class peer_id : std::uint32_t {};

/// One of the n parts into which a butterfly all-reduce cuts a vector.
enum class part_id : std::uint32_t {};

/// 128 public bits from which randomness is drawn; see `core/random.hpp`.
struct seed {
    std::uint64_t key = 0;    ///< the key of the generator
    std::uint64_t stream = 0; ///< the upper half of its counter

    friend bool operator==(seed const&, seed const&) = default;
};

/// A SHA-256 hash: of bytes that a peer has committed to, of a list, of a state.
struct digest {
    std::array<std::byte, 32> bytes{};

    friend auto operator<=>(digest const&, digest const&) = default;
};

/// An Ed25519 public key: who a peer is.
struct public_key {
    std::array<std::byte, 32> bytes{};

    friend auto operator<=>(public_key const&, public_key const&) = default;
};

/// An Ed25519 signature.
struct signature {
    std::array<std::byte, 64> bytes{};

    friend auto operator<=>(signature const&, signature const&) = default;
};

/// A moment on the clock of whoever drives a state machine.  The machines have none.
using time_point = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

} // namespace btard
