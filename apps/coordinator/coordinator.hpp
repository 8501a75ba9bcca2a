// apps/coordinator/coordinator.hpp: the program coordinator.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace btard::apps {

/// @return 0: the run is over; 128 + signal: it was told to end
/// @throws what `exit_status` knows
[[nodiscard]] int coordinator(std::vector<std::string> const& words);

} // namespace btard::apps
