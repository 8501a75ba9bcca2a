// apps/simulate/options.hpp: from the words of the command line to the curves to train.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "settings.hpp"
#include "sweep.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace btard::apps {

/// What the program is to do.
struct request {
    std::string print{}; ///< not empty: only print this (help, version, list, configuration)
    std::vector<curve> curves{};
    sweep grid{}; ///< of the curves, where there are several runs and no `--curve`; else of no size or of one
    std::string out{}; ///< the folder for the results
    bool overwrite = false;
    bool dry_run = false;
    std::size_t jobs = 1; ///< runs at a time
    std::string config{}; ///< as `--print-config` prints it
    std::string note{};   ///< why nobody is banned, where that was not asked for; or ""
    std::string again{};  ///< the command that does what is missing

    [[nodiscard]] bool is_sweep() const { return grid.size() > 1; }
};

/// Defaults, then the file of `--config`, then the command line; then each `--curve` on top of that.
///
/// @throws environment_error, contract_violation: what is wrong, where, and what would be right.
[[nodiscard]] request read_request(std::vector<std::string> const& words);

} // namespace btard::apps
