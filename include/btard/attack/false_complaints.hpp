// btard/attack/false_complaints.hpp: owners and validators that say that rows did not arrive.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/conduct.hpp>
#include <btard/protocol/wire/member_set.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <algorithm>
#include <cstddef>

namespace btard {

/// Complains about rows of honest members that have arrived.
///
/// With `choose` it wants to be rid of them: its accomplices, and it itself, say that they did not get what the senders
/// then push to all.
struct false_complaints {
    std::size_t victims = 1'000'000; ///< the last so many honest members of the roster
    bool choose = false;

    static constexpr auto name = "false_complaints";
    static constexpr auto summary = "complains about rows that arrived";
    static constexpr void describe(auto& self, auto&& field) {
        field("victims", self.victims, "so many honest members are complained about, the last ones of the roster");
        field("choose", self.choose, "denies with its accomplices what is pushed then, to be rid of the rows");
    }
    friend bool operator==(false_complaints const&, false_complaints const&) = default;

    template <class P>
    [[nodiscard]] bool shape(deed<P> const& at, wire::result& said) const {
        auto const& here = at.self.state();
        for (part_id const part : here.parts_of(here.self)) {
            bool any = false;
            for (peer_id const sender : here.senders(part)) {
                wire::complaint const one{part, sender};
                if (at.is_accomplice(here.key(sender)) || !at.is_favoured(here.key(sender), victims)) continue;
                any = true;
                if (std::ranges::find(said.complaints, one) == said.complaints.end()) said.complaints.push_back(one);
            }
            if (any) std::erase_if(said.parts, [&](wire::part_result const& made) { return made.part == part; });
        }
        return true;
    }
    template <class P>
    [[nodiscard]] bool shape(deed<P> const& at, wire::have& said) const {
        auto const complaints = at.self.state().record.complaints();
        member_set kept(said.rows.size());
        for (std::size_t k = 0; k < complaints.size(); ++k)
            if (said.rows.contains(k) &&
                (!choose || at.is_accomplice(at.self.state().key(complaints[k].sender))))
                kept.insert(k);
        said.rows = kept;
        return true;
    }
};

/// A validator that demands the rows of its target's part, whether it has them or not.
struct false_demands {
    static constexpr auto name = "false_demands";
    static constexpr auto summary = "has all rows shown to everybody whenever it is a validator";
    static constexpr void describe(auto&, auto&&) {}
    friend bool operator==(false_demands const&, false_demands const&) = default;

    template <class P>
    [[nodiscard]] bool shape(deed<P> const& at, wire::accuse& said) const {
        if (at.self.last_state() == nullptr) return true;
        auto const& then = *at.self.last_state();
        for (auto const& [validator, target] : then.record.pairs()) {
            if (then.key(validator) != at.self.key()) continue;
            for (part_id const part : then.parts_of(target))
                if (then.part(part).aggregate && std::ranges::find(said.demands, part) == said.demands.end())
                    said.demands.push_back(part);
        }
        return true;
    }
};

} // namespace btard
