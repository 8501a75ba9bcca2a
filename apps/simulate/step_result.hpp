// apps/simulate/step_result.hpp: what one step of a curve has to tell.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/train/learnable.hpp>
#include <btard/train/swarm_options.hpp>

#include <optional>
#include <string>
#include <vector>

namespace btard::apps {

/// What a step adds to the file of bans, where peers check each other.  Its own bans come with the step after it,
/// which says that it began from their logs; those of the last step come with it.
struct ban_lines {
    std::string run = {};                 ///< at the first step
    std::vector<std::string> bans = {};
    std::vector<removal> unrecorded = {}; ///< bans that no peer can show
};

/// What happened in a step, and how good it was.
struct step_result {
    step_report report;
    std::optional<evaluation> test; ///< of the parameters after it, where `evaluate_every` asks for that
    double seconds = 0;             ///< of computation that these curves have taken so far
    ban_lines shown = {};
};

} // namespace btard::apps
