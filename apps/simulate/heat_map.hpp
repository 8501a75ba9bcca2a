// apps/simulate/heat_map.hpp: rule x attack at a glance.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "summary.hpp"

#include <optional>
#include <span>
#include <string>

namespace btard::apps {

/// What the colours mean: bright is good.
struct heat_scale {
    bool accuracy = false;    ///< the last one, from 0 to 1; else the last loss
    double low = 0, high = 1; ///< of the losses: the best and the worst, but at most that at the first step
    bool logarithmic = false; ///< they span more than a factor of 30

    /// From 0, bad, to 1, good; nothing for what is not finite.
    [[nodiscard]] std::optional<double> goodness(double value) const;

    friend bool operator==(heat_scale const&, heat_scale const&) = default;
};

/// @param first_loss mean loss at the first step
[[nodiscard]] heat_scale scale_for(std::span<cell const> cells, double first_loss);

/// A picture that needs nothing else: SVG, its letters light where the reader's screen is dark.
[[nodiscard]] std::string heat_map_svg(sweep const& grid, std::span<cell const> cells,
                                       heat_scale const& scale);

} // namespace btard::apps
