// btard/train/worker_momentum.hpp: each peer sends a running mean of its gradients, which is less noisy.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace btard {

/// Public systems differ by the factor 1 - beta, which is one of the learning rate and of every clipping radius.
enum class momentum_form {
    average, ///< m <- beta m + (1 - beta) g: ByzFL
    sum,     ///< m <- beta m + g: epfml
};
constexpr auto enum_names(momentum_form) { return std::array<std::string_view, 2>{"average", "sum"}; }

/// Momentum on the side of the peers: what a peer sends, and a rule sees, is m.
///
///     m <- beta m + (1 - beta) g,   m = 0 before the first step
///
/// The variance of honest rows falls to about (1 - beta) / (1 + beta) of what it was, and with it the room in which
/// an attack like `little_is_enough` hides.
///
/// Karimireddy, He, Jaggi. Learning from History for Byzantine Robust Optimization. ICML 2021.
/// https://arxiv.org/abs/2012.10333
struct worker_momentum {
    float beta = 0.9f;                           ///< how much is kept
    momentum_form form = momentum_form::average; ///< with or without the factor 1 - beta

    static constexpr auto name = "worker_momentum";
    static constexpr auto summary = "each peer sends a running mean of its gradients";
    static constexpr void describe(auto& self, auto&& field) {
        field("beta", self.beta, "how much of the mean is kept");
        field("form", self.form, "average: beta m + (1 - beta) g, or sum: beta m + g");
    }
    friend bool operator==(worker_momentum const&, worker_momentum const&) = default;

    void validate() const { expects(beta >= 0 && beta < 1, "beta is ", beta, ", it must be in [0, 1)"); }

    /// One step of one peer: moves m, and puts it in place of the gradient.  Products of two floats are exact in
    /// double, so the bits do not depend on what the compiler fuses.
    void step(std::span<float> m, std::span<float> gradient) const {
        expects(m.size() == gradient.size(), "the momentum has ", m.size(), " elements, the gradient ",
                gradient.size());
        double const keep = beta, take = form == momentum_form::average ? 1 - beta : 1.0f;
        for (std::size_t k = 0; k < m.size(); ++k)
            gradient[k] = m[k] = static_cast<float>(keep * m[k] + take * gradient[k]);
    }
};

} // namespace btard
