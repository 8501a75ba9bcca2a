// btard/train/quadratic.hpp: the smallest thing to train: a noisy bowl whose bottom is known.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/random.hpp>
#include <btard/core/types.hpp>
#include <btard/train/learnable.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace btard {

/// A separable quadratic with a public optimum, for tests, examples and theory.
///
///     loss(x) = sum_k h_k (x_k - o_k)^2 / 2 + noise sum_k e_k (x_k - o_k)
///
/// with o_k uniform in [-1, 1), curvatures h_k evenly spread from 1 / condition to 1, and e_k standard
/// normal, drawn from the seed of the gradient; `evaluate` leaves the noise out.  Its tensors are a "weight"
/// of three quarters of the coordinates and a "bias" of the others, which does not decay.
struct quadratic {
    std::size_t dimension = 1'000;
    float noise = 0.1f;        ///< standard deviation of each coordinate of a gradient
    float condition = 10;      ///< the largest curvature is 1, the smallest is 1 / condition
    std::uint64_t problem = 0; ///< which optimum: each number has its own

    static constexpr auto name = "quadratic";
    static constexpr auto summary = "a noisy quadratic bowl with a known bottom";
    static constexpr void describe(auto& self, auto&& field) {
        field("dimension", self.dimension, "number of parameters");
        field("noise", self.noise, "standard deviation of each coordinate of a gradient");
        field("condition", self.condition, "the largest curvature over the smallest");
        field("problem", self.problem, "which optimum: each number has its own");
    }
    friend bool operator==(quadratic const&, quadratic const&) = default;

    void validate() const {
        expects(dimension > 0, "dimension is 0, it must be 1 or more");
        expects(noise >= 0 && std::isfinite(noise), "noise is ", noise,
                ", it must be finite and not negative");
        expects(condition >= 1 && std::isfinite(condition), "condition is ", condition,
                ", it must be 1 or more");
    }

    [[nodiscard]] std::size_t size() const { return dimension; }
    [[nodiscard]] std::vector<tensor_layout> layout() const {
        std::size_t const bias = dimension / 4, weight = dimension - bias;
        std::vector<tensor_layout> tensors{{"weight", 0, {weight}, weight, true}};
        if (bias > 0) tensors.push_back({"bias", weight, {bias}, bias, false});
        return tensors;
    }
    [[nodiscard]] static bool labelled() { return false; }

    /// Standard normal.
    void initialize(seed from, std::span<float> out) const {
        random_stream values(derive(from, "initialize"));
        for (float& x : out) x = static_cast<float>(values.normal());
    }

    /// The bottom of the bowl.
    void optimum(std::span<float> out) const {
        random_stream values(derive({problem, 0}, "optimum"));
        for (float& o : out) o = static_cast<float>(values.uniform() * 2 - 1);
    }

    double gradient(std::span<float const> parameters, seed from, labels_hook, std::span<float> out) const {
        random_stream errors(derive(from, "noise"));
        optimum(out);
        double loss = 0;
        for (std::size_t k = 0; k < out.size(); ++k) {
            double const distance = double{parameters[k]} - out[k], h = curvature(k);
            double const slope = noise * errors.normal();
            out[k] = static_cast<float>(std::fma(h, distance, slope));
            loss = std::fma(std::fma(h / 2, distance, slope), distance, loss);
        }
        return loss;
    }

    double evaluate(std::span<float const> parameters) const {
        std::vector<float> bottom(dimension);
        optimum(bottom);
        double loss = 0;
        for (std::size_t k = 0; k < dimension; ++k) {
            double const distance = double{parameters[k]} - bottom[k];
            loss = std::fma(curvature(k) / 2 * distance, distance, loss);
        }
        return loss;
    }

private:
    [[nodiscard]] double curvature(std::size_t k) const {
        double const place = dimension > 1 ? double(k) / double(dimension - 1) : 1.0, least = 1.0 / condition;
        return std::fma(1 - least, place, least);
    }
};

static_assert(learnable<quadratic>);

} // namespace btard
