// examples/01_mean_under_attack.cpp: one swarm, two rules: what three liars among sixteen peers do to each.
// SPDX-License-Identifier: Apache-2.0
// [program]
#include <btard/btard.hpp>
#include <cstdio>

int main() {
    using namespace btard;
    quadratic const task{.dimension = 1'000, .noise = 0.1f};           // anything learnable
    scheduled const attack{sign_flip{.scale = 1'000}, {.start = 100}}; // or honest{}, or your own
    swarm naive{task, mean{}, attack, {.peers = 16, .byzantine = {3, 7, 11}}};
    swarm robust{task, centered_clip{.tau = 4}, attack, naive.options()};

    std::puts("steps      mean  centered_clip");
    while (naive.step() < 200) {
        naive.train(25);
        robust.train(25);
        std::printf("%5zu  %8.2g  %13.2g\n", naive.step(), naive.evaluate(), robust.evaluate());
    }
}
// [program]
