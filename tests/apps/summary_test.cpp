// SPDX-License-Identifier: Apache-2.0
// What is made of the runs of a sweep: numbers, heat map, plots, report.
#include "../../apps/simulate/bands.hpp"
#include "../../apps/simulate/heat_map.hpp"
#include "../../apps/simulate/report.hpp"
#include "../../apps/simulate/summary.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

using namespace btard;
using namespace btard::apps;

namespace {

sweep const grid{{"mean", "a, <b>"}, {"no attack", "flip"}, {0, 1}};

/// 40 steps of one loss; from step 30 on two attack, and the loss is another.
history attacked(double before, double after, std::vector<std::size_t> bans_at = {}) {
    history one{"", 5, 2};
    std::size_t left = 2;
    for (std::size_t k = 0; k < 40; ++k) {
        step_report report{.step = k, .loss = k < 30 ? before : after, .honest = 3};
        report.attacking = k < 30 ? 0 : left;
        for (std::size_t const step : bans_at)
            if (step == k) report.banned.push_back(--left);
        report.byzantine = left;
        one.add(report);
    }
    one.seconds = 2;
    return one;
}

history calm(double loss) {
    history one{"", 5, 2};
    for (std::size_t k = 0; k < 30; ++k) one.add({.step = k, .loss = loss, .honest = 3, .byzantine = 2});
    one.seconds = 4;
    return one;
}

/// In the order of the grid; of the second rule only one run is there, and it has exploded.
std::vector<history> runs() {
    return {calm(1), calm(2), attacked(1, 3, {31, 35}),  attacked(1, 5, {39}),
            calm(4), {},      attacked(1, std::nan("")), {}};
}

bool contains(std::string const& text, std::string const& part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("summarize: mean, least and greatest over seeds, as computed by hand") {
    auto const cells = summarize(grid, runs());
    REQUIRE(cells.size() == 4);
    CHECK(cells[0].runs == 2);
    CHECK(cells[0].last_loss == spread{1.5, 1, 2});
    CHECK(!cells[0].worst_loss);
    CHECK(!cells[0].accuracy);
    CHECK(cells[0].seconds == spread{4, 4, 4});
    // The last 20 steps: 10 before and 10 after the attack began.
    CHECK(cells[1].last_loss == spread{2.5, 2, 3});
    CHECK(cells[1].worst_loss == spread{4, 3, 5});
    CHECK(cells[1].attackers_left == spread{0.5, 0, 1});
    CHECK(cells[1].steps_until_all_banned == spread{6, 6, 6}); // steps 30 ... 35, in one of the two runs
    CHECK(cells[2].runs == 1);
    double const inf = std::numeric_limits<double>::infinity();
    CHECK(cells[3].last_loss == spread{inf, inf, inf});
    CHECK(cells[3].worst_loss == spread{inf, inf, inf});
    CHECK(!cells[3].steps_until_all_banned);
}

TEST_CASE("summary_csv: a cell for each number, empty where there is none, quotes around commas") {
    std::string const text = summary_csv(grid, summarize(grid, runs()));
    CHECK(text.starts_with("rule,attack,runs,last_loss_mean,last_loss_min,last_loss_max,worst_loss_mean,"));
    CHECK(contains(text, "\nmean,no attack,2,1.5,1,2,,,,,,,2,2,2,,,,0,0,0,0,0,0,0,0,0,4,4,4\n"));
    CHECK(contains(text, "\nmean,flip,2,2.5,2,3,4,3,5,,,,0.5,0,1,6,6,6,0,0,0,0,0,0,0,0,0,2,2,2\n"));
    CHECK(contains(text, "\n\"a, <b>\",flip,1,inf,inf,inf,inf,inf,inf,,,,2,2,2,,,,0,0,0,0,0,0,0,0,0,2,2,2\n"));
}

TEST_CASE("summary_text: columns that no run has are left out") {
    std::string const text = summary_text(grid, summarize(grid, runs()));
    CHECK(!contains(text, "accuracy"));
    CHECK(!contains(text, "bans"));
    auto banned = runs();
    banned[0].removed = {{3, 1, "wrong_gradient"}};
    CHECK(contains(summary_text(grid, summarize(grid, banned)), "0.5 [0, 1]"));
    CHECK(contains(summary_text(grid, summarize(grid, banned)), "bans"));
    CHECK(!contains(summary_text(grid, summarize(grid, banned)), "strikes"));
    CHECK(contains(text, "2.5 [2, 3]"));
    CHECK(contains(text, "not finite"));
    auto tested = runs();
    tested[0].tests = {{9, {.loss = 1, .accuracy = 0.5}}, {19, {.loss = 1, .accuracy = 0.75}}};
    tested[1].tests = {{19, {.loss = 1, .accuracy = 0.25}}};
    CHECK(contains(summary_text(grid, summarize(grid, tested)), "0.5 [0.25, 0.75]"));
}

TEST_CASE("heat map: bright is good, and what is not finite has no colour") {
    auto const cells = summarize(grid, runs());
    auto const scale = scale_for(cells, 3);
    CHECK(scale == heat_scale{false, 1.5, 3, false});
    CHECK(scale.goodness(1.5) == 1);
    CHECK(scale.goodness(2.25) == 0.5);
    CHECK(scale.goodness(1e9) == 0);
    CHECK(!scale.goodness(std::nan("")));
    CHECK(scale_for(cells, 1'500) == heat_scale{false, 1.5, 4, false});
    auto far = cells;
    far[2].last_loss = spread{1e9, 1e9, 1e9};
    auto const wide = scale_for(far, 1'500);
    CHECK(wide.logarithmic);
    CHECK(*wide.goodness(std::sqrt(1.5 * 1'500)) == doctest::Approx(0.5));
    std::string const svg = heat_map_svg(grid, cells, scale);
    CHECK(contains(svg, ">a, &lt;b&gt;</text>"));
    CHECK(contains(svg, "#fde725"));
    CHECK(contains(svg, ">not finite</text>"));
    CHECK(contains(svg, "class=\"none\""));
}

TEST_CASE("heat map: accuracy where something is classified, in percent") {
    auto cells = summarize(grid, runs());
    cells[0].accuracy = spread{0.875, 0.8, 0.9};
    auto const scale = scale_for(cells, 3);
    CHECK(scale.accuracy);
    CHECK(scale.goodness(0.25) == 0.25);
    CHECK(contains(heat_map_svg(grid, cells, scale), ">87.5 %</text>"));
    CHECK(scale_for(std::vector<cell>{}, std::nan("")) == heat_scale{});
}

TEST_CASE("bands: one picture of each kind for each attack, and a band for each rule") {
    auto const pictures = pictures_of(grid, runs());
    REQUIRE(pictures.size() == 2);
    CHECK(pictures[0].files == std::vector<std::string>{"loss_no_attack.svg", "peers_no_attack.svg"});
    std::string const script = bands_script(grid, runs());
    CHECK(contains(script, "\n1 1.5 1 2 5 5 5\n"));
    CHECK(contains(script, "\n40 2.6 2.6 2.6 3.5 3 4\n")); // far losses are moved to beyond the axis
    CHECK(contains(script, "title 'a, <b>'"));
    CHECK(contains(script, "set key noenhanced outside"));
    CHECK(contains(script, "from 31, graph 0"));
    auto tested = runs();
    tested[0].tests = {{9, {.loss = 1, .accuracy = 0.5}}};
    tested[1].tests = {{9, {.loss = 1, .accuracy = 0.25}}};
    CHECK(pictures_of(grid, tested)[0].files.front() == "accuracy_no_attack.svg");
    CHECK(contains(bands_script(grid, tested), "\n10 0.375 0.25 0.5\n"));
}

TEST_CASE("report: one page that asks the network for nothing, with names as they are") {
    request wanted;
    wanted.grid = grid;
    wanted.curves = {{"", "", {}}};
    wanted.again = "simulate --rule 'a<b>'";
    wanted.config = "rule = 'x & y'\n";
    auto const cells = summarize(grid, runs());
    std::string const page = report_html(wanted, cells, "<svg>heat</svg>\n",
                                         {{"f<lip", {"<svg>curve</svg>\n"}}}, "no plots: x < y");
    for (auto const* const part :
         {"<svg>heat</svg>", "<h3>f&lt;lip</h3>", "<svg>curve</svg>", "simulate --rule &#39;a&lt;b&gt;&#39;",
          "x &amp; y", "no plots: x &lt; y", "<td>a, &lt;b&gt;</td>", "6 of 8 runs are finished",
          "prefers-color-scheme: dark"})
        CHECK_MESSAGE(contains(page, part), part);
    for (auto const* const part : {"<script", "<link", "src=", "url(", "@import"})
        CHECK_MESSAGE(!contains(page, part), part);
    CHECK(svg_element("<?xml?>\n<svg a=\"b\"><svg>x</svg></svg>\n") == "<svg a=\"b\"><svg>x</svg></svg>\n");
    CHECK(svg_element("nothing") == "");
}
