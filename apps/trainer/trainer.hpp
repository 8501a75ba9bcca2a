// apps/trainer/trainer.hpp: the program trainer.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace btard::apps {

/// @return 0: the run is over, or it has left in good order; 1: a failure; 3: it was banned, 4: removed for good
/// @throws what `exit_status` knows
[[nodiscard]] int trainer(std::vector<std::string> const& words);

} // namespace btard::apps
