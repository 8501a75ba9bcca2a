// apps/simulate/results.hpp: what is in the folder of an earlier run.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "history.hpp"
#include "options.hpp"

#include <string>
#include <vector>

namespace btard::apps {

/// Reads the file of a run, or what there is of it, up to a line that was cut off.  Without a file, no step.
///
/// @throws environment_error: the file cannot be read.
[[nodiscard]] history read_history(std::string const& folder, curve const& one);

/// For each run, whether its file is there and complete.  With `overwrite`, none is.
///
/// @throws contract_violation: the folder has something else in it, or results of other settings: the
///     sentence names the first of them and both values.  The number of threads is none of them.
[[nodiscard]] std::vector<bool> finished_runs(request const& wanted);

/// Removes what there is of the runs that are not finished; with `overwrite`, all results in the folder.
void remove_unfinished(request const& wanted, std::vector<bool> const& finished);

} // namespace btard::apps
