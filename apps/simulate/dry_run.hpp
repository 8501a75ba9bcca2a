// apps/simulate/dry_run.hpp: what a command would do, and how long that would take.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "options.hpp"
#include "rehearse.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace btard::apps {

/// What a run is thought to take.
struct estimate {
    double seconds = 0;
    std::size_t bytes = 0;
};

/// From the cost of a step.
[[nodiscard]] estimate estimate_of(settings const& what, step_cost const& cost);

/// Measures a few steps of each kind of run that is not finished, and gives a table with a line for each run.
[[nodiscard]] std::string dry_run_text(request const& wanted, std::vector<bool> const& finished);

} // namespace btard::apps
