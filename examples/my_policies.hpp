// examples/my_policies.hpp: a rule and an attack of one's own for the programs: cmake -D BTARD_POLICIES=$PWD/my_policies.hpp
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/concept.hpp>
#include <btard/attack/concept.hpp>

#include <cstddef>
#include <span>
#include <tuple>

// simulate --rule midhinge{}: of each coordinate, the mean of the two quartiles.
struct midhinge {
    static constexpr auto name = "midhinge";
    static constexpr auto summary = "of each coordinate, the mean of the two quartiles";
    static constexpr void describe(auto&, auto&&) {}
    friend bool operator==(midhinge const&, midhinge const&) = default;

    static constexpr btard::rank_range ranks(std::size_t n) { return {n / 4, n - 1 - n / 4}; }
    template <class T>
    static constexpr T column(std::span<T const> sorted) {
        auto const [low, high] = ranks(sorted.size());
        return T((double(sorted[low]) + double(sorted[high])) / 2);
    }
};

// [attack]
// simulate --attack 'every_other{.scale = 5}', and trainer --attack 'every_other{}'
struct every_other {
    float scale = 1;

    static constexpr auto name = "every_other";
    static constexpr auto summary = "turns every other coordinate of its gradient around";
    static constexpr void describe(auto& self, auto&& field) {
        field("scale", self.scale, "how much longer it makes them");
    }
    friend bool operator==(every_other const&, every_other const&) = default;

    void corrupt_gradient(btard::attack_context const&, std::span<float> gradient) const {
        for (std::size_t k = 0; k < gradient.size(); k += 2) gradient[k] *= -scale;
    }
};

using app_aggregators = std::tuple<midhinge>; // both lists must be there, and may be empty
using app_attacks = std::tuple<every_other>;
// [attack]
