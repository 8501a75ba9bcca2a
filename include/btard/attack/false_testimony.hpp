// btard/attack/false_testimony.hpp: a worker whose two numbers do not follow from its row.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/conduct.hpp>
#include <btard/protocol/step/testimony.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <array>
#include <cstddef>
#include <limits>
#include <string_view>

namespace btard {

enum class falsehood {
    projection, ///< of the other sign: within the bounds
    distance,   ///< larger than it is
    not_finite, ///< no row leads to it
    huge,       ///< nor to this
};
constexpr auto enum_names(falsehood) {
    return std::array<std::string_view, 4>{"projection", "distance", "not_finite", "huge"};
}

/// Says something else of its row than what follows from it.
struct false_testimony {
    falsehood what = falsehood::projection;
    bool to_accomplices = false; ///< only of parts whose owners will not accuse it; else of all the others

    static constexpr auto name = "false_testimony";
    static constexpr auto summary = "says of its row what does not follow from it";
    static constexpr void describe(auto& self, auto&& field) {
        field("what", self.what, "what is wrong with it");
        field("to_accomplices", self.to_accomplices, "only of parts that an accomplice owns; else of all the others");
    }
    friend bool operator==(false_testimony const&, false_testimony const&) = default;

    template <class P>
    [[nodiscard]] bool shape(deed<P> const& at, wire::testify& said) const {
        auto const& here = at.self.state();
        auto const standing = here.record.standing_parts();
        if (said.parts.size() != standing.size()) return true;
        for (std::size_t j = 0; j < standing.size(); ++j) {
            auto const& owner = here.key(here.part(standing[j]).owner);
            if (owner != at.self.key() && at.is_accomplice(owner) == to_accomplices) falsify(said.parts[j]);
        }
        return true;
    }

private:
    void falsify(testimony& one) const {
        switch (what) {
        case falsehood::projection: one.projection = -one.projection; return;
        case falsehood::distance: one.distance = one.distance * 2 + 1; return;
        case falsehood::not_finite: one.projection = std::numeric_limits<double>::quiet_NaN(); return;
        case falsehood::huge: one.projection = 1e300; return;
        }
    }
};

} // namespace btard
