// apps/simulate/curves.hpp: what is to be trained: each `--curve`, or each run of a sweep.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "axes.hpp"
#include "settings.hpp"

#include "../common/given.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace btard::apps {

/// Each text `NAME: OPTIONS`, the options on top of the base; without such texts, the sweep, whose axes are
/// put into `shown`.  A sweep of one run is a curve that is named after its rule.  Absent `bans` are chosen, those
/// of the base too; if nobody is banned then, `note` says why.
///
/// @throws environment_error, contract_violation: what is wrong, and in which of them.
[[nodiscard]] std::vector<curve> read_curves(std::vector<given> const& texts, settings& base,
                                             axes const& several, sweep& shown, std::string& note);

/// "CenteredClip, tau 0.5" -> "centeredclip_tau_0.5": the name of its file, without the extension.
[[nodiscard]] std::string file_stem(std::string_view curve_name);

} // namespace btard::apps
