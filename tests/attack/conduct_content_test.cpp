// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/centered_clip.hpp>
#include <btard/attack/any_conduct.hpp>
#include <btard/attack/concept.hpp>
#include <btard/protocol/verified_swarm.hpp>
#include <btard/testing/counting_signer.hpp>
#include <btard/train/quadratic.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

using namespace btard;

namespace {

using liars_swarm = verified_swarm<quadratic, centered_clip, honest, any_conduct, testing::counting_signer>;

std::vector<testing::counting_signer> keys(std::size_t n) {
    std::vector<testing::counting_signer> all;
    for (std::size_t k = 0; k < n; ++k) all.emplace_back(k);
    return all;
}

/// What became of a run.
struct outcome {
    std::map<std::size_t, std::set<std::string>> why; // of liars that were removed
    std::size_t honest_out = 0, steps = 0, first = 0; // first: the step of the first removal, from 1
    double loss = 0;
    std::set<std::string> all; // reasons
};

struct cast {
    std::size_t peers = 8;
    std::vector<std::size_t> liars = {1, 4, 6};
    std::size_t steps = 12;
    std::optional<double> far = {};
};

outcome play(any_conduct conduct, std::uint64_t seed, cast const& of = {}) {
    verification checks;
    checks.far = of.far;
    liars_swarm run(quadratic{.dimension = 100, .noise = 0.1f}, centered_clip{.tau = 1}, honest{}, conduct,
                    {.peers = of.peers,
                     .byzantine = of.liars,
                     .seed = seed,
                     .threads = 1,
                     .optimizer = sgd{.learning_rate = 0.1f},
                     .bans = bans::validators},
                    checks, keys(of.peers));
    outcome seen;
    seen.steps = run.train(of.steps, [&](step_report const& report) {
        for (auto const& [peer, why, banned] : report.removed) {
            if (seen.first == 0) seen.first = report.step + 1;
            bool const liar = std::ranges::find(of.liars, peer) != of.liars.end();
            if (!liar) {
                ++seen.honest_out;
                MESSAGE("honest peer ", peer, " removed in step ", report.step, ": ", std::string(why));
                continue;
            }
            seen.why[peer].insert(std::string(why));
            seen.all.insert(std::string(why));
        }
    });
    seen.loss = run.evaluate();
    return seen;
}
std::string text(outcome const& of) {
    std::string all = "first " + std::to_string(of.first) + " loss " + std::to_string(of.loss) + ":";
    for (auto const& [who, why] : of.why) {
        all += " " + std::to_string(who) + "=";
        for (auto const& one : why) all += one + ",";
    }
    return all;
}

} // namespace

TEST_CASE("survey" * doctest::skip()) {
    std::vector<any_conduct> all{
        upright{},
        lying_aggregator{},
        lying_aggregator{.error = 5, .cover = cover::own},
        lying_aggregator{.error = 1, .cover = cover::own},
        lying_aggregator{.error = 1, .cover = cover::accomplices},
        lying_aggregator{.error = 0.01, .cover = cover::accomplices},
        lying_aggregator{.error = 0.5, .in = error_unit::rounding},
        lying_aggregator{.error = 1000, .in = error_unit::rounding},
        false_testimony{},
        false_testimony{.what = falsehood::distance},
        false_testimony{.what = falsehood::not_finite},
        false_testimony{.what = falsehood::huge},
        false_testimony{.to_accomplices = true},
        slander{},
        slander{.shows = shown_to::some},
        slander{.shows = shown_to::some, .favoured = 2},
        slander{.shows = shown_to::nobody},
        slander{.of = slander_of::shape},
        slander{.of = slander_of::testimony, .by_validators = true},
        slander{.of = slander_of::result, .by_validators = true},
        slander{.of = slander_of::gradient, .by_validators = true},
        huge_values{},
        huge_values{.value = 9e14f},
        huge_values{.value = NAN},
        huge_values{.value = 1e30f, .in_aggregates = true},
        huge_values{.value = NAN, .in_aggregates = true},
        huge_values{.value = 9e14f, .in_aggregates = true},
        garbage{},
        garbage{garbage_in::aggregates},
        garbage{garbage_in::bodies},
        declare_wrong_quota{},
        declare_wrong_quota{0},
        deny_have_bits{},
        withhold_parts{},
        withhold_parts{.after_complaints = false},
        withhold_parts{.after_complaints = false, .favoured = 1},
        withhold_parts{.after_complaints = false, .favoured = 2},
        result_to_some{},
        result_to_some{1},
        result_to_some{2},
        withhold_audit_data{},
        withhold_audit_data{false},
        false_complaints{},
        false_complaints{1},
        false_complaints{.choose = true},
    };
    for (auto const& conduct : all)
        for (std::uint64_t seed : {1, 2}) {
            try {
                auto const seen = play(conduct, seed);
                MESSAGE(to_text(conduct), " seed ", seed, " ", (seen.honest_out ? "HONEST OUT " : ""), text(seen));
                CHECK(seen.honest_out == 0);
            } catch (std::exception const& e) {
                MESSAGE("THROWN ", to_text(conduct), " seed ", seed, " ", std::string(e.what()));
                CHECK(false);
            }
        }
}

TEST_CASE("big" * doctest::skip()) {
    cast big{32, {}, 4, {}};
    for (std::size_t k = 0; k < 15; ++k) big.liars.push_back(k);
    std::vector<any_conduct> all{result_to_some{1}, result_to_some{2}, withhold_parts{.after_complaints = false, .favoured = 1},
                                 withhold_parts{.after_complaints = false, .favoured = 2},
                                 slander{.shows = shown_to::some, .favoured = 2}, slander{.shows = shown_to::some, .favoured = 1}};
    for (auto const& conduct : all) {
            try {
                auto const seen = play(conduct, 1, big);
                MESSAGE(to_text(conduct), (seen.honest_out ? "HONEST OUT " : ""), text(seen));
            } catch (std::exception const& e) {
                MESSAGE("THROWN ", to_text(conduct), " ", std::string(e.what()));
            }
        }
}
