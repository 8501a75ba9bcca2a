// SPDX-License-Identifier: Apache-2.0
#include "report.hpp"
#include "record.hpp"

#include "../common/markup.hpp"

#include <btard/core/error.hpp>

namespace btard::apps {

namespace {

/// Pictures of gnuplot are black on white: on a dark screen they are turned round, and their hues turned
/// back.
constexpr std::string_view head = R"(<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>btard: rules, attacks and seeds</title>
<style>
:root { color-scheme: light dark; --ink: #222; --paper: #fff; --line: #ccc; --faint: #f3f3f3 }
@media (prefers-color-scheme: dark) {
    :root { --ink: #ddd; --paper: #16181c; --line: #444; --faint: #22252b }
    .plot svg { filter: invert(0.9) hue-rotate(180deg) }
}
body { font: 16px/1.5 Helvetica, Arial, sans-serif; color: var(--ink); background: var(--paper);
       max-width: 1100px; margin: 2em auto; padding: 0 1em }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums }
th, td { padding: 0.25em 0.8em; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left }
pre { background: var(--faint); padding: 0.8em; overflow-x: auto; font-size: 13px }
.wide { overflow-x: auto }
.plot svg { width: 100%; height: auto; max-width: 900px }
</style>
)";

std::string table(std::vector<std::vector<std::string>> const& rows) {
    std::string text = "<div class=\"wide\"><table>\n";
    for (auto const& row : rows) {
        std::string_view const kind = &row == &rows.front() ? "th" : "td";
        text += "<tr>";
        for (auto const& words : row) text += concat("<", kind, ">", html_text(words), "</", kind, ">");
        text += "</tr>\n";
    }
    return text + "</table></div>\n";
}

std::string counts(request const& wanted, std::span<cell const> cells) {
    std::size_t runs = 0;
    for (auto const& one : cells) runs += one.runs;
    auto const& grid = wanted.grid;
    std::string text =
        concat(grid.rules.size(), " rules x ", grid.attacks.size(), " attacks x ", grid.seeds.size(),
               " seeds: ", runs, " of ", grid.size(), " runs are finished.");
    auto const& what = wanted.curves.front().what;
    text += concat(" Data: ", to_text(what.data), ".");
    if (what.model) text += concat(" Model: ", to_text(*what.model), ".");
    return text + concat(" Each has ", what.steps, " steps and ", what.swarm.peers, " peers, of whom ",
                         what.byzantine.peers.size(), " are Byzantine; bans: ", to_text(what.options().bans),
                         ".");
}

} // namespace

std::string report_html(request const& wanted, std::span<cell const> cells, std::string const& heat_map,
                        std::vector<picture_row> const& rows, std::string const& note) {
    std::string page{head};
    page += concat("<h1>Rules, attacks and seeds</h1>\n<p>", html_text(counts(wanted, cells)), "</p>\n");
    page += concat("<h2>At a glance</h2>\n<div class=\"wide\">\n", heat_map, "</div>\n");
    page += "<p>Bright is good. A grey cell is not finite, or has no finished run.</p>\n<h2>Numbers</h2>\n";
    page += table(summary_rows(wanted.grid, cells));
    page += "<p>Mean, and in brackets the least and the greatest over seeds. Last loss: mean of the last 20 "
            "steps. Worst: "
            "since the attack began. All banned after: steps from the first attack until no attacker was "
            "left, over the "
            "runs in which that happened.</p>\n";
    if (!rows.empty())
        page += "<h2>Curves</h2>\n<p>Lines are means over seeds, areas go from the least to the greatest. "
                "A dashed line marks the first attack.</p>\n";
    for (auto const& row : rows) {
        page += concat("<h3>", html_text(row.title), "</h3>\n");
        for (auto const& picture : row.pictures)
            page += concat("<div class=\"plot\">\n", picture, "</div>\n");
    }
    if (!note.empty()) page += concat("<p>", html_text(note), "</p>\n");
    page += concat("<h2>To repeat it</h2>\n<p>btard ", version_text(), "</p>\n<pre>", html_text(wanted.again),
                   "</pre>\n");
    page += concat("<h2>Configuration</h2>\n<pre>", html_text(wanted.config), "</pre>\n</html>\n");
    return page;
}

std::string svg_element(std::string const& file) {
    auto const begin = file.find("<svg");
    auto const end = file.rfind("</svg>");
    return begin == file.npos || end == file.npos || end < begin ? std::string{}
                                                                 : file.substr(begin, end + 6 - begin) + "\n";
}

} // namespace btard::apps
