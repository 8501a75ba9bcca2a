// apps/simulate/simulate.hpp: the program, but for its options: trains, records, draws.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "options.hpp"

namespace btard::apps {

/// @return the exit status: 0, or 128 and the number of the signal that ended it early.
[[nodiscard]] int simulate(request const& wanted);

} // namespace btard::apps
