// tests/docs/attack_snippets_test.cpp: the examples of attacks_more.md, each a region, and what they promise.
// SPDX-License-Identifier: Apache-2.0
#include <btard/btard.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

using namespace btard;
using doctest::Approx;

namespace {
/// Three honest peers and an attacker, two coordinates.
struct four_peers {
    std::array<float, 6> gradients{1, 2, 3, 6, 2, 1};
    std::array<std::size_t, 1> accomplices{3};
    attack_context at(std::size_t step) const {
        return {step, 3, accomplices, {gradients.data(), 3, 2}, seed{1, 2}, {}};
    }
};
} // namespace

TEST_CASE("docs: more attacks") {
    four_peers const peers;
    auto const sent = [&](auto attack, std::size_t step = 0) {
        std::vector<float> g{1, 1};
        watch_gradient(attack, peers.at(step), g);
        corrupt_gradient(attack, peers.at(step), g);
        return g;
    };

    // [delayed_gradient]
    auto const late = scheduled{delayed_gradient{.delay = 50, .memory = 64}, {.start = 100}};
    std::size_t const bytes = memory_of(late, 1'000); // of each attacker, for a gradient of 1,000 elements
    std::size_t const from = first_step(late);        // 50: from then on it must be there, and watch
    swarm run{quadratic{.dimension = 1'000}, mean{}, late, {.byzantine = {3, 7, 11}}};
    // [delayed_gradient]
    CHECK(bytes == 51 * 4'000);
    CHECK(from == 50);
    std::vector<std::size_t> attacking;
    run.train(101, [&](step_report const& r) { attacking.push_back(r.attacking); });
    CHECK(attacking[99] == 0);
    CHECK(attacking[100] == 3);

    // [inner_product]
    auto const reversed = sent(inner_product{.epsilon = 10}); // the honest mean is 2, 3: it sends -20, -30
    // [inner_product]
    CHECK(reversed == std::vector<float>{-20, -30});

    // [little_is_enough]
    auto const moved = sent(little_is_enough{.z = 1});                     // 2 + 1, 3 + 2.646
    auto const back = sent(little_is_enough{.z = 1, .side = side::minus}); // 2 - 1, 3 - 2.646
    double const z = little_is_enough{}.deviations(16, 7);                 // 0.765
    // [little_is_enough]
    CHECK(moved[0] == 3);
    CHECK(moved[1] == Approx(5.646).epsilon(1e-3));
    CHECK(back[1] == Approx(0.354).epsilon(1e-2));
    CHECK(z == Approx(0.765).epsilon(1e-3));

    // [gaussian]
    auto const noise = sent(gaussian{.deviation = 100}, 0), other = sent(gaussian{.deviation = 100}, 1);
    // [gaussian]
    CHECK(noise != other);

    // [not_finite]
    auto const poisoned = sent(not_finite{.every = 1'000'000}); // NaN, 1
    // [not_finite]
    CHECK(std::isnan(poisoned[0]));
    CHECK(poisoned[1] == 1);

    // [presets]
    any_attack const a = presets::byzfl::little_is_enough(); // mean + 1.5 sigma
    any_attack const b = presets::epfml::little_is_enough(); // mean - z sigma, z from the numbers of peers
    any_attack const c = presets::garfield::reverse();       // -100 g
    // [presets]
    CHECK(a == any_attack{little_is_enough{.z = 1.5}});
    CHECK(b == any_attack{little_is_enough{.side = side::minus}});
    CHECK(c == any_attack{sign_flip{.scale = 100}});
}

TEST_CASE("docs: worker momentum and SGD with momentum") {
    // [worker_momentum]
    swarm run{
        quadratic{},
        centered_clip{.tau = 4},
        little_is_enough{.z = 1.5},
        {.byzantine = {0, 1, 2, 3, 4, 5, 6},
         .optimizer = sgd{.learning_rate = 0.01f, .momentum = 0.9f, .nesterov = true, .weight_decay = 5e-4f},
         .worker_momentum = worker_momentum{.beta = 0.9f}}};
    run.train(200);
    // [worker_momentum]
    swarm without{quadratic{},
                  centered_clip{.tau = 4},
                  little_is_enough{.z = 1.5},
                  {.byzantine = {0, 1, 2, 3, 4, 5, 6}, .optimizer = run.options().optimizer}};
    without.train(200);
    CHECK(run.evaluate() < without.evaluate());
}
