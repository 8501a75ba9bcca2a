// apps/simulate/band_data.hpp: the runs of one rule under one attack, as rows of numbers for gnuplot.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "history.hpp"
#include "plot.hpp"
#include "sweep.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace btard::apps {

/// Those that have steps, one for each seed.
[[nodiscard]] std::vector<history const*> seeds_of(sweep const& grid, std::span<history const> runs,
                                                   std::size_t r, std::size_t a);

/// Steps that all of them have.
[[nodiscard]] std::size_t common_length(std::vector<history const*> const& seeds);

/// Number of steps, loss (mean, least, greatest over seeds), peers alive (the same three); of a long run,
/// each row is the mean of some steps.  A loss far beyond the axis is moved to just beyond it.
[[nodiscard]] std::string steps_block(std::vector<history const*> const& seeds, loss_axis const& axis);

/// Number of steps, accuracy (three numbers); empty where nothing is classified.
[[nodiscard]] std::string tests_block(std::vector<history const*> const& seeds);

} // namespace btard::apps
