// btard/protocol/step/recent_steps.hpp: what a peer has of the step that is going on, and of the one before it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/step/step_state.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace btard {

/// What is audited and judged in a step was done in the one before.
struct recent_steps {
    step_state* now;    ///< null: none has begun
    step_state* before; ///< null: there is none

    /// Null: neither of them.
    [[nodiscard]] step_state* find(std::uint64_t step) const {
        if (now && step == now->step()) return now;
        return before && step == before->step() ? before : nullptr;
    }
    /// A member of that step, or of this one: who came in since judges what was done before.
    [[nodiscard]] bool is_known(public_key const& key, step_state const& in) const {
        return in.members->find(key) || now->members->find(key);
    }
    /// Of a member of either.
    [[nodiscard]] std::optional<peer_id> number_now(step_state const& in, peer_id who) const {
        return now->members->find(in.key(who));
    }
    /// Who does not know of the step that begins: those on probation, and those that come in with it.
    [[nodiscard]] std::vector<public_key> untold() const {
        std::vector<public_key> all;
        for (auto const& one : now->context.probation.tried) all.push_back(one.who.key);
        if (!before || before->context.epoch == now->context.epoch) return all;
        for (auto const& one : now->context.roster)
            if (one.key != now->key(now->self) && !before->members->find(one.key)) all.push_back(one.key);
        return all;
    }
};

} // namespace btard
