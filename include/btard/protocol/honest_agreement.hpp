// btard/protocol/honest_agreement.hpp: all honest peers must come to the same aggregate, and to the same verdicts.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/shared_floats.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/log/agreed_log.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace btard {

/// Compares, bit for bit, what honest peers say at the end of a step, each as soon as it says it.  Throws when two of
/// them differ.
class honest_agreement {
public:
    using removals = std::vector<std::pair<public_key, offence>>;

    void begin_step(std::uint64_t step) {
        step_ = step;
        made_.reset();
        removed_.reset();
    }
    /// This peer says that somebody is out; the step is not over yet for it.
    void hear_removal(std::size_t peer, public_key const& who, offence why) { heard_[peer].emplace_back(who, why); }
    void apply(std::size_t peer, std::uint64_t step, shared_floats aggregate) {
        expects(step == step_, "peer ", peer, " is in step ", step, ", the swarm in ", step_);
        if (!made_) made_ = std::move(aggregate);
        else expects(*made_ == aggregate, "honest peers have made different aggregates in step ", step_);
        check_verdicts(peer);
    }
    /// It is out itself: that is the last thing that it says.
    void leave(std::size_t peer) {
        if (!heard_[peer].empty()) check_verdicts(peer); // it has heard all of them, not itself alone
    }

    [[nodiscard]] std::optional<shared_floats> const& made() const { return made_; }
    [[nodiscard]] std::optional<removals> const& removed() const { return removed_; }

private:
    void check_verdicts(std::size_t peer) {
        auto mine = std::exchange(heard_[peer], {});
        if (!removed_) removed_ = std::move(mine);
        else expects(*removed_ == mine, "honest peers have reached different verdicts in step ", step_);
    }

    std::uint64_t step_ = 0;
    std::optional<shared_floats> made_;
    std::optional<removals> removed_;
    std::map<std::size_t, removals> heard_;
};

} // namespace btard
