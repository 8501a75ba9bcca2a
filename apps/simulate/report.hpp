// apps/simulate/report.hpp: all that came out of a sweep in one HTML file, which needs no other.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bands.hpp"
#include "options.hpp"
#include "summary.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace btard::apps {

/// A heading and the pictures below it, as SVG.
struct picture_row {
    std::string title;
    std::vector<std::string> pictures;
};

/// @param heat_map SVG
/// @param note a sentence where pictures are missing
[[nodiscard]] std::string report_html(request const& wanted, std::span<cell const> cells,
                                      std::string const& heat_map, std::vector<picture_row> const& rows,
                                      std::string const& note);

/// What is between `<svg` and `</svg>`, for a page: without the declarations that only a file has.
[[nodiscard]] std::string svg_element(std::string const& file);

} // namespace btard::apps
