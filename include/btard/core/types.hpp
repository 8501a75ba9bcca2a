// btard/core/types.hpp: the small types that name what a number means.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace btard {

/// A peer of a run: its place in the roster, from 0.
enum class peer_id : std::uint32_t {};

/// One of the n parts into which a butterfly all-reduce cuts a vector.
enum class part_id : std::uint32_t {};

/// 128 public bits from which randomness is drawn; see `core/random.hpp`.
struct seed {
    std::uint64_t key = 0;    ///< the key of the generator
    std::uint64_t stream = 0; ///< the upper half of its counter

    friend bool operator==(seed const&, seed const&) = default;
};

} // namespace btard
