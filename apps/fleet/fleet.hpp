// apps/fleet/fleet.hpp: the program fleet.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace btard::apps {

/// @return 0: the run was finished; 128 + signal: it was told to end; 1: it could not go on
/// @throws what `exit_status` knows
[[nodiscard]] int fleet(std::vector<std::string> const& words);

} // namespace btard::apps
