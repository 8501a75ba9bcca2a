// btard/protocol/step/consecutive_steps.hpp: a step and the one before it, whose validators are heard in it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/step/roster.hpp>
#include <btard/protocol/step/step_record.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace btard {

/// A member may have another number in each of them, or be in one alone: its key says who it is.
struct consecutive_steps {
    step_record const* now;
    step_record const* before; ///< null: there is none

    /// Of a member of the step before, in this one.
    [[nodiscard]] std::optional<peer_id> number_now(peer_id then) const {
        auto const& key = before->roster()[std::size_t(then)].key;
        auto const at = std::ranges::find(now->roster(), key, &log_member::key);
        if (at == now->roster().end()) return {};
        return peer_id(at - now->roster().begin());
    }
    /// Of the target of an accusation about the step before.
    [[nodiscard]] public_key const& key_of(peer_id target) const {
        return target == on_trial ? now->checked()->who.key : before->roster()[std::size_t(target)].key;
    }
    /// The log of that step, the one before, entitles this member to check that target.
    [[nodiscard]] bool audits(peer_id by, peer_id target, std::uint64_t step) const {
        auto const& key = now->roster()[std::size_t(by)].key;
        if (target == on_trial)
            return now->checked() && now->checked()->validator == key && step + 1 == now->step();
        if (before == nullptr || step != before->step() || std::size_t(target) >= before->n()) return false;
        return std::ranges::any_of(before->pairs(), [&](audit_pair const& pair) {
            return pair.target == target && before->roster()[std::size_t(pair.validator)].key == key;
        });
    }
};

} // namespace btard
