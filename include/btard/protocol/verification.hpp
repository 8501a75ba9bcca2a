// btard/protocol/verification.hpp: how the peers of a swarm check each other.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/protocol/step/probation_rules.hpp>
#include <btard/protocol/step/run_rules.hpp>
#include <btard/protocol/step/standing.hpp>
#include <btard/transport/loopback_options.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace btard {

struct verification {
    std::size_t validators = 1;               ///< pairs of validator and target that are drawn in each step
    std::optional<std::size_t> faults = {};   ///< f; absent: as many as n = 2 f + validators + 1 allows
    std::optional<double> far = {};           ///< Delta_max, of a part; absent: learned from the first 101 steps
    double tolerance = 0;                     ///< how far gradients of honest peers may be apart; 0: not by a bit
    std::uint64_t state_every = 16;           ///< steps between checks that all have the same parameters
    standing_rules standing = {};
    probation_rules probation = {};
    loopback_options network = {};

    static constexpr auto name = "verification";
    static constexpr auto summary = "how peers check each other";
    static constexpr void describe(auto& self, auto&& field) {
        describe_rules(self, field, "peers that may lie; absent: as many as the number of peers allows");
        field("network", self.network, "how messages are delayed");
    }
    /// All that is the same in one process and between several: of this, or of settings that have it among others.
    ///
    /// @param faults what it says of them
    static constexpr void describe_rules(auto& self, auto&& field, std::string_view faults) {
        field("validators", self.validators, "pairs of a validator and its target that are drawn in each step");
        field("faults", self.faults, faults);
        field("far", self.far,
              "a part is opened when at most f of its rows are nearer to it; absent: learned, from 101 steps "
              "on");
        field("tolerance", self.tolerance,
              "how far honest gradients may be apart, relative to each tensor; 0: not by a bit");
        field("state_every", self.state_every, "steps between checks that all have the same parameters");
        field("standing", self.standing, "what is borne with");
        field("probation", self.probation, "how keys become members that never were");
    }
    friend bool operator==(verification const&, verification const&) = default;

    [[nodiscard]] run_rules rules(std::size_t peers) const {
        run_rules made;
        made.validators = validators;
        made.faults = faults.value_or(peers > validators ? (peers - validators - 1) / 2 : 0);
        made.far = far;
        made.tolerance = tolerance;
        made.state_every = state_every;
        made.standing = standing;
        made.probation = probation;
        return made;
    }
};

} // namespace btard
