// apps/simulate/plan.hpp: which curves share their first steps.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "settings.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace btard::apps {

/// Curves that are trained as one for some steps, and then each by itself.
struct shared_start {
    std::vector<std::size_t> curves; ///< their places in the list; at least one
    std::size_t steps = 0;           ///< trained once for all of them; 0 for a curve by itself

    friend bool operator==(shared_start const&, shared_start const&) = default;
};

/// Curves that differ only in the attack, the bans and the number of steps are the same until the first of
/// their attacks begins; but where peers check each other, a curve is trained by itself: such a swarm cannot be
/// copied, and who checks does not work, from the second step on.
[[nodiscard]] std::vector<shared_start> plan(std::span<curve const> curves);

/// Steps that are really computed.
[[nodiscard]] std::size_t steps_of(std::span<shared_start const> starts, std::span<curve const> curves);

} // namespace btard::apps
