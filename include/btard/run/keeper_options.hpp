// btard/run/keeper_options.hpp: how much a member keeps for those that follow the run, and for whom.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace btard {

struct keeper_options {
    std::size_t followers = 32; ///< at most, of those that are known
    std::size_t strangers = 32; ///< at most, beside them
    std::uint64_t snapshot_every =
        8; ///< states of multiples of so many steps are kept: the same ones by all members
    std::chrono::nanoseconds snapshot_idle =
        std::chrono::seconds(60); ///< until one that nobody asks for is dropped
    std::chrono::nanoseconds snapshot_most =
        std::chrono::minutes(10); ///< then another one may take its place
    std::chrono::nanoseconds unused =
        std::chrono::seconds(15); ///< then another one may take the place of one of which nothing was fetched
};

/// Keys cost nothing, so those that the run knows go before those that it does not: they have places of their own,
/// and where states are kept for strangers alone, one goes when a known key asks.
enum class follower_kind : std::uint8_t {
    known,    ///< members, those that were some, and coordinators
    stranger, ///< all others
};

} // namespace btard
