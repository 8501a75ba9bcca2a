// apps/simulate/run.hpp: trains the curves.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "settings.hpp"
#include "step_result.hpp"

#include <cstddef>
#include <functional>
#include <span>

namespace btard::apps {

/// Is told of each step, and the curves that it belongs to; by one thread at a time.  False ends everything: what
/// is being computed in other threads is dropped.
using step_observer = std::function<bool(std::span<std::size_t const> curves, step_result const&)>;

/// Makes each swarm once and drops it: whatever is refused is refused before anything is trained or written.
/// Curves that differ in seed or length alone count as one.
void rehearse(std::span<curve const> curves);

/// Trains curve after curve, and shared steps once.
///
/// @param jobs so many at a time; if more than one, each on one thread.  The results are the same.
void run(std::span<curve const> curves, step_observer const& observe, std::size_t jobs = 1);

/// How long one step takes, and one evaluation.
struct step_cost {
    double step = 0, evaluation = 0; ///< seconds
    std::size_t parameters = 0;
};

/// Trains a few steps without an attack to see; an evaluation only where the settings ask for some.
[[nodiscard]] step_cost measure_cost(settings const& what, bool one_thread);

} // namespace btard::apps
