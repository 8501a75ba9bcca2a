// btard/protocol/step_context.hpp: what a step starts from: who takes part, who is idle, which randomness.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/encoding.hpp>
#include <btard/protocol/statement.hpp>
#include <btard/protocol/tagged_hash.hpp>

#include <cstdint>
#include <vector>

namespace btard {

/// All that a step takes from the one before it, except for parameters.
///
/// Its hash stands in what every member commits to.  So the log of COMMIT certifies it for third parties: the roster of
/// a new epoch among it, signed by those who were members before.
struct step_context {
    digest run{};
    std::uint64_t epoch = 0; ///< grows with each change of the roster
    std::uint64_t step = 0;
    std::vector<log_member> roster = {};
    std::vector<peer_id> idle = {}; ///< the validators of the step before, in the roster of this one
    digest before{};                ///< r of the step before

    static constexpr void members(auto& self, auto&& member) {
        member(self.run);
        member(self.epoch);
        member(self.step);
        member(self.roster, &wire_limits::peers);
        member(self.idle, &wire_limits::peers);
        member(self.before);
    }
    friend bool operator==(step_context const&, step_context const&) = default;
};

[[nodiscard]] inline digest hash_of(step_context const& of) { return tagged_hash("step", encode(of)); }

} // namespace btard
