// examples/04_my_attack.cpp: an attack of one's own: small enough to hide among honest gradients.
// SPDX-License-Identifier: Apache-2.0
#include <btard/btard.hpp>
#include <btard/testing/attack_laws.hpp>

#include <cmath>
#include <cstdio>
#include <span>
#include <string>

using namespace btard;

// Baruch, Baruch and Goldberg (NeurIPS 2019) showed that a little is enough: all attackers send the honest
// mean, shifted a few standard deviations in every coordinate.  No row stands out, all err on the same side.
// [attack]
struct in_the_noise {
    double deviations = 1;

    static constexpr auto name = "in_the_noise";
    static constexpr auto summary = "hides among the honest gradients";
    static constexpr void describe(auto& self, auto&& field) {
        field("deviations", self.deviations, "how far from the honest mean, in standard deviations");
    }
    friend bool operator==(in_the_noise const&, in_the_noise const&) = default;

    void corrupt_gradient(attack_context const& at, std::span<float> gradient) const {
        auto const n = double(at.honest.rows());
        for (std::size_t k = 0; k < gradient.size(); ++k) {
            double mean = 0, square = 0;
            for (std::size_t i = 0; i < at.honest.rows(); ++i) mean += at.honest(i, k) / n;
            for (std::size_t i = 0; i < at.honest.rows(); ++i) square += std::pow(at.honest(i, k) - mean, 2);
            gradient[k] = float(mean - deviations * std::sqrt(square / n));
        }
    }
};
static_assert(attack<in_the_noise> && !corrupts_labels<in_the_noise>);
// [attack]

void judge(aggregator auto rule) {
    auto const final_loss = [&](auto attack) {
        swarm run{quadratic{}, rule, attack, {.peers = 16, .byzantine = {0, 2, 4, 6, 8, 10}}};
        run.train(200);
        return run.evaluate();
    };
    std::printf("%9.2g  %9.2g  %9.2g  %s\n", final_loss(honest{}), final_loss(sign_flip{.scale = 1'000}),
                final_loss(in_the_noise{}), to_text(rule).c_str());
}

int main() {
    std::string const broken = testing::broken_laws(in_the_noise{});
    std::printf("broken laws: %s\n\n", broken.empty() ? "none" : broken.c_str());
    std::puts("no attack  sign flip  in the noise");
    judge(mean{});
    judge(centered_clip{.tau = 4});
    judge(krum{.byzantine = 6});
    judge(coordinate_median{});
    judge(mixed{nnm{.byzantine = 6}, trimmed_mean{.byzantine = 6}});
}
