// SPDX-License-Identifier: Apache-2.0
#include "heat_map.hpp"

#include "../common/markup.hpp"

#include <btard/core/error.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <limits>

namespace btard::apps {

namespace {

/// Viridis: its brightness rises all the way, so it can be read without seeing colours.
constexpr std::array<std::array<double, 3>, 6> viridis{
    {{68, 1, 84}, {65, 68, 135}, {42, 120, 142}, {34, 168, 132}, {122, 209, 81}, {253, 231, 37}}};

std::string color_of(double goodness) {
    double const at = std::clamp(goodness, 0.0, 1.0) * (viridis.size() - 1);
    auto const below = std::min(static_cast<std::size_t>(at), viridis.size() - 2);
    std::array<int, 3> c{};
    for (std::size_t k = 0; k < 3; ++k)
        c[k] = static_cast<int>(
            std::lround(std::lerp(viridis[below][k], viridis[below + 1][k], at - double(below))));
    char text[8];
    std::snprintf(text, sizeof text, "#%02x%02x%02x", unsigned(c[0]) & 255, unsigned(c[1]) & 255,
                  unsigned(c[2]) & 255);
    return text;
}

std::string value_text(double value, bool accuracy) {
    if (!std::isfinite(value)) return "not finite";
    char text[40];
    if (accuracy) std::snprintf(text, sizeof text, "%.1f %%", 100 * value);
    else std::snprintf(text, sizeof text, "%.3g", value);
    return text;
}

std::optional<double> value_of(cell const& one, bool accuracy) {
    auto const& values = accuracy ? one.accuracy : one.last_loss;
    if (accuracy && !values && one.runs > 0) return std::numeric_limits<double>::infinity();
    return values ? std::optional(values->mean) : std::nullopt;
}

std::string text_at(double x, double y, std::string_view attributes, std::string_view words) {
    return concat("<text x=\"", x, "\" y=\"", y, "\" ", attributes, ">", html_text(words), "</text>\n");
}

std::size_t widest(std::vector<std::string> const& texts) {
    std::size_t most = 0;
    for (auto const& text : texts) most = std::max(most, text.size());
    return most;
}

} // namespace

std::optional<double> heat_scale::goodness(double value) const {
    if (!std::isfinite(value)) return {};
    if (accuracy) return std::clamp(value, 0.0, 1.0);
    if (!(high > low)) return value <= low ? 1.0 : 0.0;
    double const at = std::clamp(value, low, high);
    return logarithmic ? std::log(high / at) / std::log(high / low) : (high - at) / (high - low);
}

heat_scale scale_for(std::span<cell const> cells, double first_loss) {
    heat_scale scale;
    scale.low = std::numeric_limits<double>::infinity();
    double highest = -scale.low;
    for (auto const& one : cells) {
        if (one.accuracy) return {true, 0, 1, false};
        if (!one.last_loss || !std::isfinite(one.last_loss->mean)) continue;
        scale.low = std::min(scale.low, one.last_loss->mean);
        highest = std::max(highest, one.last_loss->mean);
    }
    if (!std::isfinite(scale.low)) return {};
    scale.high = std::isfinite(first_loss) ? std::max(std::min(first_loss, highest), scale.low) : highest;
    scale.logarithmic = scale.low > 0 && scale.high > 30 * scale.low;
    return scale;
}

std::string heat_map_svg(sweep const& grid, std::span<cell const> cells, heat_scale const& scale) {
    std::string const what =
        scale.accuracy ? "last accuracy on held-out samples" : "loss, mean of the last 20 steps";
    std::string const heading = what + (grid.seeds.size() > 1 ? ", mean over seeds" : "");
    double const letter = 7.4, wide = 104, tall = 36;
    double const left = 18 + 8.6 * double(widest(grid.rules));
    double const slant = letter * double(widest(grid.attacks)); // attacks are written upwards, at 30 degrees
    double const top = 52 + 0.5 * slant, right = left + wide * double(grid.attacks.size());
    double const bottom = top + tall * double(grid.rules.size());
    double const width = std::max(right + 0.87 * slant - wide / 2 + 12,
                                  std::max(left + 320, 16 + 8.4 * double(heading.size()))),
                 height = bottom + 64;
    std::string svg =
        concat("<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"heat\" viewBox=\"0 0 ", width, " ", height,
               "\" width=\"", width, "\" height=\"", height,
               "\" font-family=\"Helvetica,Arial,sans-serif\" font-size=\"14\" role=\"img\">\n");
    svg += "<style>.heat text{fill:#222}.heat .on-dark{fill:#fff}.heat .on-light{fill:#111}.heat "
           ".none{fill:#999;"
           "fill-opacity:.35}@media(prefers-color-scheme:dark){.heat text{fill:#ddd}}</style>\n";
    svg += text_at(8, 22, "font-weight=\"bold\"", heading);
    for (std::size_t a = 0; a < grid.attacks.size(); ++a) {
        double const x = left + wide * (double(a) + 0.5);
        svg +=
            text_at(x, top - 8, concat("transform=\"rotate(-30 ", x, " ", top - 8, ")\""), grid.attacks[a]);
    }
    for (std::size_t r = 0; r < grid.rules.size(); ++r)
        svg += text_at(left - 8, top + tall * (double(r) + 0.5) + 5, "text-anchor=\"end\"", grid.rules[r]);
    for (auto const& one : cells) {
        double const x = left + wide * double(one.attack), y = top + tall * double(one.rule);
        auto const value = value_of(one, scale.accuracy);
        auto const good = value ? scale.goodness(*value) : std::nullopt;
        svg +=
            concat("<rect x=\"", x + 1, "\" y=\"", y + 1, "\" width=\"", wide - 2, "\" height=\"", tall - 2,
                   "\" ", good ? concat("fill=\"", color_of(*good), "\"") : "class=\"none\"", "/>\n");
        svg += text_at(x + wide / 2, y + tall / 2 + 5,
                       concat("text-anchor=\"middle\"",
                              good ? *good > 0.55 ? " class=\"on-light\"" : " class=\"on-dark\"" : ""),
                       value ? value_text(*value, scale.accuracy) : "no run");
    }
    for (int k = 0; k < 40; ++k) // the legend, from bad to good
        svg += concat("<rect x=\"", left + 1 + 7.5 * k, "\" y=\"", bottom + 16,
                      "\" width=\"8\" height=\"12\" fill=\"", color_of(k / 39.0), "\"/>\n");
    std::string const bad = scale.accuracy ? "0 %" : concat(value_text(scale.high, false), " or worse");
    svg += text_at(left, bottom + 44, "font-size=\"12\"", bad);
    svg += text_at(left + 301, bottom + 44, "font-size=\"12\" text-anchor=\"end\"",
                   scale.accuracy ? "100 %" : value_text(scale.low, false));
    return svg + "</svg>\n";
}

} // namespace btard::apps
