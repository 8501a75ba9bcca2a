// btard/attack/sign_flip.hpp: the gradient, reversed and enlarged.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/attack/concept.hpp>
#include <btard/core/error.hpp>

#include <cmath>
#include <span>

namespace btard {

/// Sends the own gradient times a negative number.
///
///     g <- -scale g
///
/// With `scale = 1` it is the sign flip of Blades and fedlib, with 100 Garfield's "reverse"; 1000 is the
/// BTARD paper's.
///
/// Gorbunov, Borzunov, Diskin, Ryabinin. Secure Distributed Training at Scale. ICML 2022.
/// https://arxiv.org/abs/2106.11257
struct sign_flip {
    float scale = 1000; ///< how much longer the gradient becomes

    static constexpr auto name = "sign_flip";
    static constexpr auto summary = "sends the gradient reversed, `scale` times as long";
    static constexpr void describe(auto& self, auto&& field) {
        field("scale", self.scale, "how much longer the gradient becomes");
    }
    friend bool operator==(sign_flip const&, sign_flip const&) = default;

    void validate() const { expects(std::isfinite(scale), "scale is ", scale, ", it must be finite"); }

    void corrupt_gradient(attack_context const&, std::span<float> gradient) const {
        for (float& g : gradient) g *= -scale;
    }
};

static_assert(attack<sign_flip> && !corrupts_labels<sign_flip>);

} // namespace btard
