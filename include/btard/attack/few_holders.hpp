// btard/attack/few_holders.hpp: an aggregate that hardly anybody has, and that many say they have.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/protocol/conduct.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <variant>

namespace btard {

/// Gives the aggregate of its part to as few honest members as it takes, the last ones in the roster, for the part to
/// stand when all accomplices say that they have it.  They answer no question for it: all other members must find the few
/// in time, or cannot go on.
struct few_holders {
    std::uint64_t start = 0; ///< the first step

    static constexpr auto name = "few_holders";
    static constexpr auto summary = "gives its aggregate to as few as it takes for the part to stand";
    static constexpr void describe(auto& self, auto&& field) { field("start", self.start, "the first step"); }
    friend bool operator==(few_holders const&, few_holders const&) = default;

    template <class P, class Body>
        requires std::same_as<Body, wire::reveal>
    [[nodiscard]] bool shape(deed<P> const& at, Body& body) const {
        if (at.step() >= start) body.aggregates.fill();
        return true;
    }
    template <class P>
    [[nodiscard]] fate pass(deed<P> const& at, public_key const& to, wire::message& message) const {
        auto const* const made = std::get_if<wire::aggregate>(&message);
        if (at.step() < start || !made || made->step != at.step()) return {};
        if (!at.is_accomplice(at.self.state().key(at.self.state().part(made->part).owner))) return {};
        auto const& members = at.self.state().members->members();
        auto const liars =
            std::ranges::count_if(members, [&](log_member const& one) { return at.is_accomplice(one.key); });
        std::size_t needed = members.size() / 2 + 1 - std::min(members.size() / 2, static_cast<std::size_t>(liars));
        for (std::size_t k = members.size(); k-- > 0 && needed > 0;) {
            if (at.is_accomplice(members[k].key)) continue;
            if (members[k].key == to) return {};
            --needed;
        }
        return {.sent = false};
    }
};

static_assert(described<few_holders>);

} // namespace btard
