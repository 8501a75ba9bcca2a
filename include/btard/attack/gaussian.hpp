// btard/attack/gaussian.hpp: noise in place of a gradient.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/attack/concept.hpp>
#include <btard/core/error.hpp>
#include <btard/core/product.hpp>
#include <btard/core/random.hpp>

#include <cmath>
#include <span>

namespace btard {

/// Sends normal noise, drawn anew at each step.
///
///     g_k <- N(mean, deviation^2)
///
/// Blanchard, El Mhamdi, Guerraoui, Stainer. Machine Learning with Adversaries: Byzantine Tolerant Gradient
/// Descent. NeurIPS 2017. https://arxiv.org/abs/1703.02757
struct gaussian {
    double mean = 0;      ///< of each coordinate
    double deviation = 1; ///< standard deviation of each coordinate
    bool together = true; ///< all attackers send the same noise; false: each its own

    static constexpr auto name = "gaussian";
    static constexpr auto summary = "sends noise";
    static constexpr void describe(auto& self, auto&& field) {
        field("mean", self.mean, "of each coordinate");
        field("deviation", self.deviation, "standard deviation of each coordinate");
        field("together", self.together, "all attackers send the same noise, or each its own");
    }
    friend bool operator==(gaussian const&, gaussian const&) = default;

    void validate() const {
        expects(std::isfinite(mean), "mean is ", mean, ", it must be finite");
        expects(deviation >= 0 && std::isfinite(deviation), "deviation is ", deviation,
                ", it must be finite and not negative");
    }

    void corrupt_gradient(attack_context const& at, std::span<float> gradient) const {
        random_stream noise(together ? derive(at.shared, name, {at.step})
                                     : derive(at.shared, name, {at.step, at.self}));
        for (float& g : gradient) g = static_cast<float>(mean + product(deviation, noise.normal()));
    }
};

static_assert(attack<gaussian> && !corrupts_labels<gaussian>);

} // namespace btard
