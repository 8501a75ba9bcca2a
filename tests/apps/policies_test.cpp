// tests/apps/policies_test.cpp: a header of the user's own puts rules and attacks beside those of the library.
// SPDX-License-Identifier: Apache-2.0
#define BTARD_POLICIES "../../examples/my_policies.hpp" // for this file alone
#include "../../apps/common/choices.hpp"

#include <btard/aggregate/aggregate.hpp>
#include <btard/aggregate/host.hpp>
#include <btard/core/matrix_view.hpp>

#include <doctest/doctest.h>

#include <concepts>
#include <span>
#include <tuple>
#include <variant>
#include <vector>

using namespace btard;

TEST_CASE(
    "a rule of the user's own is chosen by its text, behind a mixing too, beside those of the library") {
    auto const rule = parse<apps::any_aggregator>("mixed{nnm{.byzantine = 1}, midhinge{}}");
    CHECK(to_text(rule) == "mixed{nnm{.byzantine = 1}, midhinge{}}");
    CHECK(std::holds_alternative<krum>(parse<apps::any_aggregator>("krum{.byzantine = 1}").rule));
    std::vector<float> const all{1, 2, 3, 4, 5, 600};
    std::vector<double> const weights(6, 1.0);
    std::vector<float> out(1);
    (void)aggregate(host{}, parse<apps::any_aggregator>("midhinge{}"),
                    matrix_view<float const>(all.data(), 6, 1), std::span<double const>(weights),
                    std::span<float>(out));
    CHECK(out[0] == 3.5f);
}

TEST_CASE("an attack of the user's own is chosen by its text, with a schedule too") {
    auto attack = parse<apps::any_attack>("scheduled{every_other{.scale = 5}, {.start = 2}}");
    std::vector<float> gradient{1, 1, 1};
    attack_context at{};
    at.step = 1;
    attack.corrupt_gradient(at, gradient);
    CHECK(gradient == std::vector<float>{1, 1, 1});
    at.step = 2;
    attack.corrupt_gradient(at, gradient);
    CHECK(gradient == std::vector<float>{-5, 1, -5});
    CHECK_THROWS_WITH((void)parse<apps::any_attack>("every_othr{}"), doctest::Contains("every_other"));
}

// Of the user's rules, peers use those that they can check.
static_assert(std::same_as<apps::verifiable_of<std::tuple<krum, mean, midhinge>>::type, std::tuple<mean>>);
static_assert(std::same_as<apps::verified_choice, std::variant<mean, centered_clip>>);
