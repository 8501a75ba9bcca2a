// btard/attack/not_finite.hpp: NaN or infinities in place of a gradient.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/attack/concept.hpp>
#include <btard/core/error.hpp>

#include <array>
#include <cstddef>
#include <limits>
#include <span>
#include <string_view>

namespace btard {

enum class not_a_number { nan, plus_infinity, minus_infinity };
constexpr auto enum_names(not_a_number) {
    return std::array<std::string_view, 3>{"nan", "plus_infinity", "minus_infinity"};
}

/// Sends what is no number.  One such coordinate makes a sum useless, and goes unnoticed by a comparison; so rows
/// that are not finite reach no rule: the front door drops and reports them.
struct not_finite {
    not_a_number value = not_a_number::nan; ///< what it sends
    std::size_t every = 1;                  ///< one coordinate out of so many, the first among them

    static constexpr auto name = "not_finite";
    static constexpr auto summary = "sends NaN or infinities";
    static constexpr void describe(auto& self, auto&& field) {
        field("value", self.value, "nan, plus_infinity or minus_infinity");
        field("every", self.every, "in one coordinate out of so many, the first among them");
    }
    friend bool operator==(not_finite const&, not_finite const&) = default;

    void validate() const { expects(every > 0, "every is 0, it must be 1 or more"); }

    void corrupt_gradient(attack_context const&, std::span<float> gradient) const {
        using limits = std::numeric_limits<float>;
        float const sent = value == not_a_number::nan             ? limits::quiet_NaN()
                           : value == not_a_number::plus_infinity ? limits::infinity()
                                                                  : -limits::infinity();
        for (std::size_t k = 0; k < gradient.size(); ++k)
            if (k % every == 0) gradient[k] = sent;
    }
};

static_assert(attack<not_finite> && !corrupts_labels<not_finite>);

} // namespace btard
