// examples/01_mean_under_attack.cpp: one swarm, two rules: what three liars among sixteen peers do to each.
// SPDX-License-Identifier: Apache-2.0
// [program]
#include <btard/btard.hpp>
#include <cstdio>

int main() {
    using namespace btard;
    quadratic const task{.dimension = 1'000, .noise = 0.1f};           // anything learnable
    scheduled const attack{sign_flip{.scale = 1'000}, {.start = 100}}; // or honest{}, or your own
    swarm_options const options{.peers = 16, .byzantine = {3, 7, 11}};

    swarm naive{task, mean{}, attack, options};
    swarm robust{task, centered_clip{.tau = 4}, attack, options}; // honest noise is 0.1 sqrt(1000) = 3.2 long

    std::puts("steps      mean  centered_clip");
    while (naive.step() < 200) {
        naive.train(25);
        robust.train(25);
        std::printf("%5zu  %8.2g  %13.2g\n", naive.step(), naive.evaluate(), robust.evaluate());
    }
}
// [program]
