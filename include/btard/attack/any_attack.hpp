// btard/attack/any_attack.hpp: an attack that is chosen at run time, from its text.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/attack/concept.hpp>
#include <btard/attack/constant_direction.hpp>
#include <btard/attack/delayed_gradient.hpp>
#include <btard/attack/gaussian.hpp>
#include <btard/attack/inner_product.hpp>
#include <btard/attack/label_flip.hpp>
#include <btard/attack/little_is_enough.hpp>
#include <btard/attack/needs.hpp>
#include <btard/attack/not_finite.hpp>
#include <btard/attack/scheduled.hpp>
#include <btard/attack/sign_flip.hpp>
#include <btard/core/policy_text.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>

namespace btard {

/// All attacks that a text can name.
using attack_choice = std::variant<honest, sign_flip, label_flip, constant_direction, delayed_gradient,
                                   inner_product, little_is_enough, gaussian, not_finite>;

namespace detail {
/// The text `scheduled{...}`, before anybody knows which attack is in it.
template <class Choice>
struct scheduled_choice {
    Choice inner{};
    schedule when{};

    static constexpr auto name = scheduled<sign_flip>::name;
    static constexpr void describe(auto& self, auto&& field) {
        field("", self.inner);
        field("", self.when);
    }
};

template <class Choice>
struct attack_or_scheduled;
template <class... As>
struct attack_or_scheduled<std::variant<As...>> {
    using type = std::variant<As..., scheduled_choice<std::variant<As...>>>;
};
} // namespace detail

/// One attack of a choice (a `std::variant`), and when it is on.  Its text is that of the attack it stands for:
/// `sign_flip{.scale = 1000}`, or `scheduled{sign_flip{.scale = 1000}, {.start = 100}}`.
///
/// It is a template so that a program which does without it pays nothing for it when it is compiled.
template <class Choice>
struct any_attack_of {
    Choice inner{};
    std::optional<schedule> when = {}; ///< absent: always

    any_attack_of() = default;
    template <class A>
        requires std::constructible_from<Choice, A>
    any_attack_of(A choice, std::optional<schedule> steps = {}) : inner(std::move(choice)), when(steps) {}
    template <class A>
        requires std::constructible_from<Choice, A>
    any_attack_of(scheduled<A> choice) : inner(std::move(choice.inner)), when(choice.when) {}

    static constexpr auto name = "any_attack";
    static constexpr auto summary = "an attack chosen at run time";
    static constexpr void describe(auto& self, auto&& field) {
        field("", self.inner);
        field("", self.when);
    }
    friend bool operator==(any_attack_of const&, any_attack_of const&) = default;

    [[nodiscard]] std::string text() const {
        return when ? concat("scheduled{", to_text(inner), ", ", to_text(*when), "}") : to_text(inner);
    }
    [[nodiscard]] static any_attack_of from_tree(policy_tree const& tree) {
        typename detail::attack_or_scheduled<Choice>::type read;
        assign(tree, read);
        return std::visit(
            []<class A>(A& choice) -> any_attack_of {
                if constexpr (std::same_as<A, detail::scheduled_choice<Choice>>)
                    return {std::move(choice.inner), choice.when};
                else return std::move(choice);
            },
            read);
    }

    void corrupt_labels(attack_context const& at, std::span<std::int64_t> labels, std::int64_t classes) {
        if (is_on(at)) std::visit([&](auto& a) { btard::corrupt_labels(a, at, labels, classes); }, inner);
    }
    void corrupt_gradient(attack_context const& at, std::span<float> gradient) {
        if (is_on(at)) std::visit([&](auto& a) { btard::corrupt_gradient(a, at, gradient); }, inner);
    }
    void watch_gradient(attack_context const& at, std::span<float const> gradient) {
        std::visit([&](auto& a) { btard::watch_gradient(a, at, gradient); }, inner);
    }

    [[nodiscard]] bool acts_at(attack_context const& at) const {
        return is_on(at) && std::visit([&](auto const& a) { return btard::acts_at(a, at); }, inner);
    }
    [[nodiscard]] std::size_t first_step() const {
        std::size_t const first = std::visit([](auto const& a) { return btard::first_step(a); }, inner);
        return when ? std::max(first, when->start - std::min(when->start, steps_watched())) : first;
    }
    [[nodiscard]] bool acts_on_labels() const {
        return std::visit([](auto const& a) { return btard::acts_on_labels(a); }, inner);
    }
    [[nodiscard]] std::size_t steps_watched() const {
        return std::visit([](auto const& a) { return btard::steps_watched(a); }, inner);
    }
    [[nodiscard]] std::size_t steps_back() const {
        return std::visit([](auto const& a) { return btard::steps_back(a); }, inner);
    }
    [[nodiscard]] bool reads_accomplices() const {
        return std::visit([](auto const& a) { return btard::reads_accomplices(a); }, inner);
    }
    [[nodiscard]] std::size_t memory_of(std::size_t size) const {
        return std::visit([&](auto const& a) { return btard::memory_of(a, size); }, inner);
    }
    void check_size(std::size_t size) const {
        std::visit([&](auto const& a) { btard::check_size(a, size); }, inner);
    }

private:
    [[nodiscard]] bool is_on(attack_context const& at) const { return !when || when->contains(at); }
};

using any_attack = any_attack_of<attack_choice>;
static_assert(attack<any_attack> && attack<scheduled<any_attack>>);

} // namespace btard
