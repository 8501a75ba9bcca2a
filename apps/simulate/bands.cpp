// SPDX-License-Identifier: Apache-2.0
#include "bands.hpp"
#include "band_data.hpp"
#include "curves.hpp"
#include "gnuplot_text.hpp"
#include "plot.hpp"

#include <btard/core/error.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace btard::apps {

namespace {

std::vector<history> all_of_attack(sweep const& grid, std::span<history const> runs, std::size_t a) {
    std::vector<history> all;
    for (std::size_t r = 0; r < grid.rules.size(); ++r)
        for (auto const* const one : seeds_of(grid, runs, r, a)) all.push_back(*one);
    return all;
}

/// For each rule, an area between the extremes, and a line.
std::string band_plots(sweep const& grid, std::vector<std::size_t> const& rules, std::string_view block,
                       std::size_t column) {
    std::string areas, lines;
    for (std::size_t const r : rules) {
        // Peers alive are often the same for all rules: wide lines below narrow ones all show.
        double const width = block == "steps" && column > 2 ? 2 + 1.5 * double(rules.back() - r) : 2;
        std::string const color = curve_colors[r % curve_colors.size()],
                          from = concat("$", block, r, " using 1:");
        if (grid.seeds.size() > 1)
            areas += concat(from, column + 1, ":", column + 2,
                            " with filledcurves fillstyle transparent solid 0.18 "
                            "noborder fillcolor '",
                            color, "' notitle, \\\n    ");
        lines += concat(lines.empty() ? "" : ", \\\n    ", from, column, " with lines linewidth ", width,
                        " dashtype ", 1 + r / curve_colors.size(), " linecolor '", color, "' title ",
                        gnuplot_quoted(grid.rules[r]));
    }
    return concat("plot ", areas, lines, "\n");
}

/// A noisy loss near zero has outliers towards it, which a logarithmic axis would show and little else.
double lowest_end(std::vector<history> const& all) {
    double lowest = std::numeric_limits<double>::infinity();
    for (auto const& one : all)
        if (double const end = mean_before(one, one.loss.size()); end > 0) lowest = std::min(lowest, end);
    return std::isfinite(lowest) ? lowest : 0;
}

std::string mark_of(std::vector<history> const& all) {
    for (auto const& one : all)
        if (one.attacked)
            return concat("set arrow 1 from ", *one.attacked + 1, ", graph 0 to ", *one.attacked + 1,
                          ", graph 1 nohead dashtype 2 linecolor '#777777'\n");
    return "";
}

constexpr std::string_view heading = R"(# gnuplot plots.gp, in this folder, draws the pictures again
set encoding utf8
set border 3 linecolor '#444444'
set tics nomirror out
set grid ytics linecolor '#dddddd' linetype 1
set key noenhanced outside right top Left reverse samplen 2
set title noenhanced left offset 0, 0.3
set xlabel 'step'
set terminal svg size 900,420 font 'Helvetica,Arial,sans-serif,14' background '#ffffff'
)";

} // namespace

std::vector<attack_pictures> pictures_of(sweep const& grid, std::span<history const> runs) {
    std::vector<attack_pictures> all;
    for (std::size_t a = 0; a < grid.attacks.size(); ++a) {
        auto const of_attack = all_of_attack(grid, runs, a);
        if (of_attack.empty()) continue;
        std::string const stem = concat(file_stem(grid.attacks[a]), ".svg");
        bool const classified = std::any_of(of_attack.begin(), of_attack.end(), [](history const& one) {
            return !one.tests.empty() && one.tests.front().found.accuracy;
        });
        auto& files = all.emplace_back(attack_pictures{grid.attacks[a], {}}).files;
        if (classified) files.push_back("accuracy_" + stem);
        files.push_back("loss_" + stem);
        files.push_back("peers_" + stem);
    }
    return all;
}

std::string bands_script(sweep const& grid, std::span<history const> runs) {
    std::string script{heading};
    std::size_t const seeds = grid.seeds.size();
    std::string const over = seeds > 1 ? concat(": mean, least and greatest of ", seeds, " seeds") : "";
    for (auto const& [attack, files] : pictures_of(grid, runs)) {
        auto const a = static_cast<std::size_t>(std::find(grid.attacks.begin(), grid.attacks.end(), attack) -
                                                grid.attacks.begin());
        auto const all = all_of_attack(grid, runs, a);
        auto axis = axis_for(all);
        if (axis.logarithmic) axis.low = std::max(axis.low, lowest_end(all) / 10);
        std::vector<std::size_t> rules, tested;
        std::size_t longest = 1, peers = 1;
        for (std::size_t r = 0; r < grid.rules.size(); ++r) {
            auto const found = seeds_of(grid, runs, r, a);
            if (found.empty()) continue;
            rules.push_back(r);
            longest = std::max(longest, common_length(found));
            peers = std::max(peers, found.front()->peers);
            script += concat("$steps", r, " << END\n", steps_block(found, axis), "END\n");
            if (std::string const block = tests_block(found); !block.empty()) {
                tested.push_back(r);
                script += concat("$tests", r, " << END\n", block, "END\n");
            }
        }
        script += concat("set xrange [0:", longest, "]\nunset arrow\n", mark_of(all));
        for (auto const& file : files) {
            script += concat("set output ", gnuplot_quoted(file), "\nset title ",
                             gnuplot_quoted(attack + over), "\n");
            if (file.starts_with("accuracy"))
                script += "unset logscale y\nset format y '%h'\nset ylabel 'accuracy (fraction of held-out "
                          "samples)'\n"
                          "set yrange [0:1]\n" +
                          band_plots(grid, tested, "tests", 2);
            else if (file.starts_with("loss"))
                script += concat("set ylabel 'training loss of the honest peers'\nset yrange [",
                                 gnuplot_number(axis.low), ":", gnuplot_number(axis.high), "]\n",
                                 axis.logarithmic ? "set logscale y\nset format y '%g'\n" : "",
                                 band_plots(grid, rules, "steps", 2));
            else
                script += concat(
                    "unset logscale y\nset format y '%h'\nset ylabel 'peers alive (honest and Byzantine)'\n"
                    "set yrange [0:",
                    peers + 1, "]\n", band_plots(grid, rules, "steps", 5));
        }
    }
    return script + "set output\n";
}

} // namespace btard::apps
