// btard/attack/concept.hpp: what a Byzantine peer may do, one optional hook for each place it can do it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/matrix_view.hpp>
#include <btard/core/types.hpp>
#include <btard/train/learnable.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace btard {

/// All that an omniscient attacker may know.  Which of it an attack reads shows in the attack's body.
struct attack_context {
    std::size_t step = 0;
    std::size_t self = 0;                     ///< the peer that attacks
    std::span<std::size_t const> accomplices; ///< every Byzantine peer still there, `self` among them
    matrix_view<float const> honest;          ///< (honest peers, size) their gradients of this step
    seed shared;                              ///< common to all attackers of the run, the same at every step
    std::span<tensor_layout const> layout;    ///< the tensors in the flat gradient
    matrix_view<float const> colluding = {};  ///< (accomplices, size) theirs, for an attack that asks
    std::span<float const> earlier = {};      ///< its own of `steps_back` steps ago, for an attack that asks
    std::size_t earliest = std::numeric_limits<std::size_t>::max(); ///< the first step that `earlier` can be of
};

/// Hooks.  Each is optional; a type with none of them, and that is not `honest`, is no attack.
template <class A>
concept corrupts_labels =
    requires(A& a, attack_context const& at, std::span<std::int64_t> labels, std::int64_t classes) {
        a.corrupt_labels(at, labels, classes); // before the gradient is computed
    };
template <class A>
concept corrupts_gradient = requires(A& a, attack_context const& at, std::span<float> gradient) {
    a.corrupt_gradient(at, gradient); // in: the peer's own gradient, out: what it sends
};
/// For attacks that remember: before `corrupt_gradient`, and at the steps at which a schedule says no, too.
template <class A>
concept watches_gradient = requires(A& a, attack_context const& at, std::span<float const> gradient) {
    a.watch_gradient(at, gradient); // the peer's own gradient
};

/// Does what it should.
struct honest {
    static constexpr auto name = "honest";
    static constexpr auto summary = "does what it should";
    static constexpr void describe(auto&, auto&&) {}
    friend bool operator==(honest const&, honest const&) = default;
};

/// A policy for a Byzantine peer: a regular value with named fields.
///
/// Semantics: a hook is called only on Byzantine peers, once a step; randomness comes from `at.shared`.  What an
/// attack remembers is changed by `watch_gradient` alone, so that a schedule takes nothing from its memory.
template <class A>
concept attack = std::movable<A> && (corrupts_labels<A> || corrupts_gradient<A> || std::same_as<A, honest>);

static_assert(attack<honest> && !corrupts_gradient<honest>);

/// Calls the hook where the attack has it, does nothing where it has not.
template <attack A>
constexpr void corrupt_labels(A& a, attack_context const& at, std::span<std::int64_t> labels, std::int64_t classes) {
    if constexpr (corrupts_labels<A>) a.corrupt_labels(at, labels, classes);
}
template <attack A>
constexpr void corrupt_gradient(A& a, attack_context const& at, std::span<float> gradient) {
    if constexpr (corrupts_gradient<A>) a.corrupt_gradient(at, gradient);
}
template <attack A>
constexpr void watch_gradient(A& a, attack_context const& at, std::span<float const> gradient) {
    if constexpr (watches_gradient<A>) a.watch_gradient(at, gradient);
}

} // namespace btard
