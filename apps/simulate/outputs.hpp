// apps/simulate/outputs.hpp: tables, pictures and the report, made of the files of the runs alone.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "options.hpp"

#include <string>

namespace btard::apps {

/// The table and pictures of curves, as far as they have come.  Says what was made.
[[nodiscard]] std::string write_curves(request const& wanted);

/// The summary, pictures, heat map and report of the finished runs of a sweep.  Says what was made.
[[nodiscard]] std::string write_sweep(request const& wanted);

} // namespace btard::apps
