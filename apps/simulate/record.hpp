// apps/simulate/record.hpp: the lines that a curve leaves in the output folder.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "settings.hpp"
#include "step_result.hpp"

#include <string>

namespace btard::apps {

/// "0.1.0"
[[nodiscard]] std::string version_text();

/// The first line: `{"btard":"0.1.0","curve":"mean","settings":{"data":"quadratic{...}", ...}}`.
[[nodiscard]] std::string header_line(curve const& one);

/// All others: `{"step":0,"loss":5.68, ...}`, one a step.  A step that removed somebody has `"removed":[7]` and
/// `"reasons":["wrong_gradient"]`, of equal length.  A step that was followed by an
/// evaluation has `"test_loss"` too, and `"accuracy"` where something is classified.
[[nodiscard]] std::string step_line(step_result const& result);

} // namespace btard::apps
