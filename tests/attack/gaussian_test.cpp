// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/centered_clip.hpp>
#include <btard/aggregate/krum.hpp>
#include <btard/aggregate/mean.hpp>
#include <btard/attack/gaussian.hpp>
#include <btard/core/policy_text.hpp>
#include <btard/testing/attack_laws.hpp>

#include "sample_attacks.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <vector>

using namespace btard;
using testing::attack_fixture;
using testing::attack_once;

TEST_CASE("gaussian: keeps the laws of attacks") {
    CHECK(testing::broken_laws(gaussian{}) == "");
    CHECK(testing::broken_laws(gaussian{.mean = 3, .deviation = 0, .together = false}) == "");
}

TEST_CASE("gaussian: has the mean and the deviation that it is told") {
    std::vector<float> noise(100'000);
    gaussian{.mean = 5, .deviation = 2}.corrupt_gradient({}, noise);
    double sum = 0, squares = 0;
    for (float const x : noise) {
        sum += double{x};
        squares += (double{x} - 5) * (double{x} - 5);
    }
    double const n = double(noise.size());
    CHECK(std::abs(sum / n - 5) < 4 * 2 / std::sqrt(n));
    CHECK(std::sqrt(squares / n) == doctest::Approx(2).epsilon(4 / std::sqrt(2 * n)));
}

TEST_CASE("gaussian: other noise at each step and in each run; attackers send the same, or each its own") {
    attack_fixture const swarm;
    auto const sent = attack_once(gaussian{}, swarm, swarm.at(0, 5));
    CHECK(attack_once(gaussian{}, swarm, swarm.at(0, 6)) == sent);
    CHECK(attack_once(gaussian{}, swarm, swarm.at(1, 5)) != sent);
    gaussian const alone{.together = false};
    CHECK(attack_once(alone, swarm, swarm.at(0, 5)) != attack_once(alone, swarm, swarm.at(0, 6)));
    CHECK(attack_once(alone, swarm, swarm.at(0, 5)) == attack_once(alone, swarm, swarm.at(0, 5)));
    auto another_run = swarm.at(0, 5);
    another_run.shared = {1, 2};
    CHECK(attack_once(gaussian{}, swarm, another_run) != sent);
}

TEST_CASE("gaussian: two of eight ruin the mean, and neither Krum nor centered_clip") {
    for (bool const together : {true, false}) {
        gaussian const attack{.deviation = 100, .together = together};
        CHECK(sample::loss_under(mean{}, attack) > 100);
        CHECK(sample::loss_under(krum{.byzantine = 2}, attack) < 0.5);
        CHECK(sample::loss_under(centered_clip{.tau = 1}, attack) < 0.5);
    }
}

TEST_CASE("gaussian: its text") {
    CHECK(to_text(gaussian{}) == "gaussian{.mean = 0, .deviation = 1, .together = true}");
    CHECK(parse<gaussian>("gaussian{.deviation = 5, .together = false}") ==
          gaussian{.deviation = 5, .together = false});
    CHECK_THROWS_WITH_AS(validate(gaussian{.deviation = -1}),
                         "deviation is -1, it must be finite and not negative", contract_violation);
    CHECK_THROWS_AS(validate(gaussian{.mean = HUGE_VAL}), contract_violation);
}
