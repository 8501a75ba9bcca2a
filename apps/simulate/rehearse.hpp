// apps/simulate/rehearse.hpp: what can be known before anything is trained.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "settings.hpp"

#include <cstddef>
#include <span>

namespace btard::apps {

/// Makes each swarm once and drops it: whatever is refused is refused before anything is trained or written.
/// Curves that differ in seed or length alone count as one.
void rehearse(std::span<curve const> curves);

/// How long one step takes, and one evaluation.
struct step_cost {
    double step = 0, evaluation = 0; ///< seconds
    std::size_t parameters = 0;
};

/// Trains a few steps without an attack to see; an evaluation only where the settings ask for some.
[[nodiscard]] step_cost measure_cost(settings const& what, bool one_thread);

} // namespace btard::apps
