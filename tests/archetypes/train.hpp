// tests/archetypes/train.hpp: an attack and a task with the required members and no others.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/attack/concept.hpp>
#include <btard/train/learnable.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace archetype {

/// Moved, and nothing else: what `attack` asks for.
struct gradient_attack {
    explicit gradient_attack(int) {}
    gradient_attack(gradient_attack&&) = default;
    gradient_attack& operator=(gradient_attack&&) = default;

    void corrupt_gradient(btard::attack_context const&, std::span<float> gradient) { gradient[0] = 7; }
};

struct labels_attack {
    explicit labels_attack(int) {}
    labels_attack(labels_attack&&) = default;
    labels_attack& operator=(labels_attack&&) = default;

    void corrupt_labels(btard::attack_context const&, std::span<std::int64_t> labels, std::int64_t) {
        labels[0] = 0;
    }
};

/// Copied, too: what a swarm asks for, which has one for each peer.
struct copied_attack {
    explicit copied_attack(int) {}

    void corrupt_gradient(btard::attack_context const&, std::span<float> gradient) { gradient[0] = 7; }
};

/// Converts to a number, and is none.
template <class T>
struct number {
    operator T() const { return value; }
    T value;
};

struct learnable {
    explicit learnable(int) {}
    learnable(learnable const&) = default;
    learnable& operator=(learnable const&) = delete;

    number<std::size_t> size() const { return {3}; }
    std::array<btard::tensor_layout, 1> layout() const {
        return {btard::tensor_layout{"x", 0, {3}, 3, true}};
    }
    bool labelled() const { return true; }
    void initialize(btard::seed, std::span<float> out) { out[0] = 1; }
    number<float> gradient(std::span<float const> parameters, btard::seed, btard::labels_hook labels,
                           std::span<float> out) {
        std::array<std::int64_t, 1> y{1};
        labels(y, 2);
        for (std::size_t k = 0; k < 3; ++k) out[k] = parameters[k];
        return {parameters[0]};
    }
    number<float> evaluate(std::span<float const> parameters) { return {parameters[0]}; }
};

static_assert(btard::attack<gradient_attack> && btard::attack<labels_attack> && btard::attack<copied_attack>);
static_assert(btard::learnable<learnable>);

} // namespace archetype
