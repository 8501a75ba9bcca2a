// SPDX-License-Identifier: Apache-2.0
// History, table, plot script and lines of a record.
#include "../../apps/simulate/history.hpp"
#include "../../apps/simulate/plot.hpp"
#include "../../apps/simulate/record.hpp"
#include "../../apps/simulate/removals.hpp"
#include "../../apps/simulate/table.hpp"

#include <btard/version.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

using namespace btard;
using namespace btard::apps;

namespace {

/// Falls from 8 to 2, is attacked at step 30, and then goes where `after` says.
history attacked(std::string name, double after) {
    history one{std::move(name), 16, 7};
    for (std::size_t k = 0; k < 40; ++k)
        one.add({.step = k,
                 .loss = k < 10    ? 8 - 0.6 * double(k)
                         : k <= 30 ? 2
                                   : after,
                 .honest = 9,
                 .byzantine = 7,
                 .attacking = k < 30 ? 0u : 7u});
    return one;
}

} // namespace

TEST_CASE("history: remembers when the first attack was, and each ban") {
    history one{"a", 5, 2};
    one.add({.step = 0, .loss = 3, .honest = 3, .byzantine = 2});
    one.add({.step = 1, .loss = 2, .honest = 3, .byzantine = 1, .attacking = 2, .banned = {1}});
    one.add({.step = 2, .loss = 1, .honest = 3, .byzantine = 0, .attacking = 1, .banned = {0}});
    CHECK(one.attacked == 1);
    CHECK(one.alive == std::vector<std::size_t>{5, 4, 3});
    CHECK(one.banned == std::vector<std::pair<std::size_t, std::size_t>>{{1, 1}, {2, 0}});
    CHECK(one.byzantine_left == 0);
}

TEST_CASE("table: before, worst, last; who is left, and since when") {
    auto banned = attacked("CenteredClip, bans", 2.5);
    banned.banned = {{31, 4}, {33, 0}};
    banned.byzantine_left = 5;
    history calm{"calm", 4, 0};
    calm.add({.loss = 1.5, .honest = 4});
    history const none{"not begun", 4, 0};
    std::vector<history> const all{attacked("mean", std::nan("")), attacked("huge", 3e7), banned, calm, none};
    CHECK(table_text(all) ==
          "curve                before attack   worst since    last loss   peers alive   banned at steps\n"
          "mean                         2.000    not finite   not finite   9 + 7         -\n"
          "huge                         2.000      3.00e+07     1.35e+07   9 + 7         -\n"
          "CenteredClip, bans           2.000         2.500        2.225   9 + 5         31, 33\n"
          "calm                             -             -        1.500   4 + 0         -\n"
          "not begun                        -             -            -   -             -\n");
}

TEST_CASE("removals: in words, counted, and as a table") {
    CHECK(removal_text(1003, {7, "wrong_gradient", true}) == "step 1003: peer 7 is banned: wrong_gradient");
    CHECK(removal_text(5, {1, "no_part", false}) == "step 5: peer 1 is out with a strike: no_part");
    CHECK(removal_text(5, {1, "absence", false}) == "step 5: peer 1 is out: absence");
    CHECK(removal_text(5, {1, "leave", false}) == "step 5: peer 1 leaves");
    CHECK(removal_text(5, {1, "simulated", true}) == "step 5: peer 1 is banned: simulated");
    history one{"a, b", 16, 2}, other{"c", 16, 2};
    one.add({.step = 3, .honest = 9, .removed = {{7, "wrong_gradient", true}, {8, "absence", false}, {7, "absence", false}}});
    one.add({.step = 4, .honest = 9, .removed = {{6, "points", false}}});
    other.add({.step = 0, .honest = 9});
    CHECK(count(one, removed_as::ban) == 1);
    CHECK(count(one, removed_as::absence) == 1); // of 8; 7 is banned in the same step
    CHECK(count(one, removed_as::strike) == 1);
    std::vector<history> const all{one, other};
    CHECK(removals_csv(all) == "curve,step,peer,reason,kind\n\"a, b\",3,7,wrong_gradient,ban\n\"a, b\",3,8,absence,absence\n"
                               "\"a, b\",3,7,absence,absence\n\"a, b\",4,6,points,strike\n");
    CHECK(table_text(all).find("strikes   absences   peers alive") != std::string::npos);
    CHECK(table_text(std::vector{other}).find("strikes") == std::string::npos);
}

