// apps/simulate/run.hpp: trains the curves.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "settings.hpp"

#include <btard/train/swarm_options.hpp>

#include <cstddef>
#include <functional>
#include <span>

namespace btard::apps {

/// Is told of each step: the curves that it belongs to, what happened, and the seconds of computation that
/// these curves have taken so far.  False ends everything after this step.
using step_observer =
    std::function<bool(std::span<std::size_t const> curves, step_report const&, double seconds)>;

/// Makes each swarm once and drops it: whatever is refused is refused before anything is trained or written.
void rehearse(std::span<curve const> curves);

/// Trains curve after curve, and shared steps once.
void run(std::span<curve const> curves, step_observer const& observe);

} // namespace btard::apps
