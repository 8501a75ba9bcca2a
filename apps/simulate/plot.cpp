// SPDX-License-Identifier: Apache-2.0
#include "plot.hpp"
#include "gnuplot_text.hpp"

#include <btard/core/error.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <limits>
#include <map>
#include <string_view>
#include <vector>

namespace btard::apps {

namespace {

constexpr std::size_t most_points = 800; // of a curve in a picture; each is then the mean of some steps

std::size_t longest(std::span<history const> curves) {
    std::size_t most = 1;
    for (auto const& one : curves) most = std::max(most, one.loss.size());
    return most;
}

std::size_t steps_per_point(std::span<history const> curves) {
    return (longest(curves) + most_points - 1) / most_points;
}

/// Step, loss and peers alive.  What is far beyond the axis is moved to just beyond it: the line leaves the
/// picture, and gnuplot gets no numbers that it could not draw.
std::string data_block(history const& one, std::size_t per_point, loss_axis const& axis) {
    std::string block;
    for (std::size_t begin = 0; begin < one.loss.size(); begin += per_point) {
        std::size_t const end = std::min(begin + per_point, one.loss.size());
        double sum = 0;
        for (std::size_t k = begin; k < end; ++k) sum += one.loss[k];
        double const mean = sum / static_cast<double>(end - begin);
        double const beyond = axis.high * 2;
        block +=
            concat(begin, " ", gnuplot_number(mean <= beyond ? mean : beyond), " ", one.alive[end - 1], "\n");
    }
    return block;
}

std::string loss_title(history const& one, loss_axis const& axis) {
    double highest = 0;
    for (double const loss : one.loss) highest = std::max(highest, badness(loss));
    if (highest <= axis.high) return one.name;
    if (!std::isfinite(highest)) return one.name + " (leaves the picture: not finite)";
    char text[60];
    std::snprintf(text, sizeof text, " (leaves the picture: up to %.4g)", highest);
    return one.name + text;
}

/// A dashed line where an attack begins, and words above it.
std::string marks(std::span<history const> curves) {
    std::map<std::size_t, history const*> starts;
    for (auto const& one : curves)
        if (one.attacked) starts.emplace(*one.attacked, &one);
    std::string script;
    std::size_t label = 1;
    for (auto const& [step, one] : starts) {
        bool const alone = starts.size() == 1, late = 2 * step > longest(curves);
        std::string const words =
            alone ? concat(one->byzantine, " of ", one->peers, " peers attack from step ", step)
                  : concat("attack from ", step);
        std::string_view const place = !alone ? " center"
                                       : late ? " right offset 3, 0"
                                              : " left offset -1, 0";
        script +=
            concat("set arrow from ", step, ", graph 0 to ", step,
                   ", graph 1 nohead dashtype 2 linecolor '#666666'\nset label ", ++label, " ",
                   gnuplot_quoted(words), " at ", step, ", graph 1.04", place, " textcolor '#444444'\n");
    }
    return script;
}

std::string curve_list(std::span<history const> curves, std::string_view columns, std::string_view style,
                       auto&& title) {
    std::string list;
    for (std::size_t k = 0; k < curves.size(); ++k) {
        if (curves[k].loss.empty()) continue;
        double const width = 2 + 2.5 * static_cast<double>(curves.size() - 1 - k); // equal curves all show
        list += concat(list.empty() ? "    plot " : ", \\\n        ", "$curve", k, " using ", columns,
                       " with ", style, " linewidth ", style == "lines" ? 2 : width, " linecolor '",
                       curve_colors[k % curve_colors.size()], "' title ", gnuplot_quoted(title(curves[k])));
    }
    return list + "\n";
}

} // namespace

loss_axis axis_for(std::span<history const> curves) {
    double start = 0, highest = 0, low = std::numeric_limits<double>::infinity();
    for (auto const& one : curves) {
        if (!one.loss.empty() && std::isfinite(one.loss.front())) start = std::max(start, one.loss.front());
        for (double const loss : one.loss) {
            if (!std::isfinite(loss)) continue;
            highest = std::max(highest, loss);
            if (loss > 0) low = std::min(low, loss);
        }
    }
    if (start <= 0) start = highest > 0 ? highest : 1;
    low = std::min(low, start);
    loss_axis axis;
    axis.logarithmic = start > 30 * low;
    axis.low = axis.logarithmic ? low / 1.5 : 0;
    bool const explodes = highest > (axis.logarithmic ? 100 : 3) * start;
    if (explodes) axis.high = (axis.logarithmic ? 10 : 1.3) * start;
    else axis.high = (axis.logarithmic ? 1.5 : 1.05) * std::max(highest, start);
    return axis;
}

std::string plot_script(std::span<history const> curves) {
    loss_axis const axis = axis_for(curves);
    std::size_t const per_point = steps_per_point(curves);
    std::string script = "# gnuplot plots.gp, in this folder, draws the pictures again\n";
    std::size_t peers = 1;
    for (std::size_t k = 0; k < curves.size(); ++k) {
        peers = std::max(peers, curves[k].peers);
        if (!curves[k].loss.empty())
            script += concat("$curve", k, " << END\n", data_block(curves[k], per_point, axis), "END\n");
    }
    script += R"(
set encoding utf8
set border 3 linecolor '#444444'
set tics nomirror out
set grid ytics linecolor '#dddddd' linetype 1
set key noenhanced Left reverse samplen 2
set tmargin 4.5
set xlabel 'step'
)";
    script += concat("set xrange [0:", longest(curves), "]\n", marks(curves));
    script += R"(
do for [kind in 'svg png'] {
    if (kind eq 'svg') {
        set terminal svg size 860,480 font 'Helvetica,Arial,sans-serif,15' background '#ffffff'
    } else {
        set terminal pngcairo size 1720,960 fontscale 2.2 linewidth 2 background '#ffffff'
    }

    set output 'loss.'.kind
    set label 1 '{/:Bold=16 Training loss of the honest peers}' at graph 0, 1.13
    set key at graph 0.1, 0.97 left top
)";
    script +=
        concat("    set ylabel ",
               gnuplot_quoted(per_point == 1 ? "loss" : concat("loss, mean of ", per_point, " steps")),
               "\n    set yrange [", gnuplot_number(axis.low), ":", gnuplot_number(axis.high), "]\n",
               axis.logarithmic ? "    set logscale y\n    set format y '%g'\n" : "",
               curve_list(curves, "1:2", "lines", [&](history const& one) { return loss_title(one, axis); }));
    script += R"(
    set output 'peers.'.kind
    set label 1 '{/:Bold=16 Peers alive}'
    set key at graph 0.02, 0.04 left bottom
    set ylabel 'honest and Byzantine peers'
    unset logscale y
)";
    script += concat("    set yrange [0:", peers + 1, "]\n",
                     curve_list(curves, "1:3", "steps", [](history const& one) { return one.name; }));
    return script + "}\nset output\n";
}

} // namespace btard::apps
