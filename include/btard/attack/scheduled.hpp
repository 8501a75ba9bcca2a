// btard/attack/scheduled.hpp: when an attack is on.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/attack/concept.hpp>
#include <btard/attack/needs.hpp>
#include <btard/core/error.hpp>
#include <btard/core/random.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>

namespace btard {

/// Some steps of a run: start, start + every, start + 2 every, ... before stop, each with a probability that
/// is drawn anew for each peer and step.
struct schedule {
    std::size_t start = 0;                ///< the first step
    std::optional<std::size_t> stop = {}; ///< the step at which it is over; absent: never
    std::size_t every = 1;                ///< one step out of so many
    double probability = 1;               ///< with which a peer attacks at such a step

    static constexpr auto name = "schedule";
    static constexpr auto summary = "the steps at which an attack is on";
    static constexpr void describe(auto& self, auto&& field) {
        field("start", self.start, "the first step of the attack");
        field("stop", self.stop, "the step at which it is over; absent: never");
        field("every", self.every, "attack at one step out of so many");
        field("probability", self.probability, "with which a peer attacks at such a step");
    }
    friend bool operator==(schedule const&, schedule const&) = default;

    void validate() const {
        expects(every > 0, "every is 0, it must be 1 or more");
        expects(!stop || *stop > start, "stop is ", stop.value_or(0), ", the attack begins at ", start,
                " and would never be on");
        expects(probability >= 0 && probability <= 1, "probability is ", probability, ", it must be 0 to 1");
    }

    /// The draw is a function of the context: whoever asks, and however often, gets the same answer.
    [[nodiscard]] bool contains(attack_context const& at) const {
        if (at.step < start || (stop && at.step >= *stop) || (at.step - start) % every != 0) return false;
        random_stream coin(derive(at.shared, name, {at.step, at.self}));
        return coin.uniform() < probability;
    }
};

/// Does this attack really do something at this step?  (An honest peer does nothing at any.)
template <attack A>
[[nodiscard]] bool acts_at(A const& a, attack_context const& at) {
    if constexpr (requires { a.acts_at(at); }) return a.acts_at(at);
    else return !std::same_as<A, honest>;
}

inline constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

/// The step before which the attack surely does nothing, and needs to see nothing, so that runs with and without
/// it may share the steps until then; `never` for an honest peer.
template <attack A>
[[nodiscard]] std::size_t first_step(A const& a) {
    if constexpr (requires { a.first_step(); }) return a.first_step();
    else return std::same_as<A, honest> ? never : 0;
}

/// Does it change labels?  Then it makes sense only where there are some.
template <attack A>
[[nodiscard]] bool acts_on_labels(A const& a) {
    if constexpr (requires { a.acts_on_labels(); }) return a.acts_on_labels();
    else return corrupts_labels<A>;
}

/// An attack that is on at the steps of a schedule; at the others the peer is honest.
///
/// `scheduled{sign_flip{.scale = 1'000}, {.start = 100}}` is an attack again, with the hooks of the inner
/// one.
template <attack A>
struct scheduled {
    A inner{};
    schedule when{};

    static constexpr auto name = "scheduled";
    static constexpr auto summary = "an attack that is on at some steps only";
    static constexpr void describe(auto& self, auto&& field) {
        field("", self.inner);
        field("", self.when);
    }
    friend bool operator==(scheduled const&, scheduled const&) = default;

    void corrupt_labels(attack_context const& at, std::span<std::int64_t> labels, std::int64_t classes)
        requires corrupts_labels<A>
    {
        if (when.contains(at)) inner.corrupt_labels(at, labels, classes);
    }
    void corrupt_gradient(attack_context const& at, std::span<float> gradient)
        requires corrupts_gradient<A>
    {
        if (when.contains(at)) inner.corrupt_gradient(at, gradient);
    }
    void watch_gradient(attack_context const& at,
                        std::span<float const> gradient) requires watches_gradient<A> {
        inner.watch_gradient(at, gradient);
    }

    [[nodiscard]] bool acts_at(attack_context const& at) const {
        return when.contains(at) && btard::acts_at(inner, at);
    }
    [[nodiscard]] std::size_t first_step() const {
        return std::max(when.start - std::min(when.start, steps_watched()), btard::first_step(inner));
    }
    [[nodiscard]] bool acts_on_labels() const { return btard::acts_on_labels(inner); }
    [[nodiscard]] std::size_t steps_watched() const { return btard::steps_watched(inner); }
    [[nodiscard]] std::size_t steps_back() const
        requires looks_back<A>
    {
        return inner.steps_back();
    }
    [[nodiscard]] bool reads_accomplices() const { return btard::reads_accomplices(inner); }
    [[nodiscard]] std::size_t memory_of(std::size_t size) const { return btard::memory_of(inner, size); }
    void check_size(std::size_t size) const { btard::check_size(inner, size); }
};
template <class A>
scheduled(A, schedule) -> scheduled<A>; // clang before 17 has no aggregate deduction

static_assert(!attack<scheduled<honest>>); // it has no hook: write honest{}

} // namespace btard
