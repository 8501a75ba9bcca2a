// apps/simulate/bands.hpp: the pictures of a sweep: for each attack, a curve for each rule, over seeds.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "history.hpp"
#include "sweep.hpp"

#include <span>
#include <string>
#include <vector>

namespace btard::apps {

/// The pictures of one attack, as files in the folder.
struct attack_pictures {
    std::string attack;             ///< as it is shown
    std::vector<std::string> files; ///< "loss_sign_flip.svg", "accuracy_sign_flip.svg", "peers_sign_flip.svg"
};

/// Those that `bands_script` makes: accuracy where something is classified, nothing for an attack without
/// runs.
[[nodiscard]] std::vector<attack_pictures> pictures_of(sweep const& grid, std::span<history const> runs);

/// A program for gnuplot with the data in it.  Lines are means over seeds, between the least and the
/// greatest.
[[nodiscard]] std::string bands_script(sweep const& grid, std::span<history const> runs);

} // namespace btard::apps
