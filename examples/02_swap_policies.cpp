// examples/02_swap_policies.cpp: rules, mixings and attacks are values; a swap is one for another.
// SPDX-License-Identifier: Apache-2.0
#include <btard/btard.hpp>

#include <cstdio>

using namespace btard;

// Types follow from the values, so a rule is compiled into the swarm: nothing is looked up at run time.
// [swarm]
template <aggregator Rule, attack Attack>
double final_loss(Rule rule, Attack attack) {
    swarm run{quadratic{}, rule, attack, {.peers = 16, .byzantine = {1, 4, 7, 10, 13}}};
    run.train(200);
    return run.evaluate();
}
// [swarm]

// What a policy prints is what makes it.
void compare(aggregator auto rule) {
    std::printf("%8.2g  %8.2g  %s\n", final_loss(rule, sign_flip{.scale = 1'000}),
                final_loss(rule, constant_direction{.scale = 1}), to_text(rule).c_str());
}

int main() {
    std::puts("reversed    pulled  by 5 of 16 peers");
    // [rule]
    compare(mean{});
    compare(centered_clip{.tau = 4});
    compare(krum{.byzantine = 5});
    compare(trimmed_mean{.byzantine = 5});
    // [rule]

    // A mixing replaces the rows by mixtures of them, before any rule.  Not every one helps: five liars may
    // spoil five of the eight buckets.
    // [mixing]
    compare(mixed{nnm{.byzantine = 5}, centered_clip{.tau = 4}});
    compare(mixed{bucketing{.bucket = 2}, coordinate_median{}});
    // [mixing]

    // Systems disagree about what a name means.  A preset is the rule as one of them computes it.
    // [preset]
    compare(presets::byzfl::krum(5));
    compare(presets::btard_code::centered_clip(4));
    // [preset]

    // Programs that choose when they run read the same text.
    // [text]
    auto rule = parse<any_aggregator>("mixed{nnm{.byzantine = 5}, trimmed_mean{.byzantine = 5}}");
    auto attack = parse<any_attack>("scheduled{sign_flip{.scale = 1000}, {.start = 100}}");
    compare(rule);
    std::printf("from step 100 on: %.2g\n", final_loss(rule, attack));
    // [text]
}
