// btard/train/lamb.hpp: Adam whose steps are as long, tensor by tensor, as the parameters are large.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/norm.hpp>
#include <btard/core/parallel.hpp>
#include <btard/train/learnable.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace btard {

/// Layer-wise adaptive moments for large batches.
///
///     m <- beta1 m + (1 - beta1) g,    m' = m / (1 - beta1^t)
///     s <- beta2 s + (1 - beta2) g^2,  s' = s / (1 - beta2^t)
///     u = m' / (sqrt(s') + epsilon) + weight_decay p           (no decay for biases and LayerNorm)
///     p <- p - learning_rate (min(|p|, largest_norm) / |u|) u  for each tensor
///
/// The ratio of the norms is 1 where one of them is 0.  The defaults are those of ALBERT in the BTARD paper.
///
/// You, Li, Reddi, Hseu, Kumar, Bhojanapalli, Song, Demmel, Keutzer, Hsieh. Large Batch Optimization for Deep
/// Learning: Training BERT in 76 Minutes. ICLR 2020. https://arxiv.org/abs/1904.00962
struct lamb {
    float learning_rate = 0.00176f;
    float beta1 = 0.9f;
    float beta2 = 0.999f;
    float epsilon = 1e-6f;
    float weight_decay = 0.01f;
    float largest_norm = 10'000;

    static constexpr auto name = "lamb";
    static constexpr auto summary = "Adam with steps as long, tensor by tensor, as the parameters are large";
    static constexpr void describe(auto& self, auto&& field) {
        field("learning_rate", self.learning_rate,
              "length of a step, as a part of the length of each tensor");
        field("beta1", self.beta1, "how much of the mean of the gradients is kept");
        field("beta2", self.beta2, "how much of the mean of their squares is kept");
        field("epsilon", self.epsilon, "added to the root of that mean");
        field("weight_decay", self.weight_decay, "of weights, but not of biases and LayerNorm");
        field("largest_norm", self.largest_norm, "no tensor counts as longer than this");
    }
    friend bool operator==(lamb const&, lamb const&) = default;

    void validate() const {
        auto const finite = [](std::string_view field, float value) {
            expects(value >= 0 && std::isfinite(value), field, " is ", value,
                    ", it must be finite and not negative");
        };
        finite("learning_rate", learning_rate);
        finite("weight_decay", weight_decay);
        expects(epsilon > 0 && std::isfinite(epsilon), "epsilon is ", epsilon,
                ", it must be finite and positive: where no gradient came yet, it is all there is to divide by");
        expects(beta1 >= 0 && beta1 < 1, "beta1 is ", beta1, ", it must be in [0, 1)");
        expects(beta2 >= 0 && beta2 < 1, "beta2 is ", beta2, ", it must be in [0, 1)");
        expects(largest_norm > 0, "largest_norm is ", largest_norm, ", it must be positive");
    }

    struct state {
        std::vector<float> means;   ///< m
        std::vector<float> squares; ///< s
        double mean_weight = 0;     ///< 1 - beta1^t: the same running mean, of ones
        double square_weight = 0;   ///< 1 - beta2^t

        static constexpr void members(auto& self, auto&& member) {
            member("means", self.means);
            member("squares", self.squares);
            member("mean_weight", self.mean_weight);
            member("square_weight", self.square_weight);
        }
        friend bool operator==(state const&, state const&) = default;
    };
    [[nodiscard]] static state start(std::size_t size) {
        return {std::vector<float>(size), std::vector<float>(size)};
    }

    /// The learning rate is multiplied by `factor`, that of the schedule.
    ///
    /// Products of two floats are exact in double, so that the bits do not depend on what the compiler fuses;
    /// norms are sums over blocks of a fixed length in a fixed order, whatever the number of threads.
    void step(state& now, std::span<tensor_layout const> layout, std::span<float const> gradient,
              std::span<float> parameters, double factor, std::size_t threads) const {
        std::size_t const size = parameters.size();
        expects(gradient.size() == size, "the gradient has ", gradient.size(), " elements, there are ", size,
                " parameters");
        expects(now.means.size() == size, "the state is for ", now.means.size(), " parameters, there are ",
                size);
        now.mean_weight = std::fma(double{beta1}, now.mean_weight, double{1 - beta1});
        now.square_weight = std::fma(double{beta2}, now.square_weight, double{1 - beta2});

        auto blocks = cut(layout);
        std::vector<float> update(size);
        parallel::run(blocks.size(), threads, [&](std::size_t number, std::size_t) {
            auto& b = blocks[number];
            double const decay = layout[b.tensor].decays ? weight_decay : 0.0f;
            for (std::size_t k = b.begin; k < b.begin + b.size; ++k) {
                float const g = gradient[k];
                float& m = now.means[k];
                float& s = now.squares[k];
                m = static_cast<float>(double{beta1} * m + double{1 - beta1} * g);
                s = static_cast<float>(double{beta2} * s + double{1 - beta2} * (g * g));
                double const direction = m / now.mean_weight / (std::sqrt(s / now.square_weight) + epsilon);
                update[k] = static_cast<float>(direction + decay * parameters[k]);
            }
            b.parameters = squared_norm(parameters.subspan(b.begin, b.size));
            b.update = squared_norm(std::span(update).subspan(b.begin, b.size));
        });

        std::vector<double> rates(layout.size());
        for (std::size_t t = 0, b = 0; t < layout.size(); ++t) {
            double p = 0, u = 0;
            for (; b < blocks.size() && blocks[b].tensor == t; ++b) {
                p += blocks[b].parameters;
                u += blocks[b].update;
            }
            double const ratio =
                p == 0 || u == 0 ? 1 : std::min(std::sqrt(p), double{largest_norm}) / std::sqrt(u);
            rates[t] = static_cast<float>(learning_rate * factor * ratio);
        }
        parallel::run(blocks.size(), threads, [&](std::size_t number, std::size_t) {
            auto const& b = blocks[number];
            for (std::size_t k = b.begin; k < b.begin + b.size; ++k)
                parameters[k] = static_cast<float>(parameters[k] - rates[b.tensor] * update[k]);
        });
    }

private:
    struct block {
        std::size_t tensor, begin, size;
        double parameters = 0, update = 0; // sums of squares
    };

    static std::vector<block> cut(std::span<tensor_layout const> layout) {
        constexpr std::size_t length = 1 << 14;
        std::vector<block> blocks;
        for (std::size_t t = 0; t < layout.size(); ++t)
            for (std::size_t k = 0; k < layout[t].size; k += length)
                blocks.push_back({t, layout[t].offset + k, std::min(length, layout[t].size - k)});
        return blocks;
    }
};

} // namespace btard
