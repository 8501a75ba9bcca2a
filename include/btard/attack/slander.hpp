// btard/attack/slander.hpp: accusations of peers that have done nothing.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/conduct.hpp>
#include <btard/protocol/step/tribunal.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

/// Who gets the evidence.
enum class shown_to { all, some, nobody };
constexpr auto enum_names(shown_to) { return std::array<std::string_view, 3>{"all", "some", "nobody"}; }

/// `wire::charge`, as far as one can be slandered with it.
enum class slander_of { testimony, result, gradient, shape };
constexpr auto enum_names(slander_of) {
    return std::array<std::string_view, 4>{"testimony", "result", "gradient", "shape"};
}

/// An owner accuses a worker (of a testimony, a shape), or a validator its target (of all but a shape), with the true
/// rows as evidence.  Shown to nobody, the accusation itself is all there is.
struct slander {
    slander_of of = slander_of::testimony;
    bool by_validators = false;   ///< else by owners
    shown_to shows = shown_to::all;
    std::size_t favoured = 1;     ///< with `some`: so many honest members get it, and the accomplices

    static constexpr auto name = "slander";
    static constexpr auto summary = "accuses peers that have done nothing";
    static constexpr void describe(auto& self, auto&& field) {
        field("of", self.of, "what it accuses of");
        field("by_validators", self.by_validators,
              "validators accuse their targets; else owners those that sent rows");
        field("shows", self.shows, "who gets the evidence");
        field("favoured", self.favoured, "with 'some': so many honest members get it");
    }
    friend bool operator==(slander const&, slander const&) = default;

    template <class P>
    [[nodiscard]] std::vector<wire::evidence> forge(deed<P> const& at) const {
        std::vector<wire::evidence> all;
        if (shows != shown_to::nobody)
            for (auto& [what, shown] : made_up(at)) all.push_back(std::move(shown));
        return all;
    }
    template <class P>
    [[nodiscard]] bool shape(deed<P> const& at, wire::accuse& said) const {
        for (auto const& [what, shown] : made_up(at)) {
            said.accusations.push_back(what);
            std::erase(said.cleans, wire::clean{what.target, what.step});
        }
        return true;
    }
    template <class P>
    [[nodiscard]] fate pass(deed<P> const& at, public_key const& to, wire::message& message) const {
        bool const is_evidence = std::holds_alternative<wire::evidence>(message);
        return {.sent = shows != shown_to::some || !is_evidence || at.is_accomplice(to) ||
                        at.is_favoured(to, favoured)};
    }

private:
    using made = std::pair<wire::accusation, wire::evidence>;

    [[nodiscard]] wire::charge charge() const { return static_cast<wire::charge>(of); }
    template <class P>
    [[nodiscard]] std::vector<made> made_up(deed<P> const& at) const {
        std::vector<made> all;
        auto const add = [&](auto const& in, peer_id target, part_id part, wire::evidence shown) {
            wire::accusation const what{target, in.step(), charge(), part, hash_of(shown)};
            all.emplace_back(what, std::move(shown));
        };
        auto const& here = at.self.state();
        if (!by_validators) {
            for (part_id const part : here.parts_of(here.self)) {
                if (!here.part(part).stands) continue;
                for (auto const& [who, said] : here.judge->said(part)) {
                    auto const row = here.row(part, who);
                    if (at.is_accomplice(here.key(who)) || !row) continue;
                    add(here, who, part, {{*row}, at.step()});
                    break;
                }
            }
            return all;
        }
        if (at.self.last_state() == nullptr) return all;
        auto const& then = *at.self.last_state();
        auto const& tried = here.record.checked();
        if (tried && of == slander_of::gradient && tried->validator == at.self.key() &&
            !at.is_accomplice(tried->who.key))
            all.emplace_back(wire::accusation{on_trial, then.step(), wire::charge::gradient, {}, {}},
                             wire::evidence{});
        for (auto const& [validator, target] : then.record.pairs()) {
            P const* const who = at.find(then.key(target));
            if (then.key(validator) != at.self.key() || at.is_accomplice(then.key(target))) continue;
            auto const* const its = who->state().step() == then.step() ? &who->state() : who->last_state();
            if (its == nullptr || its->step() != then.step()) continue;
            auto const parts = of == slander_of::result ? then.parts_of(target) : then.record.standing_parts();
            if (parts.empty()) continue;
            wire::evidence shown{{}, at.step()};
            if (of == slander_of::result && its->all_values(parts.front()))
                shown = its->all_rows(parts.front(), at.step());
            else if (auto const row = its->row(parts.front(), target)) shown.rows.push_back(*row);
            add(then, target, parts.front(), std::move(shown));
        }
        return all;
    }
};

} // namespace btard
