// btard/train/sgd.hpp: a step against the gradient, with momentum and weight decay.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/parallel.hpp>
#include <btard/train/learnable.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace btard {

/// Stochastic gradient descent, as PyTorch defines it (without dampening).
///
///     g <- g + weight_decay p             (only of tensors that decay)
///     b <- momentum b + g                 b = 0 before the first step
///     u = b,  or g + momentum b  with Nesterov;  g without momentum
///     p <- p - learning_rate u
///
/// Here: PyTorch decays every parameter that it is given, also biases and normalisation, which a layout exempts.
///
/// Sutskever, Martens, Dahl, Hinton. On the Importance of Initialization and Momentum in Deep Learning. ICML 2013.
struct sgd {
    float learning_rate = 0.1f;
    float momentum = 0; ///< how much of the last direction is kept
    bool nesterov = false;
    float weight_decay = 0;

    static constexpr auto name = "sgd";
    static constexpr auto summary = "a step against the gradient, with momentum and weight decay";
    static constexpr void describe(auto& self, auto&& field) {
        field("learning_rate", self.learning_rate, "length of a step for a gradient of length one");
        field("momentum", self.momentum, "how much of the last direction is kept");
        field("nesterov", self.nesterov, "Nesterov's momentum, which looks one step ahead");
        field("weight_decay", self.weight_decay, "of weights, but not of biases and normalisation");
    }
    friend bool operator==(sgd const&, sgd const&) = default;

    void validate() const {
        expects(learning_rate >= 0 && std::isfinite(learning_rate), "learning_rate is ", learning_rate,
                ", it must be finite and not negative");
        expects(momentum >= 0 && momentum < 1, "momentum is ", momentum, ", it must be in [0, 1)");
        expects(!nesterov || momentum > 0, "nesterov needs a momentum, it is 0");
        expects(weight_decay >= 0 && std::isfinite(weight_decay), "weight_decay is ", weight_decay,
                ", it must be finite and not negative");
    }

    struct state {
        std::vector<float> velocity; ///< b; empty without momentum

        static constexpr void members(auto& self, auto&& member) { member("velocity", self.velocity); }
        friend bool operator==(state const&, state const&) = default;
    };
    [[nodiscard]] state start(std::size_t size) const {
        return {std::vector<float>(momentum > 0 ? size : 0)};
    }

    /// The learning rate is multiplied by `factor`, that of the schedule.  Each line of the formula is rounded to
    /// float; products of two floats are exact in double, so the bits do not depend on what the compiler fuses,
    /// nor on the number of threads.
    void step(state& now, std::span<tensor_layout const> layout, std::span<float const> gradient,
              std::span<float> parameters, double factor, std::size_t threads) const {
        std::size_t const size = parameters.size(), remembered = momentum > 0 ? size : 0;
        expects(gradient.size() == size, "the gradient has ", gradient.size(), " elements, there are ", size,
                " parameters");
        expects(now.velocity.size() == remembered, "the state is for ", now.velocity.size(),
                " parameters, not for ", remembered);
        double const rate = static_cast<float>(learning_rate * factor), keep = momentum;
        auto const pieces = cut(layout, size);
        parallel::run(pieces.size(), threads, [&](std::size_t number, std::size_t) {
            piece const part = pieces[number];
            double const decay = part.decays ? weight_decay : 0.0f;
            for (std::size_t k = part.begin; k < part.end; ++k) {
                float& p = parameters[k];
                float const g = part.decays ? static_cast<float>(gradient[k] + decay * p) : gradient[k];
                float u = g;
                if (remembered > 0) {
                    float& b = now.velocity[k];
                    b = static_cast<float>(g + keep * b);
                    u = nesterov ? static_cast<float>(g + keep * b) : b;
                }
                p = static_cast<float>(p - rate * u);
            }
        });
    }

private:
    struct piece {
        std::size_t begin, end;
        bool decays;
    };

    /// All of 0 ... size - 1, in order: what decays, and what lies between.
    [[nodiscard]] std::vector<piece> cut(std::span<tensor_layout const> layout, std::size_t size) const {
        std::vector<piece> decaying, all;
        for (auto const& tensor : layout)
            if (tensor.decays && weight_decay > 0)
                decaying.push_back({tensor.offset, tensor.offset + tensor.size, true});
        std::sort(decaying.begin(), decaying.end(),
                  [](auto const& a, auto const& b) { return a.begin < b.begin; });
        decaying.push_back({size, size, false});
        constexpr std::size_t block = 1 << 16;
        auto const add = [&](std::size_t begin, std::size_t end, bool decays) {
            for (; begin < end; begin += block) all.push_back({begin, std::min(end, begin + block), decays});
        };
        std::size_t done = 0;
        for (auto const& range : decaying) {
            add(done, range.begin, false);
            add(range.begin, range.end, true);
            done = range.end;
        }
        return all;
    }
};

} // namespace btard
