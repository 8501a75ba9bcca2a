// btard/aggregate/start_point.hpp: where a rule starts, and around which point the rows are centred.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/policy_text.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace btard {

/// A start point, written `lower_median`, `row(3)`, ...
///
/// Semantics: the first five can be formed by a backend in the pass that computes G.  `mean` and `origin` are
/// starts of an iteration only: the rows are then centred on the lower median all the same, because with v0 far
/// away from the rows all digits of their differences are lost.
struct start_point {
    enum class kind { given, lower_median, upper_median, midpoint, row, mean, origin };

    static constexpr auto kinds = "given|lower_median|upper_median|midpoint|row(INDEX)|mean|origin";

    kind at = kind::lower_median;
    std::size_t index = 0; ///< of `row`

    static start_point const given;        ///< what `out` holds on entry, such as the last aggregate
    static start_point const lower_median; ///< per coordinate, sorted[(n - 1) / 2]
    static start_point const upper_median; ///< sorted[n / 2]
    static start_point const midpoint;     ///< the mean of both
    static start_point const mean;         ///< the weighted mean
    static start_point const origin;       ///< zero
    static constexpr start_point row(std::size_t i) { return {kind::row, i}; }

    /// The point around which the rows are centred.
    [[nodiscard]] constexpr start_point reference() const {
        return at == kind::mean || at == kind::origin ? start_point{kind::lower_median} : *this;
    }

    friend bool operator==(start_point const&, start_point const&) = default;

    [[nodiscard]] std::string text() const {
        return at == kind::row ? concat("row(", index, ")") : std::string(names[std::size_t(at)]);
    }
    [[nodiscard]] static start_point from_tree(policy_tree const& tree) {
        for (std::size_t k = 0; k < names.size(); ++k) {
            if (tree.word != names[k]) continue;
            start_point result{kind(k)};
            if (result.at == kind::row) assign(tree.argument_value(), result.index);
            else if (!tree.is_word()) tree.refuse(concat(tree.word, " has no arguments"), tree.word);
            return result;
        }
        tree.refuse(concat("'", tree.word, "' is no start point"), kinds);
    }

private:
    static constexpr std::array<std::string_view, 7> names{"given", "lower_median", "upper_median", "midpoint",
                                                           "row",   "mean",         "origin"};
};

inline constexpr start_point start_point::given{kind::given};
inline constexpr start_point start_point::lower_median{kind::lower_median};
inline constexpr start_point start_point::upper_median{kind::upper_median};
inline constexpr start_point start_point::midpoint{kind::midpoint};
inline constexpr start_point start_point::mean{kind::mean};
inline constexpr start_point start_point::origin{kind::origin};

} // namespace btard
