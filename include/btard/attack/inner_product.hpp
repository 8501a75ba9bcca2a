// btard/attack/inner_product.hpp: the mean of the honest gradients, reversed.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/attack/concept.hpp>
#include <btard/attack/moments.hpp>
#include <btard/core/error.hpp>

#include <cmath>
#include <span>

namespace btard {

/// Sends the mean of the honest gradients with the sign changed, so that the aggregate has a negative inner
/// product with it.
///
///     g <- -epsilon mean(H),   H the honest gradients of this step
///
/// A large epsilon ruins the mean; a small one hides from distances: the attackers are near each other and not
/// far from the rest, and Krum prefers them.
///
/// Xie, Koyejo, Gupta. Fall of Empires: Breaking Byzantine-tolerant SGD by Inner Product Manipulation. UAI 2019.
/// https://arxiv.org/abs/1903.03936
struct inner_product {
    double epsilon = 0.1;                     ///< how long, compared with the mean
    gradients_of from = gradients_of::honest; ///< whose mean

    static constexpr auto name = "inner_product";
    static constexpr auto summary = "sends the mean of the honest gradients, reversed";
    static constexpr void describe(auto& self, auto&& field) {
        field("epsilon", self.epsilon, "how long it is, compared with the mean");
        field("from", self.from, "whose gradients: those of the honest, or of the attackers themselves");
    }
    friend bool operator==(inner_product const&, inner_product const&) = default;

    void validate() const { expects(std::isfinite(epsilon), "epsilon is ", epsilon, ", it must be finite"); }
    [[nodiscard]] bool reads_accomplices() const { return from == gradients_of::attackers; }

    void corrupt_gradient(attack_context const& at, std::span<float> gradient) const {
        from_means(rows_of(at, from), gradient, [&](double mean) { return -epsilon * mean; });
    }
};

static_assert(attack<inner_product> && !corrupts_labels<inner_product>);

} // namespace btard