TEST_CASE("table: the last evaluation has columns where there is one") {
    history seen{"seen", 4, 0}, guessed{"guessed", 4, 0}, early{"early", 4, 0};
    seen.add({.loss = 1.5, .honest = 4}, evaluation{.loss = 2.5, .accuracy = 0.25});
    seen.add({.step = 1, .loss = 1.5, .honest = 4}, evaluation{.loss = 0.5, .accuracy = 0.8714});
    seen.add({.step = 2, .loss = 1.5, .honest = 4});
    guessed.add({.loss = 1.5, .honest = 4}, evaluation{.loss = std::nan("")});
    early.add({.loss = 1.5, .honest = 4});
    CHECK(table_text(std::vector{seen, guessed, early}) ==
          "curve     before attack   worst since   last loss    test loss   accuracy   peers alive   "
          "banned at steps\n"
          "seen                  -             -       1.500        0.500      0.871   4 + 0         -\n"
          "guessed               -             -       1.500   not finite          -   4 + 0         -\n"
          "early                 -             -       1.500            -          -   4 + 0         -\n");
    CHECK(table_text(std::vector{guessed}).find("accuracy") == std::string::npos);
    CHECK(table_text(std::vector{early}).find("test loss") == std::string::npos);
}

TEST_CASE("step_text: loss, the last evaluation, peers") {
    step_report const report{.loss = 2.8125, .honest = 9, .byzantine = 7};
    CHECK(step_text(report, {}) == "loss 2.812  peers 9+7");
    CHECK(step_text(report, evaluation{.loss = 3, .accuracy = 0.8714}) ==
          "loss 2.812  accuracy 0.871  peers 9+7");
    CHECK(step_text(report, evaluation{.loss = 3}) == "loss 2.812  test loss 3.000  peers 9+7");
}

TEST_CASE("axis_for: an explosion does not flatten the others") {
    double const inf = std::numeric_limits<double>::infinity();
    for (double const after : {50.0, 1e30, inf, std::nan("")}) {
        std::vector<history> const both{attacked("a", 2.5), attacked("b", after)};
        CHECK(axis_for(both).high <= 1.3 * 8);
        CHECK(axis_for(both).high >= 8);
        CHECK(!axis_for(both).logarithmic);
    }
    CHECK(axis_for(std::vector<history>{attacked("a", 2.5)}) == loss_axis{0, 1.05 * 8, false});
    CHECK(axis_for(std::vector<history>{attacked("a", 20)}) == loss_axis{0, 1.05 * 20, false});
}

TEST_CASE("axis_for: losses over some orders of magnitude have a logarithmic axis, explosion or not") {
    history one = attacked("a", 1e60);
    for (double& loss : one.loss)
        if (loss == 2) loss = 0.01;
    one.loss[15] = -1; // a noisy loss may be negative: it isn't drawn
    auto const axis = axis_for(std::vector<history>{one});
    CHECK(axis.logarithmic);
    CHECK(axis.low < 0.01);
    CHECK(axis.low > 0.001);
    CHECK(axis.high == 80);
}

TEST_CASE("axis_for: nothing at all, and nothing finite, still have an axis") {
    history const none{"a", 4, 0};
    history lost{"b", 4, 0};
    lost.add({.loss = std::nan("")});
    for (auto const& one : {none, lost}) {
        auto const axis = axis_for(std::vector<history>{one});
        CHECK(axis.low < axis.high);
        CHECK(std::isfinite(axis.high));
    }
}

TEST_CASE("table: a loss that was not finite for a while was the worst") {
    auto one = attacked("a", 3);
    one.loss[35] = std::nan("");
    CHECK(table_text(std::vector<history>{one}).find("2.000    not finite   not finite") !=
          std::string::npos);
    CHECK(plot_script(std::vector<history>{one}).find("'a (leaves the picture: not finite)'") !=
          std::string::npos);
}

