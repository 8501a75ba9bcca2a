// apps/simulate/table.hpp: what came out, one line for each curve.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "history.hpp"

#include <btard/train/learnable.hpp>
#include <btard/train/swarm_options.hpp>

#include <optional>
#include <span>
#include <string>

namespace btard::apps {

/// "2.345", "3.00e+07", "not finite"
[[nodiscard]] std::string loss_text(double loss);

/// "loss 2.81  accuracy 0.871  peers 9+7": a step, and the last evaluation if there was one; where nothing is
/// classified, its loss.
[[nodiscard]] std::string step_text(step_report const& report, std::optional<evaluation> const& test);

/// Loss before the attack, the worst since, and at the end (first and last are means of 20 steps); loss and
/// accuracy of the last evaluation, if there was one; who is left, and when attackers were removed.
[[nodiscard]] std::string table_text(std::span<history const> curves);

} // namespace btard::apps
