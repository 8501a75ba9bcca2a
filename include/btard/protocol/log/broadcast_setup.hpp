// btard/protocol/log/broadcast_setup.hpp: what an agreement starts with, and where it can stand.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/wire/statement.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace btard {

/// What makes the relay safe, as switches, so that a test can show that it notices when one is off.  A
/// template argument and not a setting: no configuration reaches it.
struct broadcast_rules {
    std::size_t relay_rounds_beyond_faults = 1; ///< f + 1 rounds: one relay at least is honest
    bool quorum_of_signers = true;              ///< else f signers make a certificate
    bool late_certificates_need_relays = true;  ///< from round 1 on
    bool differing_digest_keeps_open = true;    ///< at D + 2 delta
    bool held_bodies_enter_the_relay = true;    ///< in round 1
    bool relays_any_slot = true;                ///< else only those that it sees contested itself
    bool only_slots_vote = true;                ///< digests of members that are left out do not count

    friend bool operator==(broadcast_rules const&, broadcast_rules const&) = default;
};

struct broadcast_setup {
    slot_context in{};
    peer_id self{};
    std::span<log_member const> members{}; ///< the roster of the epoch; stays where it is
    std::size_t faults = 0;                ///< f
    std::size_t quorum = 1;                ///< q, of those that have a slot
    time_point deadline{};                 ///< D
    std::chrono::nanoseconds interval{};   ///< delta: one question and its answer
    /// Members of whom the phase before had no body or no digest.  When only theirs are missing at
    /// `short_deadline`, the lists are made then and not at D, which may have been moved for the sake of the
    /// others.
    std::vector<bool> not_waited_for = {};
    time_point short_deadline{};
    std::vector<bool> left_out = {}; ///< (members) who has no slot; see `marked_members`.  Empty: all have one
};

enum class broadcast_stage : std::uint8_t {
    collecting,
    pulling,
    alone,
    listed,
    asking,
    relaying,
    paused,
    fetching,
    closed
};

/// What the caller promised.
[[nodiscard]] inline broadcast_setup const& checked(broadcast_setup const& setup) {
    std::size_t const n = setup.members.size();
    auto const self = static_cast<std::size_t>(setup.self);
    expects(self < n, "member ", self, " of ", n);
    expects(setup.quorum > setup.faults && setup.quorum <= n, "a quorum of ", setup.quorum, " among ", n,
            " members, ", setup.faults, " of which may lie");
    auto const& fewer = setup.not_waited_for;
    expects(fewer.empty() || (fewer.size() == n && setup.short_deadline <= setup.deadline), fewer.size(),
            " members of ", n, " may be waited for less, and not longer than others");
    expects(setup.left_out.empty() || setup.left_out.size() == n, setup.left_out.size(), " members of ", n,
            " may be left out");
    expects(setup.interval.count() > 0, "the relay interval is ", setup.interval.count(), " ns");
    return setup;
}

/// More than half; with f < n/3 more than (n + f)/2, so that not even two halves of a cut network go on.
[[nodiscard]] constexpr std::size_t quorum_of(std::size_t members, std::size_t faults) {
    return 3 * faults < members ? (members + faults) / 2 + 1 : members / 2 + 1;
}

} // namespace btard
