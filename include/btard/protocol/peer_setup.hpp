// btard/protocol/peer_setup.hpp: who a peer is, and in what it takes part.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/concept.hpp>
#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/step/mprng.hpp>
#include <btard/protocol/step/run_rules.hpp>
#include <btard/protocol/step/tribunal.hpp>
#include <btard/protocol/wire/statement.hpp>
#include <btard/protocol/wire/tagged_hash.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace btard {

struct peer_setup {
    public_key self{};
    digest run{};    ///< the run id
    digest secret{}; ///< from which its shares of the joint randomness are made; nobody else has it
    std::vector<log_member> members = {}; ///< of the first epoch, this peer among them
    run_rules rules = {};

    /// What this peer puts into a draw.
    [[nodiscard]] mprng_share share(std::uint64_t step, std::uint64_t draw) const {
        return {tagged_hash("share", secret, step, draw).bytes,
                tagged_hash("salt", secret, step, draw).bytes};
    }
};

/// What whoever founds a run promises.
template <class B, verifiable_aggregator A>
void check_setup(peer_setup const& setup, court<B, A> const& bench) {
    setup.rules.validate(setup.members.size());
    expects(std::ranges::find(setup.members, setup.self, &log_member::key) != setup.members.end(),
            "a peer that is no member of its run");
    expects(bench.size >= setup.members.size(), "a gradient of ", bench.size, " numbers cannot be cut among ",
            setup.members.size(), " members");
    expects(bench.tolerance == setup.rules.tolerance, "gradients are compared with a tolerance of ",
            bench.tolerance, ", the rules of the run say ", setup.rules.tolerance);
}

} // namespace btard
