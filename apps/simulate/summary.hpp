// apps/simulate/summary.hpp: the numbers of a sweep, for each rule and attack.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "history.hpp"
#include "sweep.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace btard::apps {

/// Mean and extremes over seeds.  What is not finite is infinite here.
struct spread {
    double mean = 0, min = 0, max = 0;

    friend bool operator==(spread const&, spread const&) = default;
};

/// The runs of one rule under one attack.
struct cell {
    std::size_t rule = 0, attack = 0;   ///< places in the axes
    std::size_t runs = 0;               ///< that are finished
    std::optional<spread> last_loss{};  ///< mean of the last 20 steps
    std::optional<spread> worst_loss{}; ///< since the attack began
    std::optional<spread> accuracy{};   ///< at the last evaluation
    std::optional<spread> attackers_left{};
    std::optional<spread>
        steps_until_all_banned{}; ///< from the first attack, of the runs in which it happened
    std::optional<spread> bans{}, strikes{}, absences{}; ///< peers removed in this way, honest ones among them
    std::optional<spread> seconds{};
};

/// @param runs in the order of the sweep; what has no step is not there
[[nodiscard]] std::vector<cell> summarize(sweep const& grid, std::span<history const> runs);

/// A table for people: `0.12 [0.11, 0.14]` is mean, least and greatest.
[[nodiscard]] std::string summary_text(sweep const& grid, std::span<cell const> cells);
[[nodiscard]] std::vector<std::vector<std::string>> summary_rows(sweep const& grid,
                                                                 std::span<cell const> cells);

/// A table for programs: `last_loss_mean,last_loss_min,last_loss_max`, ...; what does not apply is empty.
[[nodiscard]] std::string summary_csv(sweep const& grid, std::span<cell const> cells);

} // namespace btard::apps
