// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/centered_clip.hpp>
#include <btard/aggregate/krum.hpp>
#include <btard/aggregate/mean.hpp>
#include <btard/attack/inner_product.hpp>
#include <btard/core/policy_text.hpp>
#include <btard/testing/attack_laws.hpp>
#include <btard/train/quadratic.hpp>
#include <btard/train/swarm.hpp>

#include "sample_attacks.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <vector>

using namespace btard;
using testing::attack_fixture;
using testing::attack_once;

namespace {
/// Seven of sixteen, and much noise: honest gradients are about 20 from each other, 14 from their mean.
template <class Rule>
double noisy_loss_under(Rule rule) {
    swarm run{
        quadratic{.dimension = 200, .noise = 1}, rule, inner_product{}, {.byzantine = {0, 1, 2, 3, 4, 5, 6}}};
    run.train(100);
    return run.evaluate();
}
} // namespace

TEST_CASE("inner_product: keeps the laws of attacks") {
    CHECK(testing::broken_laws(inner_product{}) == "");
    CHECK(testing::broken_laws(inner_product{.epsilon = 10, .from = gradients_of::attackers}) == "");
}

TEST_CASE("inner_product: sends minus epsilon times the mean, and all attackers the same") {
    attack_fixture const swarm;
    auto const sent = attack_once(inner_product{.epsilon = 3}, swarm, swarm.at(0)).gradient;
    for (std::size_t k = 0; k < attack_fixture::size; ++k) {
        double sum = 0;
        for (std::size_t i = 0; i < 5; ++i) sum += double{swarm.at(0).honest(i, k)};
        CHECK(sent[k] == doctest::Approx(-3 * sum / 5).epsilon(1e-6));
    }
    CHECK(attack_once(inner_product{.epsilon = 3}, swarm, swarm.at(0, 6)).gradient == sent);
}

TEST_CASE("inner_product: from what the attackers computed themselves") {
    attack_fixture const swarm;
    auto const sent =
        attack_once(inner_product{.epsilon = 10, .from = gradients_of::attackers}, swarm, swarm.at(0));
    for (std::size_t k = 0; k < attack_fixture::size; ++k)
        CHECK(sent.gradient[k] ==
              doctest::Approx(-5 * (double{swarm.gradient(5)[k]} + double{swarm.gradient(6)[k]}))
                  .epsilon(1e-6));
}

TEST_CASE("inner_product: large, two of eight ruin the mean, and not centered_clip") {
    CHECK(sample::loss_under(mean{}, inner_product{.epsilon = 10}) > 1e6);
    CHECK(sample::loss_under(mean{}, inner_product{.epsilon = 10, .from = gradients_of::attackers}) > 1e6);
    CHECK(sample::loss_under(centered_clip{.tau = 1}, inner_product{.epsilon = 10}) < 0.5);
}

TEST_CASE("inner_product: small, it ruins Krum, which prefers the attackers, and a centered_clip far below "
          "the noise; "
          "it fails against one that is not, and against the mean") {
    swarm run{quadratic{.dimension = 200, .noise = 1}, mean{}, honest{}};
    double const before = run.evaluate();
    CHECK(noisy_loss_under(krum{.byzantine = 7}) > before);
    CHECK(noisy_loss_under(centered_clip{.tau = 1}) > before);
    CHECK(noisy_loss_under(centered_clip{.tau = 10}) < before / 10);
    CHECK(noisy_loss_under(mean{}) < before / 10);
}

TEST_CASE("inner_product: its text") {
    CHECK(to_text(inner_product{}) == "inner_product{.epsilon = 0.1, .from = honest}");
    CHECK(parse<inner_product>("inner_product{.epsilon = 0.6, .from = attackers}") ==
          inner_product{.epsilon = 0.6, .from = gradients_of::attackers});
    CHECK_THROWS_AS(validate(parse<inner_product>("inner_product{inf}")), contract_violation);
}
