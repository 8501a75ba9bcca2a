// btard/attack/constant_direction.hpp: all attackers pull into one direction, the same at every step.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/attack/concept.hpp>
#include <btard/core/error.hpp>
#include <btard/core/norm.hpp>
#include <btard/core/random.hpp>

#include <cstddef>
#include <span>

namespace btard {

/// Sends, in place of each tensor's gradient g, a vector along a direction r that all attackers share.
///
///     g <- scale |g| r / |r|,   r standard normal, drawn once for the run
///
/// Gorbunov, Borzunov, Diskin, Ryabinin. Secure Distributed Training at Scale. ICML 2022.
/// https://arxiv.org/abs/2106.11257
struct constant_direction {
    float scale = 1000; ///< how much longer than the peer's own gradient

    static constexpr auto name = "constant_direction";
    static constexpr auto summary = "sends a direction that all attackers share, the same at every step";
    static constexpr void describe(auto& self, auto&& field) {
        field("scale", self.scale, "how much longer than the peer's own gradient, tensor by tensor");
    }
    friend bool operator==(constant_direction const&, constant_direction const&) = default;

    void validate() const { expects(std::isfinite(scale), "scale is ", scale, ", it must be finite"); }

    void corrupt_gradient(attack_context const& at, std::span<float> gradient) const {
        for (std::size_t t = 0; t < at.layout.size(); ++t) {
            auto const tensor = gradient.subspan(at.layout[t].offset, at.layout[t].size);
            double const length = scale * norm(tensor);
            random_stream direction(derive(at.shared, name, {t}));
            for (float& r : tensor) r = static_cast<float>(direction.normal());
            double const factor = length / norm(tensor);
            for (float& r : tensor) r = static_cast<float>(r * factor);
        }
    }
};

static_assert(attack<constant_direction> && !corrupts_labels<constant_direction>);

} // namespace btard
