// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/centered_clip.hpp>
#include <btard/aggregate/mean.hpp>
#include <btard/attack/sign_flip.hpp>
#include <btard/core/policy_text.hpp>
#include <btard/testing/attack_laws.hpp>

#include "sample_attacks.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

using namespace btard;

TEST_CASE("sign_flip: keeps the laws of attacks") {
    CHECK(testing::broken_laws(sign_flip{}) == "");
    CHECK(testing::broken_laws(sign_flip{.scale = 1}) == "");
}

TEST_CASE("sign_flip: sends minus scale times the gradient") {
    std::vector<float> gradient{1, -2, 0.5f};
    sign_flip{.scale = 10}.corrupt_gradient({}, gradient);
    CHECK(gradient == std::vector<float>{-10, 20, -5});
}

TEST_CASE("sign_flip: two of eight ruin the mean, and not centered_clip") {
    CHECK(sample::loss_under(mean{}, sign_flip{}) > 1e6);
    CHECK(sample::loss_under(centered_clip{.tau = 1}, sign_flip{}) < 0.5);
    CHECK(sample::loss_under(mean{}, honest{}) < 0.1);
}

TEST_CASE("sign_flip: its text") {
    CHECK(to_text(sign_flip{}) == "sign_flip{.scale = 1000}");
    CHECK(parse<sign_flip>("sign_flip{.scale = 1}") == sign_flip{.scale = 1});
}

TEST_CASE("sign_flip: a scale that is not finite is refused") {
    CHECK_THROWS_AS(validate(sign_flip{.scale = std::numeric_limits<float>::infinity()}), contract_violation);
    CHECK_THROWS_AS(validate(sign_flip{.scale = std::numeric_limits<float>::quiet_NaN()}), contract_violation);
}
