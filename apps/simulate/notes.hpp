// apps/simulate/notes.hpp: what is no mistake, but perhaps not what was meant.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "options.hpp"

#include <string>
#include <vector>

namespace btard::apps {

/// "nobody: no peer is Byzantine, so nobody attacks".  In a sweep, once for each attack.
[[nodiscard]] std::vector<std::string> notes_on(request const& wanted);

} // namespace btard::apps
