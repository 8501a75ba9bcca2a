// apps/simulate/record.hpp: the lines that a curve leaves in the output folder.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "settings.hpp"

#include <btard/train/swarm_options.hpp>

#include <string>

namespace btard::apps {

/// The first line: `{"btard":"0.1.0","curve":"mean","settings":{"data":"quadratic{...}", ...}}`.
[[nodiscard]] std::string header_line(curve const& one);

/// All others: `{"step":0,"loss":5.68, ...}`, one a step.
[[nodiscard]] std::string step_line(step_report const& report, double seconds);

} // namespace btard::apps
