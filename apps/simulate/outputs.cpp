// SPDX-License-Identifier: Apache-2.0
#include "outputs.hpp"
#include "bands.hpp"
#include "heat_map.hpp"
#include "plot.hpp"
#include "recorder.hpp"
#include "removals.hpp"
#include "report.hpp"
#include "results.hpp"
#include "summary.hpp"
#include "table.hpp"

#include "../common/files.hpp"

#include <btard/core/error.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace btard::apps {

namespace {

/// A complaint, but no failure: the results are there.
std::string draw(std::string const& folder, std::string const& script) {
    write_file(folder + "/plots.gp", script);
    try {
        run_gnuplot(folder, "plots.gp");
        return "";
    } catch (environment_error const& error) {
        return error.what();
    }
}

std::vector<history> read_all(request const& wanted) {
    std::vector<history> all;
    for (auto const& one : wanted.curves) all.push_back(read_history(wanted.out, one));
    return all;
}

double mean_first_loss(std::vector<history> const& runs) {
    double sum = 0, count = 0;
    for (auto const& one : runs) {
        if (one.loss.empty()) continue;
        sum += one.loss.front();
        ++count;
    }
    return sum / count;
}

std::string bans_text(request const& wanted) {
    bool any = false;
    for (auto const& one : wanted.curves) any = any || one.what.has_validators();
    if (!any) return "";
    return concat("bans, for simulate verify-ban: ", wanted.out, "/",
                  wanted.curves.size() == 1 ? bans_file(wanted.curves.front(), true) : "*.bans.jsonl", "\n");
}

} // namespace

std::string write_curves(request const& wanted) {
    auto const curves = read_all(wanted);
    std::string text = table_text(curves);
    write_file(wanted.out + "/removals.csv", removals_csv(curves));
    bool const stepped =
        std::any_of(curves.begin(), curves.end(), [](auto const& one) { return !one.loss.empty(); });
    if (stepped) {
        std::string const missing = draw(wanted.out, plot_script(curves));
        text += missing.empty()
                    ? concat("\nplots: ", wanted.out, "/loss.svg, loss.png, peers.svg, peers.png\n")
                    : concat("\n", missing, "\n");
    }
    return text + concat("steps: ", wanted.out, "/*.jsonl\nremovals: ", wanted.out, "/removals.csv\n",
                         bans_text(wanted));
}

std::string write_sweep(request const& wanted) {
    auto runs = read_all(wanted);
    for (std::size_t k = 0; k < runs.size(); ++k) // a mean of runs of different length would mislead
        if (runs[k].loss.size() < wanted.curves[k].what.steps) runs[k] = {runs[k].name};
    auto const& grid = wanted.grid;
    auto const cells = summarize(grid, runs);
    std::string const table = summary_text(grid, cells);
    write_file(wanted.out + "/summary.txt", table);
    write_file(wanted.out + "/summary.csv", summary_csv(grid, cells));
    write_file(wanted.out + "/removals.csv", removals_csv(runs));
    std::string const heat_map = heat_map_svg(grid, cells, scale_for(cells, mean_first_loss(runs)));
    write_file(wanted.out + "/heat_map.svg", heat_map);

    auto const pictures = pictures_of(grid, runs);
    std::string const missing = pictures.empty() ? "" : draw(wanted.out, bands_script(grid, runs));
    std::vector<picture_row> rows;
    for (auto const& [attack, files] : pictures) {
        if (!missing.empty()) break;
        auto& row = rows.emplace_back(picture_row{attack, {}});
        for (auto const& file : files)
            row.pictures.push_back(svg_element(read_file(wanted.out + "/" + file)));
    }
    write_file(wanted.out + "/report.html", report_html(wanted, cells, heat_map, rows, missing));
    return concat(table, missing.empty() ? "" : concat("\n", missing, "\n"), "\nreport: ", wanted.out,
                  "/report.html\ntables: ", wanted.out,
                  "/summary.txt, summary.csv, removals.csv\nsteps: ", wanted.out, "/*.jsonl\n",
                  bans_text(wanted));
}

} // namespace btard::apps
