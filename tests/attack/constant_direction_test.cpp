// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/centered_clip.hpp>
#include <btard/aggregate/mean.hpp>
#include <btard/attack/constant_direction.hpp>
#include <btard/core/norm.hpp>
#include <btard/core/policy_text.hpp>
#include <btard/testing/attack_laws.hpp>

#include "sample_attacks.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <span>
#include <vector>

using namespace btard;
using testing::attack_fixture;
using testing::attack_once;

namespace {
double cosine(std::span<float const> a, std::span<float const> b) {
    double dot = 0;
    for (std::size_t k = 0; k < a.size(); ++k) dot += double{a[k]} * double{b[k]};
    return dot / norm(a) / norm(b);
}
} // namespace

TEST_CASE("constant_direction: keeps the laws of attacks") {
    CHECK(testing::broken_laws(constant_direction{}) == "");
}

TEST_CASE("constant_direction: each tensor becomes scale times as long as it was") {
    attack_fixture const swarm;
    auto const before = swarm.gradient(5),
               after = attack_once(constant_direction{.scale = 7}, swarm, swarm.at(3)).gradient;
    for (auto const& tensor : swarm.at(3).layout) {
        double const was = norm(std::span(before).subspan(tensor.offset, tensor.size));
        double const is = norm(std::span(after).subspan(tensor.offset, tensor.size));
        CHECK(is == doctest::Approx(7 * was).epsilon(1e-6));
    }
}

TEST_CASE(
    "constant_direction: all attackers, at all steps, pull into the same direction; other runs into others") {
    attack_fixture const swarm;
    auto const one = attack_once(constant_direction{}, swarm, swarm.at(3, 5)).gradient;
    auto const other = attack_once(constant_direction{}, swarm, swarm.at(99, 6)).gradient;
    for (auto const& tensor : swarm.at(0).layout) {
        auto const of = [&](auto const& gradient) {
            return std::span(gradient).subspan(tensor.offset, tensor.size);
        };
        CHECK(cosine(of(one), of(other)) == doctest::Approx(1).epsilon(1e-6));
    }
    auto another_run = swarm.at(3, 5);
    another_run.shared = {1, 2};
    CHECK(cosine(one, attack_once(constant_direction{}, swarm, another_run).gradient) < 0.6);
}

TEST_CASE("constant_direction: the tensors have directions of their own") {
    std::vector<tensor_layout> const layout{{"a", 0, {8}, 8, true}, {"b", 8, {8}, 8, true}};
    std::vector<float> gradient(16, 1.0f);
    attack_context at;
    at.layout = layout;
    constant_direction{}.corrupt_gradient(at, gradient);
    CHECK(std::vector<float>(gradient.begin(), gradient.begin() + 8) !=
          std::vector<float>(gradient.begin() + 8, gradient.end()));
}

TEST_CASE("constant_direction: a gradient of zero stays zero") {
    attack_fixture const swarm;
    std::vector<float> gradient(attack_fixture::size);
    constant_direction{}.corrupt_gradient(swarm.at(0), gradient);
    CHECK(gradient == std::vector<float>(attack_fixture::size));
}

TEST_CASE("constant_direction: two of eight ruin the mean, and not centered_clip") {
    CHECK(sample::loss_under(mean{}, constant_direction{}) > 1e6);
    CHECK(sample::loss_under(centered_clip{.tau = 1}, constant_direction{}) < 0.5);
}

TEST_CASE("constant_direction: its text") {
    CHECK(to_text(constant_direction{}) == "constant_direction{.scale = 1000}");
    CHECK(parse<constant_direction>("{.scale = 2}") == constant_direction{.scale = 2});
}
