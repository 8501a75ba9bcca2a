// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/any_aggregator.hpp>
#include <btard/aggregate/presets.hpp>

#include "run.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

using namespace btard;

namespace {

/// The same bits and the same report as the rule that it stands for.
template <class A>
void same_as(A const& rule, any_aggregator const& choice) {
    rows_of<float> const rows(normal_rows(11, 60));
    std::vector<double> weights(11, 1.0);
    weights[3] = 2;
    weights[7] = 0;
    std::vector<float> out(60);
    auto const report =
        aggregate(host{1}, rule, rows.view(), std::span<double const>(weights), std::span(out), seed{5, 6});
    auto const chosen = run(choice, rows.view(), {.weights = weights, .public_seed = {5, 6}});
    CHECK(chosen.vector == out);
    CHECK(chosen.report == report);
    CHECK(to_text(choice) == to_text(rule));
    CHECK(parse<any_aggregator>(to_text(rule)) == choice);
}

std::string complaint(std::string const& text) {
    try {
        (void)parse<any_aggregator>(text);
    } catch (environment_error const& error) {
        return error.what();
    }
    return "";
}

} // namespace

TEST_CASE("any_aggregator: does what the rule does that it holds, bit for bit, and has its text") {
    same_as(mean{}, any(mean{}));
    same_as(centered_clip{.tau = 0.5}, any(centered_clip{.tau = 0.5}));
    same_as(multi_krum{.byzantine = 2, .selected = 4}, any(multi_krum{.byzantine = 2, .selected = 4}));
    same_as(coordinate_median{middle::upper}, any(coordinate_median{middle::upper}));
}

TEST_CASE("any_aggregator: and with mixings before it") {
    same_as(mixed{nnm{.byzantine = 2}, centered_clip{}}, any(centered_clip{}, {nnm{.byzantine = 2}}));
    same_as(mixed{clipping{.radius = 3}, mixed{nnm{.byzantine = 2}, trimmed_mean{1}}},
            any(trimmed_mean{1}, {clipping{.radius = 3}, nnm{.byzantine = 2}}));
}

TEST_CASE("any_aggregator: its text reads back, whatever it holds") {
    for (any_rule const& rule :
         {any_rule{presets::btard_code::centered_clip_resnet(1)}, any_rule{geometric_median{.nu = 0.25}},
          any_rule{krum{.byzantine = 2, .besides = 1}}, any_rule{trimmed_mean{3}},
          any_rule{presets::byzfl::geometric_median()}})
        for (auto const& mixings :
             {std::vector<any_mixing>{}, {bucketing{3}}, {nnm{1}, clipping{0.5}, bucketing{}}})
            CHECK(parse<any_aggregator>(to_text(any(rule, mixings))) == any(rule, mixings));
}

TEST_CASE("any_aggregator: reads what a policy may look like") {
    CHECK(parse<any_aggregator>("krum{}") == any(krum{}));
    CHECK(parse<any_aggregator>("krum{3}") == any(krum{.byzantine = 3}));
    CHECK(parse<any_aggregator>("mean") == any(mean{}));
    CHECK(parse<any_aggregator>(
              " mixed { nnm{ .byzantine=2 } , mixed{clipping{1.5},centered_clip{.tau = inf}} } ") ==
          any(centered_clip{.tau = INFINITY}, {nnm{2}, clipping{1.5}}));
    CHECK(parse<any_aggregator>("centered_clip{.iterations = 20, .start_at = row(3)}") ==
          any(centered_clip{.iterations = 20, .start_at = start_point::row(3)}));
    CHECK(any_aggregator{} == any(mean{}));
}

TEST_CASE("any_aggregator: says what is wrong with a text, and what would be right") {
    CHECK(complaint("krumm{}").find("krum") != std::string::npos);
    CHECK(complaint("centered_clip{.tua = 1}").find("tau") != std::string::npos);
    CHECK(complaint("mixed{nnm{}}") != "");
    CHECK(complaint("mixed{nnm{}}").find("'mixed' needs a mixing and a rule") != std::string::npos);
    CHECK(complaint("mixed{.x = nnm{}, .y = mean{}}").find("column 7: the parts of 'mixed' have no names") !=
          std::string::npos);
    CHECK(complaint("mixed{nnm{}, mixed{clipping{}, .rule = mean{}}}").find("have no names") != std::string::npos);
    CHECK(complaint("mixed{krum{}, mean{}}").find("krum") != std::string::npos); // is no mixing
    CHECK(complaint("nnm{}") != "");                                             // is no rule
    CHECK(complaint("centered_clip{.tau = blue}") != "");
    CHECK(complaint("") != "");
}

TEST_CASE("any_aggregator: refuses what its rule and its mixings refuse") {
    rows_of<float> const rows(normal_rows(4, 3));
    CHECK_THROWS_AS(run(any(centered_clip{.tau = -1}), rows.view()), contract_violation);
    CHECK_THROWS_AS(run(any(mean{}, {clipping{.radius = 0}}), rows.view()), contract_violation);
    CHECK_THROWS_AS(run(any(mean{}, {nnm{.byzantine = 2}}), rows.view()), contract_violation);
    CHECK_THROWS_AS(run(any(krum{.byzantine = 1}, {bucketing{}}), rows.view()), contract_violation);
}

TEST_CASE("mixing_list: no mixing at all leaves the rows as they are") {
    auto rows = normal_rows(4, 5);
    rows.w = {1, 2, 3, 4};
    auto const y = mixed_by(mixing_list{}, rows);
    CHECK(y.x == rows.x);
    CHECK(y.w == rows.w);
    CHECK(mixing_list{}.size(4) == 4);
    CHECK(mixing_list{}.needs() == products::none);
}
