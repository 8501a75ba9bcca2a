// SPDX-License-Identifier: Apache-2.0
#include "../../apps/simulate/plan.hpp"
#include "../../apps/simulate/rehearse.hpp"
#include "../../apps/simulate/run.hpp"

#include <btard/core/error.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <system_error>
#include <vector>

using namespace btard;
using namespace btard::apps;

namespace {

settings attacked_from(std::size_t step) {
    settings what;
    what.data = {quadratic{.dimension = 40}};
    what.rule = {{.rule = centered_clip{.tau = 1}}};
    what.attack = scheduled{sign_flip{}, {.start = step}};
    what.byzantine.peers = {0, 1, 2};
    what.swarm.peers = 8;
    what.steps = 60;
    return what;
}

settings with_bans(settings what) {
    what.bans = bans::simulated;
    return what;
}

std::vector<curve> curves_of(std::vector<settings> const& all) {
    std::vector<curve> curves;
    for (auto const& what : all) curves.push_back({std::to_string(curves.size()), "", what});
    return curves;
}

/// For each curve, the losses and the number of peers at each of its steps.
std::map<std::size_t, std::vector<double>> trained(std::vector<curve> const& curves, std::size_t jobs = 1) {
    std::map<std::size_t, std::vector<double>> seen;
    run(
        curves,
        [&](std::span<std::size_t const> which, step_result const& result) {
            auto const& report = result.report;
            for (std::size_t const k : which) {
                CHECK(report.step == seen[k].size() / 2);
                seen[k].push_back(report.loss);
                seen[k].push_back(double(report.byzantine));
            }
            return true;
        },
        jobs);
    return seen;
}

} // namespace

TEST_CASE("plan: a curve by itself shares nothing") {
    CHECK(plan(curves_of({attacked_from(20)})) == std::vector<shared_start>{{{0}, 0}});
}

TEST_CASE("plan: curves that differ in attack, bans and length share the steps before the first attack") {
    auto longer = attacked_from(30);
    longer.steps = 90;
    auto honest_one = attacked_from(0);
    honest_one.attack = honest{};
    auto const curves = curves_of({attacked_from(20), with_bans(attacked_from(20)), longer, honest_one});
    auto const starts = plan(curves);
    CHECK(starts == std::vector<shared_start>{{{0, 1, 2, 3}, 20}});
    CHECK(steps_of(starts, curves) == 20 + 40 + 40 + 70 + 40);
}

TEST_CASE("plan: what acts from the beginning, or is another run, is not shared") {
    auto other_rule = attacked_from(20), other_seed = attacked_from(20), fewer = attacked_from(20);
    other_rule.rule = {};
    other_seed.swarm.seed = 1;
    fewer.byzantine.peers = {0};
    CHECK(plan(curves_of({attacked_from(20), other_rule, other_seed, fewer, attacked_from(0)})).size() == 5);
    CHECK(plan(curves_of({attacked_from(0), attacked_from(20), with_bans(attacked_from(20))})) ==
          std::vector<shared_start>{{{0}, 0}, {{1, 2}, 20}});
}

TEST_CASE("run: a curve that shares its start has the same bits as one that does not") {
    auto const a = attacked_from(20), b = with_bans(attacked_from(20)), c = attacked_from(35);
    auto const together = trained(curves_of({a, b, c}));
    CHECK(together.at(0).size() == 2 * 60);
    CHECK(together.at(0) == trained(curves_of({a})).at(0));
    CHECK(together.at(1) == trained(curves_of({b})).at(0));
    CHECK(together.at(2) == trained(curves_of({c})).at(0));
    CHECK(together.at(0) != together.at(1));
}

