// apps/simulate/run.hpp: trains the curves.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "settings.hpp"
#include "step_result.hpp"

#include <cstddef>
#include <functional>
#include <span>

namespace btard::apps {

/// Is told of each step, and the curves that it belongs to.  False ends everything after this step.
using step_observer = std::function<bool(std::span<std::size_t const> curves, step_result const&)>;

/// Makes each swarm once and drops it: whatever is refused is refused before anything is trained or written.
void rehearse(std::span<curve const> curves);

/// Trains curve after curve, and shared steps once.
void run(std::span<curve const> curves, step_observer const& observe);

} // namespace btard::apps
