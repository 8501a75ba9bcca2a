// btard/attack/contest_flood.hpp: lists that are signed against the truth, so that a slot is contested and a relay begins.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/protocol/conduct.hpp>
#include <btard/protocol/wire/log_list.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>

namespace btard {

/// Signs, to all alike, that it has no body of a victim.  Each such list costs everybody a relay; what it costs the victim
/// must never be a strike, however many attackers there are.
struct contest_flood {
    std::uint32_t victim = 0;     ///< its place in the roster of the first step
    std::optional<phase> in = {}; ///< absent: each
    std::uint64_t start = 0;      ///< the first step
    std::uint64_t every = 1;      ///< one step out of so many

    std::optional<public_key> whom = {}; ///< the victim, once the first step is there: no part of the text

    static constexpr auto name = "contest_flood";
    static constexpr auto summary = "signs that it has heard nothing from a victim";
    static constexpr void describe(auto& self, auto&& field) {
        field("victim", self.victim, "its place in the roster of the first step");
        field("in", self.in, "the phase; absent: each");
        field("start", self.start, "the first step");
        field("every", self.every, "one step out of so many");
    }
    friend bool operator==(contest_flood const&, contest_flood const&) = default;

    void validate() const { expects(every > 0, "every is 0, it must be 1 or more"); }

    template <class P>
    [[nodiscard]] fate pass(deed<P> const& at, public_key const&, wire::message& message) {
        if (std::holds_alternative<wire::log_certificate>(message) ||
            std::holds_alternative<wire::relayed_certificate>(message))
            return {.sent = false}; // its own machine, which is honest, has signed the right list
        if (!whom) whom = at.self.state().key(peer_id(victim));
        auto const here = at.number(*whom);
        if (!here || at.step() < start || (at.step() - start) % every != 0 || (in && *in != at.where_phase()))
            return {};
        auto list = at.self.logs().current().own_list();
        if (list.empty()) return {};
        list[static_cast<std::size_t>(*here)] = {};
        at.sign_instead(std::move(list), message);
        return {};
    }
};

static_assert(described<contest_flood>);

} // namespace btard
