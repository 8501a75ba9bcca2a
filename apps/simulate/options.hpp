// apps/simulate/options.hpp: from the words of the command line to the curves to train.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "settings.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace btard::apps {

/// What the program is to do.
struct request {
    std::string print{}; ///< not empty: only print this (help, version, list, configuration)
    std::vector<curve> curves{};
    std::string out{}; ///< the folder for the results
    bool overwrite = false;
};

/// Defaults, then the file of `--config`, then the command line; then each `--curve` on top of that.
///
/// @throws environment_error, contract_violation: what is wrong, where, and what would be right.
[[nodiscard]] request read_request(std::vector<std::string> const& words);

/// "CenteredClip, tau 0.5" -> "centeredclip_tau_0.5": the name of its file, without the extension.
[[nodiscard]] std::string file_stem(std::string_view curve_name);

} // namespace btard::apps
