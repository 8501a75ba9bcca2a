// btard/testing/attack_laws.hpp: what must hold for every attack, yours too.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/attack/concept.hpp>
#include <btard/attack/scheduled.hpp>
#include <btard/core/error.hpp>
#include <btard/core/matrix_view.hpp>
#include <btard/core/random.hpp>
#include <btard/train/learnable.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace btard::testing {

/// A swarm of seven peers, the last two of them Byzantine, with gradients of two tensors: all that an attack
/// sees.
class attack_fixture {
public:
    static constexpr std::size_t size = 40;
    static constexpr std::int64_t classes = 10;

    attack_fixture() {
        random_stream values(derive({}, "attack laws"));
        for (float& g : gradients_) g = static_cast<float>(values.normal());
    }

    [[nodiscard]] attack_context at(std::size_t step, std::size_t self = 5) const {
        return {step,
                self,
                accomplices_,
                {gradients_.data(), 5, size},
                derive({}, "shared"),
                layout_,
                {gradients_.data() + 5 * size, 2, size}};
    }
    [[nodiscard]] std::vector<float> gradient(std::size_t peer) const {
        return {gradients_.begin() + std::ptrdiff_t(peer * size),
                gradients_.begin() + std::ptrdiff_t((peer + 1) * size)};
    }
    [[nodiscard]] std::span<float const> gradients() const { return gradients_; }

    /// All classes, and -100, the label of what has none.
    [[nodiscard]] static std::vector<std::int64_t> labels() {
        std::vector<std::int64_t> y(classes + 1, -100);
        std::iota(y.begin() + 1, y.end(), 0);
        return y;
    }

private:
    std::array<std::size_t, 2> accomplices_{5, 6};
    std::array<tensor_layout, 2> layout_{{{"weight", 0, {6, 5}, 30, true}, {"bias", 30, {10}, 10, false}}};
    std::vector<float> gradients_ = std::vector<float>(7 * size);
};

/// What a copy of the attack makes of a peer's labels and gradient.
struct attack_outcome {
    std::vector<std::int64_t> labels;
    std::vector<float> gradient;
    bool outside = false; ///< it wrote beyond the end of one of them
    bool acted = false;   ///< it says that it acts

    /// Equal bits: a NaN equals itself.
    friend bool operator==(attack_outcome const& a, attack_outcome const& b) {
        return a.labels == b.labels && a.outside == b.outside &&
               std::equal(a.gradient.begin(), a.gradient.end(), b.gradient.begin(), b.gradient.end(),
                          [](float x, float y) {
                              return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y);
                          });
    }
};

/// One step of an attacker, as a swarm does it; the attack goes on remembering.
template <attack A>
[[nodiscard]] attack_outcome attack_step(A& a, attack_context const& at, std::vector<float> gradient) {
    attack_outcome result{attack_fixture::labels(), std::move(gradient)};
    std::size_t const labels = result.labels.size(), size = result.gradient.size();
    result.labels.push_back(77);
    result.gradient.push_back(77);
    auto const row = std::span{result.gradient}.first(size);
    corrupt_labels(a, at, std::span{result.labels}.first(labels), attack_fixture::classes);
    watch_gradient(a, at, row);
    result.acted = acts_at(a, at);
    corrupt_gradient(a, at, row);
    result.outside = result.labels.back() != 77 || result.gradient.back() != 77;
    result.labels.pop_back();
    result.gradient.pop_back();
    return result;
}

/// The same of a copy, which remembers what `a` does.
template <attack A>
[[nodiscard]] attack_outcome attack_once(A a, attack_fixture const& swarm, attack_context const& at) {
    return attack_step(a, at, swarm.gradient(at.self));
}

/// What an attack may be expected to send.
enum class sends { numbers, anything };

/// The laws that an attack breaks, one sentence a line; "" is what you want: `CHECK(broken_laws(my_attack{})
/// == "")`.
///
/// The attack must be scheduled for some of the steps 0 ... 199, or always on.  One that sends what is no number
/// says so: `broken_laws(not_finite{}, sends::anything)`.
template <attack A>
    requires std::copy_constructible<A>
[[nodiscard]] std::string broken_laws(A a, sends expected = sends::numbers) {
    std::string broken;
    auto const law = [&broken](bool holds, std::size_t step, std::string_view sentence) {
        if (!holds && broken.find(sentence) == std::string::npos)
            broken += concat("step ", step, ": ", sentence, "\n");
    };
    attack_fixture const swarm;
    std::vector<float> const before(swarm.gradients().begin(), swarm.gradients().end());
    schedule const odd{.start = 1, .every = 2};
    [[maybe_unused]] auto at_odd_steps = [&] {
        if constexpr (std::same_as<A, honest>) return honest{};
        else return scheduled<A>{a, odd};
    }();

    for (std::size_t step = 0; step < 200; ++step) {
        auto const at = swarm.at(step);
        auto own = swarm.gradient(at.self); // another one at each step
        std::rotate(own.begin(), own.begin() + std::ptrdiff_t(step % own.size()), own.end());
        attack_outcome const untouched{swarm.labels(), own};
        A again = a;
        auto const outcome = attack_step(a, at, own);
        law(outcome == attack_step(again, at, own), step, "the same context gives other bits");
        law(!outcome.outside, step, "it writes beyond the end");
        law(expected == sends::anything || std::all_of(outcome.gradient.begin(), outcome.gradient.end(),
                                                       [](float g) { return std::isfinite(g); }),
            step, "a finite gradient becomes infinite or NaN");
        law(outcome.labels.front() == untouched.labels.front(), step, "it changes a label that means: none");
        law(std::all_of(outcome.labels.begin() + 1, outcome.labels.end(),
                        [](std::int64_t y) { return y >= 0 && y < attack_fixture::classes; }),
            step, "a label leaves the range of the classes");
        law(outcome.acted || outcome == untouched, step, "it acts where acts_at says that it does not");
        law(step >= first_step(a) || !outcome.acted, step, "it acts before first_step");
        law(acts_on_labels(a) || outcome.labels == untouched.labels, step,
            "it changes labels and acts_on_labels denies it");

        if constexpr (!std::same_as<A, honest>) {
            auto const now_and_then = attack_step(at_odd_steps, at, own);
            law(now_and_then == (step % 2 == 1 ? outcome : untouched), step,
                "under a schedule it is not itself at the chosen steps and honest at the others");
        }
    }
    law(std::equal(before.begin(), before.end(), swarm.gradients().begin()), 199,
        "it changes the gradients of others");
    return broken;
}

} // namespace btard::testing
