// btard/node/trainer_events.hpp: what a trainer tells its program.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/protocol/log/transcript.hpp>
#include <btard/run/messages.hpp>
#include <btard/run/model_state.hpp>

#include <functional>
#include <optional>

namespace btard {

/// How it ends for a trainer.
enum class run_end {
    finished, ///< the last step is done
    left,     ///< in good order
    banned,
    removed,      ///< for another reason, and it may not come back
    missed,       ///< the run was over while it was away
    failed,       ///< device or parameters
    not_possible, ///< it could not take part
};

/// All of it on the thread of the loop.
struct trainer_events {
    std::function<void(wire::charter const&)> began = [](auto const&) {
    }; ///< its run is known, with all founders
    /// A state of that run that its program has kept; where there is none, members are asked.
    std::function<std::optional<model_state>(wire::charter const&)> kept = [](auto const&) {
        return std::nullopt;
    };
    /// A step is over; parameters are those with which the next one begins.
    std::function<void(wire::metrics const&, model_state const&)> stepped = [](auto const&, auto const&) {};
    std::function<void(ban_record const&)> banned = [](auto const&) {}; ///< with what shows it to others
    /// The last thing that it says.
    std::function<void(run_end, model_state const*)> ended = [](run_end, auto const*) {};
};

} // namespace btard
