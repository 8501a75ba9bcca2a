// apps/simulate/list.hpp: all policies that this program knows.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace btard::apps {

/// Data, models, rules, mixings, attacks, optimizers and schedules, with their fields, kinds and defaults.
[[nodiscard]] std::string list_text();

} // namespace btard::apps
