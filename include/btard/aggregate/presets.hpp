// btard/aggregate/presets.hpp: the parameters that reproduce public systems, by their names.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/centered_clip.hpp>
#include <btard/aggregate/clipping.hpp>
#include <btard/aggregate/coordinate_median.hpp>
#include <btard/aggregate/geometric_median.hpp>
#include <btard/aggregate/krum.hpp>
#include <btard/aggregate/multi_krum.hpp>

#include <cstddef>

/// Rules disagree between systems in neighbour counts, medians, starts and stops, so numbers of one do not come
/// out of another.  `presets::byzfl::krum(f)` is Krum as that system computes it.
namespace btard::presets {

namespace paper { // as published
constexpr btard::coordinate_median coordinate_median() { return {.middle = middle::midpoint}; }
constexpr btard::centered_clip centered_clip(double tau) { return {.tau = tau}; }
constexpr btard::geometric_median geometric_median() { return {}; }
constexpr btard::krum krum(std::size_t f) { return {.byzantine = f}; }
constexpr btard::multi_krum multi_krum(std::size_t f, std::size_t m) { return {.byzantine = f, .selected = m}; }
} // namespace paper

namespace btard_code { // yandex-research/btard
constexpr btard::coordinate_median coordinate_median() { return {.middle = middle::lower}; }
/// The ALBERT part: a fixed count.
constexpr btard::centered_clip centered_clip(double tau, std::size_t iterations = 20) {
    return {.tau = tau, .iterations = iterations};
}
/// The ResNet part: at most 500 iterations, ends after a step of at most 1e-6.
constexpr btard::centered_clip centered_clip_resnet(double tau, std::size_t iterations = 500, double eps = 1e-6) {
    return {.tau = tau, .iterations = iterations, .step = eps};
}
} // namespace btard_code

namespace hivemind { // learning-at-home/hivemind, branch centered-clip, without stop_delta
constexpr btard::coordinate_median coordinate_median() { return {.middle = middle::upper}; }
constexpr btard::centered_clip centered_clip(double tau = 1, std::size_t iterations = 20) {
    return {.tau = tau, .iterations = iterations, .start_at = start_point::upper_median};
}
} // namespace hivemind

namespace byzfl { // LPD-EPFL/byzfl
constexpr btard::coordinate_median coordinate_median() { return {.middle = middle::midpoint}; }
/// Starts at the last result, which is what `out` holds: zeros at first.
constexpr btard::centered_clip centered_clip(double tau = 100, std::size_t iterations = 1) {
    return {.tau = tau, .iterations = iterations, .start_at = start_point::given};
}
constexpr btard::geometric_median geometric_median(double nu = 0.1, std::size_t iterations = 3) {
    return {.nu = nu, .iterations = iterations, .start_at = start_point::origin};
}
constexpr btard::krum krum(std::size_t f) { return {.byzantine = f, .besides = 1}; }
constexpr btard::multi_krum multi_krum(std::size_t f) { return {.byzantine = f, .besides = 1}; }
constexpr btard::clipping clipping(double c = 2) { return {.radius = c}; }
} // namespace byzfl

} // namespace btard::presets
