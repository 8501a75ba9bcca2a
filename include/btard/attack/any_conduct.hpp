// btard/attack/any_conduct.hpp: an attack on the protocol that is chosen at run time, from its text.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/attack/any_attack.hpp>
#include <btard/attack/bad_rows.hpp>
#include <btard/attack/bad_timing.hpp>
#include <btard/attack/concept.hpp>
#include <btard/attack/contest_flood.hpp>
#include <btard/attack/equivocate.hpp>
#include <btard/attack/false_complaints.hpp>
#include <btard/attack/false_testimony.hpp>
#include <btard/attack/few_holders.hpp>
#include <btard/attack/leave_before_accusation.hpp>
#include <btard/attack/lying_aggregator.hpp>
#include <btard/attack/mprng_abort.hpp>
#include <btard/attack/newcomers.hpp>
#include <btard/attack/scheduled.hpp>
#include <btard/attack/silence.hpp>
#include <btard/attack/slander.hpp>
#include <btard/attack/state_lie.hpp>
#include <btard/attack/withholding.hpp>
#include <btard/core/policy_text.hpp>
#include <btard/protocol/conduct.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

/// All that a text can name.
using conduct_choice = std::variant<upright, //
                                    lying_aggregator,
                                    false_testimony,
                                    slander,
                                    huge_values,
                                    garbage,
                                    declare_wrong_quota,
                                    deny_have_bits,
                                    withhold_parts,
                                    result_to_some,
                                    withhold_audit_data,
                                    false_complaints,
                                    silence,
                                    leave_before_accusation,
                                    equivocate,
                                    mprng_abort,
                                    late_messages,
                                    replayed_messages,
                                    contest_flood,
                                    few_holders,
                                    state_lie,
                                    false_demands,
                                    new_keys,
                                    sybil_join,
                                    eclipse>;

/// One of a choice (a `std::variant`), and when it is on.  At other steps a peer does nothing but cover its accomplices.
/// Its text is as that of `any_attack`: `scheduled{slander{.by_validators = true}, {.start = 100}}`.
template <class Choice>
struct any_conduct_of {
    Choice inner{};
    std::optional<schedule> when = {}; ///< absent: always

    any_conduct_of() = default;
    template <class A>
        requires std::constructible_from<Choice, A>
    any_conduct_of(A choice, std::optional<schedule> steps = {}) : inner(std::move(choice)), when(steps) {}

    static constexpr auto name = "any_conduct";
    static constexpr auto summary = "an attack on the protocol, chosen at run time";
    static constexpr void describe(auto& self, auto&& field) {
        field("", self.inner);
        field("", self.when);
    }
    friend bool operator==(any_conduct_of const&, any_conduct_of const&) = default;

    [[nodiscard]] std::string text() const {
        return when ? concat("scheduled{", to_text(inner), ", ", to_text(*when), "}") : to_text(inner);
    }
    [[nodiscard]] static any_conduct_of from_tree(policy_tree const& tree) {
        typename detail::attack_or_scheduled<Choice>::type read;
        assign(tree, read);
        return std::visit(
            []<class A>(A& choice) -> any_conduct_of {
                if constexpr (std::same_as<A, detail::scheduled_choice<Choice>>) {
                    any_conduct_of made;
                    made.inner = std::move(choice.inner);
                    made.when = choice.when;
                    return made;
                } else {
                    return std::move(choice);
                }
            },
            read);
    }

    template <class P>
    void shape_part(deed<P> const& at, part_id part, std::vector<float>& aggregate) {
        if (!is_on(at)) return;
        std::visit(
            [&](auto& a) {
                if constexpr (requires { a.shape_part(at, part, aggregate); }) a.shape_part(at, part, aggregate);
            },
            inner);
    }
    template <class P, class Body>
    [[nodiscard]] bool shape(deed<P> const& at, Body& body) {
        if (!is_on(at)) return true;
        return std::visit(
            [&](auto& a) {
                if constexpr (requires { a.shape(at, body); }) return a.shape(at, body);
                else return true;
            },
            inner);
    }
    template <class P>
    [[nodiscard]] std::vector<wire::evidence> forge(deed<P> const& at) {
        if (!is_on(at)) return {};
        return std::visit(
            [&](auto& a) -> std::vector<wire::evidence> {
                if constexpr (requires { a.forge(at); }) return a.forge(at);
                else return {};
            },
            inner);
    }
    template <class P>
    [[nodiscard]] fate pass(deed<P> const& at, public_key const& to, wire::message& message) {
        if (!is_on(at)) return {};
        return std::visit(
            [&](auto& a) -> fate {
                if constexpr (requires { a.pass(at, to, message); }) return a.pass(at, to, message);
                else return {};
            },
            inner);
    }
    [[nodiscard]] std::size_t brings(std::size_t out) const {
        return std::visit(
            [&](auto const& a) -> std::size_t {
                if constexpr (brings_keys<std::remove_cvref_t<decltype(a)>>) return a.brings(out);
                else return 0;
            },
            inner);
    }
    [[nodiscard]] bool lies_on_trial() const {
        return std::visit(
            [](auto const& a) {
                if constexpr (brings_keys<std::remove_cvref_t<decltype(a)>>) return a.lies_on_trial();
                else return false;
            },
            inner);
    }

private:
    template <class P>
    [[nodiscard]] bool is_on(deed<P> const& at) const {
        if (!when) return true;
        attack_context now;
        now.step = at.step();
        now.self = std::size_t(at.self.state().self);
        now.shared = at.with.shared;
        return when->contains(now);
    }
};

using any_conduct = any_conduct_of<conduct_choice>;

} // namespace btard
