// apps/simulate/run.hpp: trains the curves.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "settings.hpp"
#include "step_result.hpp"

#include <cstddef>
#include <functional>
#include <span>

namespace btard::apps {

/// Is told of each step, and the curves that it belongs to; by one thread at a time.  False ends everything:
/// what is being computed in other threads is dropped.
using step_observer = std::function<bool(std::span<std::size_t const> curves, step_result const&)>;

/// Trains curve after curve, and shared steps once.
///
/// @param jobs so many at a time; if more than one, each on one thread.  The results are the same.
void run(std::span<curve const> curves, step_observer const& observe, std::size_t jobs = 1);

} // namespace btard::apps
