// tests/attack/sample_attacks.hpp: what the tests of the attacks share.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/train/quadratic.hpp>
#include <btard/train/swarm.hpp>

#include <cstddef>
#include <vector>

namespace sample {

/// How far from the bottom of a bowl a swarm of eight, two of them attackers, ends up.
template <class Rule, class Attack>
double loss_under(Rule rule, Attack attack) {
    btard::swarm run{btard::quadratic{.dimension = 50}, rule, attack, {.peers = 8, .byzantine = {1, 6}}};
    run.train(100);
    return run.evaluate();
}

} // namespace sample
