// btard/protocol/conduct.hpp: what a Byzantine peer may do to the protocol, one optional hook for each place.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>

#include <concepts>
#include <vector>

namespace btard {

/// Does what it should.
struct upright {
    static constexpr auto name = "upright";
    static constexpr auto summary = "does what it should";
    static constexpr void describe(auto&, auto&&) {}
    friend bool operator==(upright const&, upright const&) = default;
};

/// Hooks.  Each is optional.  `self` is the peer, of which they see everything.  They are called before anything is
/// hashed or signed, so that a liar is consistent where it wants to be.
template <class C, class P>
concept shapes_part = requires(C& c, P const& self, part_id part, std::vector<float>& aggregate) {
    c.shape_part(self, part, aggregate); // of a part that this peer owns
};
template <class C, class P, class Body>
concept shapes_body = requires(C& c, P const& self, Body& body) {
    { c.shape(self, body) } -> std::same_as<bool>; // false: it says nothing in this phase
};

template <class C, class P>
constexpr void shape_part(C& conduct, P const& self, part_id part, std::vector<float>& aggregate) {
    if constexpr (shapes_part<C, P>) conduct.shape_part(self, part, aggregate);
}
template <class C, class P, class Body>
[[nodiscard]] constexpr bool shape(C& conduct, P const& self, Body& body) {
    if constexpr (shapes_body<C, P, Body>) return conduct.shape(self, body);
    else return true;
}

} // namespace btard
