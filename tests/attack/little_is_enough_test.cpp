// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/centered_clip.hpp>
#include <btard/aggregate/mean.hpp>
#include <btard/attack/little_is_enough.hpp>
#include <btard/core/policy_text.hpp>
#include <btard/testing/attack_laws.hpp>
#include <btard/train/quadratic.hpp>
#include <btard/train/swarm.hpp>

#include "golden_rows.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <optional>
#include <vector>

using namespace btard;
using testing::attack_fixture;
using testing::attack_once;

namespace {
/// Seven of sixteen; the gradients are mostly noise.
template <class Rule, class Attack>
double loss_under(Rule rule, Attack attack, std::optional<worker_momentum> momentum = {}) {
    swarm run{quadratic{.dimension = 100, .noise = 1, .condition = 1},
              rule,
              attack,
              {.byzantine = {0, 1, 2, 3, 4, 5, 6}, .worker_momentum = momentum}};
    run.train(300);
    return run.evaluate();
}
} // namespace

TEST_CASE("little_is_enough: keeps the laws of attacks") {
    CHECK(testing::broken_laws(little_is_enough{}) == "");
    CHECK(testing::broken_laws(little_is_enough{.z = 1.035, .from = gradients_of::attackers}) == "");
    CHECK(testing::broken_laws(little_is_enough{
              .side = side::minus, .sigma = deviation::population, .crowd = crowd::of_all}) == "");
}

TEST_CASE("little_is_enough: the golden number of a public system") {
    auto const sent = golden::sent(little_is_enough{.z = 1.5});
    std::vector<double> const right{1.508178227513, 1.294594449298, 2.368959230165, 2.819943072337,
                                    2.392651584851};
    for (std::size_t k = 0; k < golden::size; ++k) CHECK(sent[k] == doctest::Approx(right[k]).epsilon(1e-7));
}

TEST_CASE(
    "little_is_enough: the two sides are as far from the mean, a population is less wide than a sample") {
    auto const plus = golden::sent(little_is_enough{.z = 2}), mean = golden::sent(little_is_enough{.z = 0}),
               minus = golden::sent(little_is_enough{.z = 2, .side = side::minus}),
               narrow = golden::sent(little_is_enough{.z = 2, .sigma = deviation::population});
    for (std::size_t k = 0; k < golden::size; ++k) {
        CHECK(plus[k] > mean[k]);
        CHECK(plus[k] - mean[k] == doctest::Approx(mean[k] - minus[k]).epsilon(1e-6));
        CHECK((narrow[k] - mean[k]) * 3 ==
              doctest::Approx((plus[k] - mean[k]) * std::sqrt(8.0)).epsilon(1e-6));
    }
}

TEST_CASE("little_is_enough: z of the numbers of peers and attackers") {
    little_is_enough const usual{}, of_all{.crowd = crowd::of_all};
    CHECK(usual.deviations(16, 7) == doctest::Approx(0.7647096737863872).epsilon(1e-14));  // Phi^-1(7 / 9)
    CHECK(usual.deviations(50, 24) == doctest::Approx(1.4260768722728479).epsilon(1e-14)); // Phi^-1(24 / 26)
    CHECK(usual.deviations(25, 5) == doctest::Approx(0.2533471031357998).epsilon(1e-14));  // Phi^-1(12 / 20)
    CHECK(of_all.deviations(16, 7) == doctest::Approx(1.1503493803760079).epsilon(1e-14)); // Phi^-1(14 / 16)
    CHECK(usual.deviations(16, 9) == usual.deviations(16, 9));
    CHECK(usual.deviations(16, 9) ==
          doctest::Approx(1.0675705238781412).epsilon(1e-14)); // s = 1: Phi^-1(6 / 7)
    CHECK(usual.deviations(2, 1) == 0);
    CHECK(little_is_enough{.z = 1.5}.deviations(16, 7) == 1.5);
    CHECK_THROWS_AS((void)usual.deviations(7, 7), contract_violation);
}

TEST_CASE("little_is_enough: z follows the peers that are there") {
    attack_fixture const swarm; // seven, two of them attackers: s = 2, Phi^-1(3 / 5)
    CHECK(attack_once(little_is_enough{}, swarm, swarm.at(0)) ==
          attack_once(little_is_enough{.z = little_is_enough{}.deviations(7, 2)}, swarm, swarm.at(0)));
    CHECK(little_is_enough{}.deviations(7, 2) == doctest::Approx(0.2533471031357998));
}

TEST_CASE("little_is_enough: all attackers send the same, also when they have but their own gradients") {
    attack_fixture const swarm;
    for (auto const from : {gradients_of::honest, gradients_of::attackers}) {
        little_is_enough const attack{.z = 1, .from = from};
        CHECK(attack_once(attack, swarm, swarm.at(0, 5)) == attack_once(attack, swarm, swarm.at(0, 6)));
    }
    CHECK(attack_once(little_is_enough{.z = 1}, swarm, swarm.at(0)) !=
          attack_once(little_is_enough{.z = 1, .from = gradients_of::attackers}, swarm, swarm.at(0)));
}

TEST_CASE(
    "little_is_enough: moves the mean and centered_clip too, and less where worker momentum shrinks sigma") {
    little_is_enough const attack{.z = 1};
    double const calm = loss_under(mean{}, honest{});
    CHECK(loss_under(mean{}, attack) > 10 * calm);
    double const clipped = loss_under(centered_clip{.tau = 1}, attack);
    CHECK(clipped > 10 * calm);
    CHECK(loss_under(centered_clip{.tau = 1}, attack, worker_momentum{.beta = 0.99f}) < clipped / 10);
}

TEST_CASE("little_is_enough: its text") {
    CHECK(to_text(little_is_enough{}) ==
          "little_is_enough{.side = plus, .sigma = sample, .crowd = of_honest, .from = honest}");
    CHECK(parse<little_is_enough>("little_is_enough{.z = 1.5, .side = minus}") ==
          little_is_enough{.z = 1.5, .side = side::minus});
    CHECK_THROWS_WITH_AS(validate(parse<little_is_enough>("{.z = inf}")), "z is inf, it must be finite",
                         contract_violation);
}
