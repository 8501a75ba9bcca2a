// btard/attack/presets.hpp: the attacks of public systems, by their names.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/attack/constant_direction.hpp>
#include <btard/attack/delayed_gradient.hpp>
#include <btard/attack/gaussian.hpp>
#include <btard/attack/inner_product.hpp>
#include <btard/attack/label_flip.hpp>
#include <btard/attack/little_is_enough.hpp>
#include <btard/attack/not_finite.hpp>
#include <btard/attack/sign_flip.hpp>

#include <cstddef>

/// One name means different vectors in different systems: sign flip is -mean(H), -g, -100 g or -1000 g, and
/// "a little is enough" goes to either side.  `presets::byzfl::sign_flip()` is what that system sends.
namespace btard::presets {

namespace btard_code { // yandex-research/btard
constexpr btard::sign_flip sign_flip() { return {.scale = 1'000}; }
constexpr btard::constant_direction constant_direction() { return {.scale = 1'000}; }
/// The ResNet part.  There it is on for 500 steps: `scheduled{delayed_gradient(), {.start = s, .stop = s + 500}}`.
inline btard::delayed_gradient delayed_gradient(std::size_t memory) {
    return {.delay = 1'000, .memory = memory};
}
constexpr btard::label_flip label_flip_resnet() { return {.map = label_map::reverse}; }
constexpr btard::label_flip label_flip_albert() { return {.map = label_map::next}; }
} // namespace btard_code

namespace byzfl { // LPD-EPFL/byzfl
constexpr btard::inner_product sign_flip() { return {.epsilon = 1}; }
constexpr btard::inner_product inner_product(double tau = 2) { return {.epsilon = tau}; }
constexpr btard::little_is_enough little_is_enough(double tau = 1.5) { return {.z = tau}; }
constexpr btard::gaussian gaussian(double mean = 0, double deviation = 1) {
    return {.mean = mean, .deviation = deviation};
}
constexpr btard::not_finite infinity() { return {.value = not_a_number::plus_infinity}; }
constexpr btard::label_flip label_flip() { return {.map = label_map::reverse}; }
} // namespace byzfl

namespace fedlib { // fedlib/fedlib
constexpr btard::sign_flip sign_flip() { return {.scale = 1}; }
constexpr btard::inner_product inner_product(double scale = 1) { return {.epsilon = scale}; }
constexpr btard::little_is_enough little_is_enough() { return {}; }
constexpr btard::gaussian noise(double mean = 0.1, double deviation = 0.1) {
    return {.mean = mean, .deviation = deviation, .together = false};
}
constexpr btard::label_flip label_flip() { return {.map = label_map::reverse}; }
} // namespace fedlib

namespace blades { // bladesteam/blades
using fedlib::label_flip, fedlib::noise, fedlib::sign_flip;
constexpr btard::inner_product inner_product(double epsilon = 0.5) { return {.epsilon = epsilon}; }
constexpr btard::little_is_enough little_is_enough() { return {.side = side::minus}; }
} // namespace blades

namespace epfml { // epfml/byzantine-robust-noniid-optimizer
constexpr btard::sign_flip bit_flip() { return {.scale = 1}; }
constexpr btard::inner_product inner_product(double epsilon = 0.1) { return {.epsilon = epsilon}; }
constexpr btard::little_is_enough little_is_enough() { return {.side = side::minus}; }
constexpr btard::label_flip label_flip() { return {.map = label_map::reverse}; }
} // namespace epfml

namespace garfield { // LPD-EPFL/Garfield
constexpr btard::sign_flip reverse() { return {.scale = 100}; }
constexpr btard::inner_product inner_product() { return {.epsilon = 10, .from = gradients_of::attackers}; }
constexpr btard::little_is_enough little_is_enough() { return {.z = 1.035, .from = gradients_of::attackers}; }
} // namespace garfield

namespace byzpy { // Byzpy/byzpy
constexpr btard::sign_flip sign_flip() { return {.scale = 1}; }
constexpr btard::inner_product empire() { return {.epsilon = 1}; }
constexpr btard::little_is_enough little_is_enough() {
    return {.sigma = deviation::population, .crowd = crowd::of_all};
}
constexpr btard::gaussian gaussian(double mean = 0, double deviation = 1) {
    return {.mean = mean, .deviation = deviation};
}
} // namespace byzpy

} // namespace btard::presets
