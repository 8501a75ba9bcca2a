// apps/simulate/table.hpp: what came out, one line for each curve.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "history.hpp"

#include <span>
#include <string>

namespace btard::apps {

/// "2.345", "3.00e+07", "not finite"
[[nodiscard]] std::string loss_text(double loss);

/// Loss before the attack, the worst since, and at the end (first and last are means of 20 steps); who
/// is left, and when attackers were removed.
[[nodiscard]] std::string table_text(std::span<history const> curves);

} // namespace btard::apps