TEST_CASE("plot_script: marks the attack once, says who leaves the picture, and keeps numbers in bounds") {
    std::vector<history> const all{attacked("it's", 1e300), attacked("calm", 2.5)};
    std::string const script = plot_script(all);
    std::string const mark = "7 of 16 peers attack from step 30";
    CHECK(script.find(mark) != std::string::npos);
    CHECK(script.find(mark, script.find(mark) + 1) == std::string::npos);
    auto later = attacked("later", 2.5);
    later.attacked = 35;
    std::string const two = plot_script(std::vector<history>{attacked("calm", 2.5), later});
    CHECK(two.find("attack from 30") != std::string::npos);
    CHECK(two.find("attack from 35") != std::string::npos);
    CHECK(script.find("'it''s (leaves the picture: up to 1e+300)'") != std::string::npos);
    CHECK(script.find("title 'calm'") != std::string::npos);
    CHECK(script.find("35 20.8 16\n") != std::string::npos);
}

TEST_CASE("plot_script: a long run is thinned, each point the mean of some steps") {
    history one{"long", 2, 0};
    for (std::size_t k = 0; k < 4'000; ++k) one.add({.step = k, .loss = double(5 - k % 5), .honest = 2});
    std::string const script = plot_script(std::vector<history>{one});
    CHECK(script.find("\n0 3 2\n5 3 2\n10 3 2\n") != std::string::npos);
    CHECK(script.find("'loss, mean of 5 steps'") != std::string::npos);
}

TEST_CASE("record: the first line has all settings, the others have all numbers") {
    settings what;
    what.byzantine.peers = {0, 1};
    CHECK(
        header_line({"a \"b\"", "", what}) ==
        concat(R"({"btard":")", BTARD_VERSION_MAJOR, ".", BTARD_VERSION_MINOR, ".", BTARD_VERSION_PATCH) +
            R"(","curve":"a \"b\"","settings":{)"
            R"("data":"quadratic{.dimension = 1000, .noise = 0.1, .condition = 10, .problem = 0}","model":null,)"
             R"("rule":"mean{}","attack":"honest{}","conduct":"upright{}","peers":16,"byzantine":[0,1],"bans":null,"validators":1,"faults":null,"far":null,"tolerance":0,"state_every":16,)"
             R"("standing":"standing{.first_wait = 20, .wait_halves = 100, .strike_fades = 5000, .window = 1000, .complaints = 3, .wish_lasts = 4}",)"
             R"("probation":"probation{.admits = nobody, .allowed = {}, .steps = 200, .cleans = 2, .apart = 100, .share = 8}",)"
            R"("network":"loopback{.seed = 0, .least_delay = 1000000, .most_delay = 10000000, .in_order = true, .loss = 0, .notices = true}",)"
            R"("keys":"simulated","steps":200,"evaluate_every":null,"seed":0,)"
            R"("optimizer":"sgd{.learning_rate = 0.1, .momentum = 0, .nesterov = false, .weight_decay = 0}","schedule":"constant_rate{}","clip_gradient":null,"worker_momentum":null,"parts":1,)"
            R"("threads":0}})");
    step_report report{
        .step = 4, .loss = std::nan(""), .honest = 9, .byzantine = 6, .attacking = 7, .banned = {3}};
    report.aggregate_norm = 2;
    report.aggregation.clipped = 5;
    report.aggregation.iterations = 6;
    report.aggregation.residual = 1;
    report.aggregation.scale = 4;
    CHECK(
        step_line({report, {}, 1.5}) ==
        R"({"step":4,"loss":null,"honest":9,"byzantine":6,"attacking":7,"banned":[3],"clipped":5,"iterations":6,)"
        R"("residual":0.25,"aggregate_norm":2,"seconds":1.5})");
    auto removed = report;
    removed.removed = {{3, "wrong_gradient", true}, {8, "absence", false}};
    CHECK(step_line({removed, evaluation{.loss = 0.5}, 1.5})
              .ends_with(R"("seconds":1.5,"removed":[3,8],"reasons":["wrong_gradient","absence"],"test_loss":0.5})"));
    report.aggregation.scale = 0;
    CHECK(step_line({report, {}, 1.5}).find(R"("residual":null)") != std::string::npos);
    CHECK(step_line({report, evaluation{.loss = 0.5, .accuracy = 0.75}, 1.5}).ends_with(
        R"("test_loss":0.5,"accuracy":0.75})"));
    CHECK(step_line({report, evaluation{.loss = 0.5}, 1.5}).ends_with(R"("test_loss":0.5})"));
}
