// expect: satisfaction of .attack<A>. .with A = typing_error|.typing_error. does not satisfy .attack.
// tests/compile_fail/misspelled_hook.cpp: an attack whose only hook has a wrong name is no attack, not an honest peer.
// SPDX-License-Identifier: Apache-2.0
#include <btard/attack/concept.hpp>

struct typing_error {
    void corrupt_gradients(btard::attack_context const&, std::span<float>) {}
};

void corrupt(typing_error& policy, btard::attack_context const& at, std::span<float> gradient) {
    btard::corrupt_gradient(policy, at, gradient);
}
