// apps/simulate/plot.hpp: pictures of the loss and of the peers alive, by gnuplot.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "history.hpp"

#include <span>
#include <string>

namespace btard::apps {

/// What of the losses a picture shows: a curve that explodes must not flatten the others.
struct loss_axis {
    double low = 0, high = 1;
    bool logarithmic = false; ///< the losses span more than a factor of 30

    friend bool operator==(loss_axis const&, loss_axis const&) = default;
};

/// All losses, unless one is more than 3 times that at the start: then up to 1.3 times that one.  On a
/// logarithmic axis: 100 times, 10 times.
[[nodiscard]] loss_axis axis_for(std::span<history const> curves);

/// A program for gnuplot with the data in it: draws loss.svg, loss.png, peers.svg and peers.png.
[[nodiscard]] std::string plot_script(std::span<history const> curves);

/// Runs `gnuplot FILE` in a folder.
///
/// @throws environment_error: there is no gnuplot, or it fails.
void run_gnuplot(std::string const& folder, std::string const& file);

} // namespace btard::apps
