// btard/attack/needs.hpp: what an attack asks of the swarm that it is part of.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/attack/concept.hpp>

#include <concepts>
#include <cstddef>

namespace btard {

/// The bytes that one attacker uses for what it remembers, when a gradient has `size` elements.
template <attack A>
[[nodiscard]] std::size_t memory_of(A const& a, std::size_t size) {
    if constexpr (requires { a.memory_of(size); }) return a.memory_of(size);
    else return 0;
}

/// Asks an attack whether it can work on gradients of `size` elements: before a run, and not in the midst of it.
///
/// @throws contract_violation, with what would be right.
template <attack A>
void check_size(A const& a, std::size_t size) {
    if constexpr (requires { a.check_size(size); }) a.check_size(size);
}

/// The number of steps for which it has to watch its peer's gradients before it can act.
template <attack A>
[[nodiscard]] std::size_t steps_watched(A const& a) {
    if constexpr (requires { a.steps_watched(); }) return a.steps_watched();
    else return 0;
}

/// An attack that may want to see what its peer computed long ago, and does not keep it.  The swarm keeps a copy of
/// itself of that time instead, and lets it train again.
template <class A>
concept looks_back = attack<A> && requires(A const& a) {
    { a.steps_back() } -> std::same_as<std::size_t>; // 0: it does not
};
template <attack A>
[[nodiscard]] std::size_t steps_back(A const& a) {
    if constexpr (looks_back<A>) return a.steps_back();
    else return 0;
}

/// Does it read `at.colluding`?  That is a copy of the attackers' rows, made for those alone that ask.
template <attack A>
[[nodiscard]] bool reads_accomplices(A const& a) {
    if constexpr (requires { a.reads_accomplices(); }) return a.reads_accomplices();
    else return false;
}

} // namespace btard
