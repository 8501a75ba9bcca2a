// btard/attack/leave_before_accusation.hpp: an attacker that vanishes as soon as it knows that it will be found out.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/protocol/conduct.hpp>

#include <concepts>
#include <cstdint>

namespace btard {

/// r says who checks whom before anybody is accused.  An attacker that is to be checked by somebody who is no accomplice
/// falls silent at the end of REVEAL, or only when the accusation is due, in the step after.  It saves nothing: its
/// validator accuses whoever is absent or gone, too.
struct leave_before_accusation {
    phase at_phase = phase::testimony; ///< from which on it is silent: `testimony`, or `accuse` of the step after
    bool gone = false;                 ///< it has vanished

    static constexpr auto name = "leave_before_accusation";
    static constexpr auto summary = "vanishes once an honest validator is drawn for it";
    static constexpr void describe(auto& self, auto&& field) {
        field("at_phase", self.at_phase, "testimony: when it knows; another one: in that phase of the step after");
    }
    friend bool operator==(leave_before_accusation const&, leave_before_accusation const&) = default;

    template <class P, class Body>
    [[nodiscard]] bool shape(deed<P> const& at, Body&) {
        if (at_phase == phase::testimony) {
            if constexpr (std::same_as<Body, wire::testify>)
                gone |= at.is_found_out(at.self.state().record, at.self.state().self);
        } else if (auto const* const last = at.self.last_state(); last && at.where_phase() >= at_phase) {
            gone |= at.is_found_out(last->record, last->self);
        }
        return !gone;
    }
    template <class P>
    [[nodiscard]] fate pass(deed<P> const&, public_key const&, wire::message&) const {
        return {.sent = !gone};
    }
};

static_assert(described<leave_before_accusation>);

} // namespace btard