TEST_CASE("run: peers that check each other ban each attacker, whatever the threads, and beside other curves") {
    auto checked = attacked_from(5);
    checked.rule = {{.rule = centered_clip{.tau = 1}}};
    checked.data = {quadratic{.dimension = 40, .noise = 0.1f}};
    checked.bans = bans::validators;
    CHECK(plan(curves_of({checked, attacked_from(20), checked})).size() == 3); // nothing is shared
    std::vector<std::pair<std::size_t, std::size_t>> banned;
    auto const alone = [&](settings const& what) {
        banned.clear();
        std::vector<double> losses;
        run(curves_of({what}), [&](auto, step_result const& result) {
            for (auto const& one : result.report.removed) {
                CHECK(one.banned);
                CHECK(one.why == "wrong_gradient");
                CHECK(one.peer < 3);
                banned.emplace_back(result.report.step, one.peer);
            }
            losses.push_back(result.report.loss);
            return true;
        });
        return losses;
    };
    auto const losses = alone(checked);
    CHECK(banned.size() == 3);
    CHECK(losses.size() == 60);
    checked.swarm.threads = 1;
    CHECK(alone(checked) == losses);
    checked.keys = signing_keys::real; // other keys, other order of the roster: other draws, the same end
    (void)alone(checked);
    CHECK(banned.size() == 3);
    auto const beside = trained(curves_of({attacked_from(20), checked, with_bans(attacked_from(20))}), 2);
    CHECK(beside.at(1).size() == 2 * 60);
    CHECK(beside.at(1).back() == 0);
}

TEST_CASE("run: several jobs give each curve the bits of one") {
    std::vector<settings> all{attacked_from(20), with_bans(attacked_from(20)), attacked_from(35),
                              attacked_from(0)};
    for (std::uint64_t const seed : {1, 2}) {
        all.push_back(attacked_from(20));
        all.back().swarm.seed = seed;
        all.push_back(with_bans(all.back()));
    }
    auto const curves = curves_of(all);
    CHECK(trained(curves, 3) == trained(curves));
}

TEST_CASE("run: an observer that says no, or fails, ends all jobs") {
    auto const curves =
        curves_of({attacked_from(0), attacked_from(10), with_bans(attacked_from(20)), attacked_from(20)});
    std::size_t steps = 0;
    run(curves, [&](auto, auto const&) { return ++steps < 30; }, 3);
    CHECK(steps == 30);
    steps = 0;
    auto const full = [&](auto, auto const&) -> bool {
        if (++steps < 30) return true;
        throw environment_error(std::make_error_code(std::errc::no_space_on_device), "full");
    };
    CHECK_THROWS_WITH_AS(run(curves, full, 3), "full", environment_error);
}

TEST_CASE("measure_cost: something for a step, and for an evaluation where there are some") {
    auto what = attacked_from(0);
    CHECK(measure_cost(what, true).step > 0);
    CHECK(measure_cost(what, true).evaluation == 0);
    CHECK(measure_cost(what, true).parameters == 40);
    what.evaluate_every = 5;
    CHECK(measure_cost(what, true).evaluation > 0);
}

TEST_CASE("run: an observer that says no ends everything") {
    std::size_t steps = 0;
    run(curves_of({attacked_from(20), with_bans(attacked_from(20))}),
        [&](std::span<std::size_t const>, step_result const& result) {
            CHECK(result.seconds > 0);
            return ++steps < 25;
        });
    CHECK(steps == 25);
}

TEST_CASE("run: evaluates after every k-th step, and changes nothing by it") {
    auto measured = attacked_from(20);
    measured.evaluate_every = 10;
    std::vector<std::size_t> at;
    run(curves_of({measured}), [&](std::span<std::size_t const>, step_result const& result) {
        if (result.test) at.push_back(result.report.step);
        return true;
    });
    REQUIRE(at.size() == measured.steps / 10);
    for (std::size_t k = 0; k < at.size(); ++k) CHECK(at[k] == 10 * k + 9);
    CHECK(trained(curves_of({measured})) == trained(curves_of({attacked_from(20)})));
}

TEST_CASE("rehearse: what a swarm would refuse is refused before anything runs") {
    auto wrong = attacked_from(0);
    wrong.attack = label_flip{};
    CHECK_THROWS_WITH_AS(rehearse(curves_of({attacked_from(20), wrong})),
                         "curve '1': the attack changes labels, the task has none", contract_violation);
    CHECK_THROWS_WITH_AS(rehearse(curves_of({wrong})), "the attack changes labels, the task has none",
                         contract_violation);
    CHECK_NOTHROW(rehearse(curves_of({attacked_from(20)})));
}
