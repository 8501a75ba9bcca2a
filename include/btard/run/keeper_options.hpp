// btard/run/keeper_options.hpp: how much a member keeps for those that follow the run, and for whom.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/step/roster.hpp>
#include <btard/protocol/wire/statement.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace btard {

/// Keys cost nothing, so those that the run knows go before those that it does not: each kind has places of its own,
/// and where states are kept for strangers alone, one goes when a known key asks.
enum class follower_kind : std::uint8_t {
    known,       ///< members, those that were some, and the coordinator whom the operator has named
    coordinator, ///< others that say they are one
    stranger,    ///< all others
};

/// @param now    a `membership`
/// @param named  by the operator, or the charter came from it
/// @param claims to be a coordinator
/// @return nothing: it may not follow
template <class Membership>
[[nodiscard]] std::optional<follower_kind> kind_of_follower(Membership const& now, public_key const& key, bool named,
                                                            bool claims) {
    auto const& roster = now.context().roster;
    bool const is_member = std::ranges::find(roster, key, &log_member::key) != roster.end();
    if (is_member || now.was_member(key)) return follower_kind::known;
    if (now.banned().contains(key) || now.standing().is_struck(key)) return {};
    if (claims) return named ? follower_kind::known : follower_kind::coordinator;
    if (now.may_be_told(key)) return follower_kind::stranger;
    return {};
}

struct keeper_options {
    std::size_t followers = 32;   ///< at most, of those that are known
    std::size_t coordinators = 4; ///< at most, of those that say they are one
    std::size_t strangers = 32;   ///< at most, beside them
    std::uint64_t snapshot_every =
        8; ///< states of multiples of so many steps are kept: the same ones by all members
    std::chrono::nanoseconds snapshot_idle =
        std::chrono::seconds(60); ///< until one that nobody asks for is dropped
    std::chrono::nanoseconds snapshot_most =
        std::chrono::minutes(10); ///< then another one may take its place
    std::chrono::nanoseconds unused =
        std::chrono::seconds(15); ///< then another one may take the place of one of which nothing was fetched

    [[nodiscard]] std::size_t places(follower_kind kind) const {
        return kind == follower_kind::known ? followers : kind == follower_kind::stranger ? strangers : coordinators;
    }
};

} // namespace btard
