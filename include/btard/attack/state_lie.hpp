// btard/attack/state_lie.hpp: a peer that says it has other parameters than it has.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/protocol/conduct.hpp>

#include <concepts>
#include <cstddef>

namespace btard {

/// The hash of its parameters, which every member says now and then, is wrong: all attackers say the same one.  A state
/// is never guilt, and nobody moves to one that a quorum has not signed, so nothing comes of it.
struct state_lie {
    static constexpr auto name = "state_lie";
    static constexpr auto summary = "says that its parameters are others";
    static constexpr void describe(auto&, auto&&) {}
    friend bool operator==(state_lie const&, state_lie const&) = default;

    template <class P, class Body>
        requires std::same_as<Body, wire::commit>
    [[nodiscard]] bool shape(deed<P> const&, Body& body) const {
        if (body.state) body.state->bytes[0] ^= std::byte{1};
        return true;
    }
};

static_assert(described<state_lie>);

} // namespace btard
