// apps/simulate/verify_ban.hpp: simulate verify-ban FILE: were the bans of a run right?
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ban_file.hpp"

#include <string>
#include <utility>
#include <vector>

namespace btard::apps {

/// A line for each run and each ban, and whether all bans are right, by logs that the step after them confirms.
[[nodiscard]] std::pair<std::string, bool> verify_bans(ban_file const& file);

/// @param words after `verify-ban`
/// @return the status: 0 if all are shown to be right, else 2
[[nodiscard]] int verify_ban_command(std::vector<std::string> const& words);

} // namespace btard::apps
