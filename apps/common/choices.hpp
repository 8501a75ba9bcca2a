// apps/common/choices.hpp: the rules and attacks that the programs can name: those of the library, and the user's own.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#ifdef BTARD_POLICIES
#include BTARD_POLICIES
#else
#include "policies.hpp"
#endif

#include <btard/aggregate/any_aggregator.hpp>
#include <btard/aggregate/concept.hpp>
#include <btard/attack/any_attack.hpp>
#include <btard/attack/concept.hpp>
#include <btard/core/describe.hpp>

#include <tuple>
#include <type_traits>
#include <variant>

namespace btard::apps {

/// A choice (a `std::variant`), and more to choose from (a `std::tuple`).
template <class Choice, class More>
struct choice_with;
template <class... Known, class... More>
struct choice_with<std::variant<Known...>, std::tuple<More...>> {
    static_assert((described<More> && ...),
                  "what the programs can name has a name, and describes its fields");
    using type = std::variant<Known..., More...>;
};

template <class All>
struct verifiable_of;
template <class... All>
struct verifiable_of<std::tuple<All...>> {
    static_assert((aggregator<All> && ...), "a type of app_aggregators is no rule");
    using type = decltype(std::tuple_cat(
        std::conditional_t<verifiable_aggregator<All>, std::tuple<All>, std::tuple<>>{}...));
};

template <class All>
inline constexpr bool are_attacks = false;
template <class... All>
inline constexpr bool are_attacks<std::tuple<All...>> = (attack<All> && ...);
static_assert(are_attacks<app_attacks>, "a type of app_attacks is no attack");

using any_rule = choice_with<btard::any_rule, app_aggregators>::type;
using any_aggregator = any_aggregator_of<any_mixing, any_rule>;
using attack_choice = choice_with<btard::attack_choice, app_attacks>::type;
using any_attack = any_attack_of<attack_choice>;

/// Those that peers can check.
using verified_choice =
    choice_with<std::variant<mean, centered_clip>, verifiable_of<app_aggregators>::type>::type;

} // namespace btard::apps
