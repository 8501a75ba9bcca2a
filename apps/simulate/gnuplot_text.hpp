// apps/simulate/gnuplot_text.hpp: words, numbers and colours for gnuplot.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdio>
#include <string>
#include <string_view>

namespace btard::apps {

/// Okabe and Ito: colours that all people can tell apart.
inline constexpr std::array curve_colors{"#d55e00", "#0072b2", "#009e73", "#cc79a7",
                                         "#e69f00", "#56b4e9", "#000000"};

[[nodiscard]] inline std::string gnuplot_quoted(std::string_view text) {
    std::string all = "'";
    for (char const c : text) all += c == '\'' ? std::string("''") : std::string(1, c);
    return all + "'";
}

[[nodiscard]] inline std::string gnuplot_number(double value) {
    char text[40];
    std::snprintf(text, sizeof text, "%.6g", value);
    return text;
}

} // namespace btard::apps
