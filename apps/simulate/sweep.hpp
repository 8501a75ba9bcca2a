// apps/simulate/sweep.hpp: every rule with every attack and every seed.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "conduct_setting.hpp"

#include "../common/choices.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace btard::apps {

/// The three axes, as they are shown.  Run (r, a, s) stands in the list of curves at `at(r, a, s)`.
struct sweep {
    std::vector<std::string> rules, attacks;
    std::vector<std::uint64_t> seeds;

    [[nodiscard]] std::size_t size() const { return rules.size() * attacks.size() * seeds.size(); }
    [[nodiscard]] std::size_t at(std::size_t rule, std::size_t attack, std::size_t seed) const {
        return (rule * attacks.size() + attack) * seeds.size() + seed;
    }
    friend bool operator==(sweep const&, sweep const&) = default;
};

/// Names that tell them apart: "krum"; where two have the same name, "krum{.byzantine = 3}", with the fields
/// in which they differ; where that is not enough, the whole text.
[[nodiscard]] std::vector<std::string> labels_of(std::vector<any_aggregator> const& rules);

/// The same; to attack in no way is "no attack".
[[nodiscard]] std::vector<std::string> labels_of(std::vector<any_attack> const& attacks);

/// Each attack with each conduct, one after another: they share an axis.  "sign_flip + slander", "slander" without an
/// attack, "sign_flip" where nothing is done to the protocol.
[[nodiscard]] std::vector<std::string> labels_of(std::vector<any_attack> const& attacks,
                                                 std::vector<conduct_setting> const& conducts);

} // namespace btard::apps
