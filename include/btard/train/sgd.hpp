// btard/train/sgd.hpp: a step against the gradient.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/parallel.hpp>
#include <btard/train/learnable.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace btard {

/// Stochastic gradient descent.
///
///     p <- p - learning_rate g
///
/// Robbins, Monro. A Stochastic Approximation Method. 1951.
struct sgd {
    float learning_rate = 0.1f;

    static constexpr auto name = "sgd";
    static constexpr auto summary = "a step against the gradient";
    static constexpr void describe(auto& self, auto&& field) {
        field("learning_rate", self.learning_rate, "length of a step for a gradient of length one");
    }
    friend bool operator==(sgd const&, sgd const&) = default;

    void validate() const {
        expects(learning_rate >= 0 && std::isfinite(learning_rate), "learning_rate is ", learning_rate,
                ", it must be finite and not negative");
    }

    /// What it remembers between the steps: nothing.
    struct state {
        friend bool operator==(state const&, state const&) = default;
    };
    [[nodiscard]] static state start(std::size_t) { return {}; }

    /// The learning rate is multiplied by `factor`, that of the schedule.  Products of two floats are exact
    /// in double, so the bits do not depend on what the compiler fuses, nor on the number of threads.
    void step(state&, std::span<tensor_layout const>, std::span<float const> gradient,
              std::span<float> parameters, double factor, std::size_t threads) const {
        expects(gradient.size() == parameters.size(), "the gradient has ", gradient.size(),
                " elements, there are ", parameters.size(), " parameters");
        double const rate = static_cast<float>(learning_rate * factor);
        constexpr std::size_t block = 1 << 16;
        parallel::run((parameters.size() + block - 1) / block, threads, [&](std::size_t number, std::size_t) {
            std::size_t const end = std::min(parameters.size(), (number + 1) * block);
            for (std::size_t k = number * block; k < end; ++k)
                parameters[k] = static_cast<float>(parameters[k] - rate * gradient[k]);
        });
    }
};

} // namespace btard
