// btard/attack/label_flip.hpp: an honest gradient of false labels.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/attack/concept.hpp>

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace btard {

/// The false label of y among C classes; the words of a text, `reverse` and `next`.
enum class label_map {
    reverse, ///< C - 1 - y
    next,    ///< (y + 1) mod C
};
constexpr auto enum_names(label_map) { return std::array<std::string_view, 2>{"reverse", "next"}; }

/// Learns from false labels, and is otherwise honest: the gradient has an ordinary length.
///
///     y <- C - 1 - y   or   y <- (y + 1) mod C
///
/// The BTARD paper reverses the labels of CIFAR-10 and takes the next token for ALBERT; with two classes, as
/// in sentence order, both are the same.  A label outside of 0 ... C - 1 means "none" and stays.
///
/// Tolpegin, Truex, Gursoy, Liu. Data Poisoning Attacks Against Federated Learning Systems. ESORICS 2020.
/// https://arxiv.org/abs/2007.08432
struct label_flip {
    label_map map = label_map::reverse; ///< which label stands for which

    static constexpr auto name = "label_flip";
    static constexpr auto summary = "computes its gradient from false labels";
    static constexpr void describe(auto& self, auto&& field) {
        field("map", self.map, "the false label of y among C classes: C-1-y, or the next one");
    }
    friend bool operator==(label_flip const&, label_flip const&) = default;

    void corrupt_labels(attack_context const&, std::span<std::int64_t> labels, std::int64_t classes) const {
        for (std::int64_t& y : labels)
            if (y >= 0 && y < classes) y = map == label_map::reverse ? classes - 1 - y : (y + 1) % classes;
    }
};

static_assert(attack<label_flip> && !corrupts_gradient<label_flip>);

} // namespace btard
