// btard/attack/withholding.hpp: peers that have something and do not give it, or say that they do not have it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/conduct.hpp>
#include <btard/protocol/wire/member_set.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <array>
#include <cstddef>
#include <string_view>
#include <variant>

namespace btard {

/// Says of all that others have sent that it did not arrive.
struct deny_have_bits {
    static constexpr auto name = "deny_have_bits";
    static constexpr auto summary = "says of everything that it did not arrive";
    static constexpr void describe(auto&, auto&&) {}
    friend bool operator==(deny_have_bits const&, deny_have_bits const&) = default;

    template <class P>
    [[nodiscard]] bool shape(deed<P> const&, wire::have& said) const {
        said.rows = member_set(said.rows.size());
        return true;
    }
    template <class P>
    [[nodiscard]] bool shape(deed<P> const&, wire::reveal& said) const {
        said.aggregates = member_set(said.aggregates.size());
        return true;
    }
    template <class P>
    [[nodiscard]] bool shape(deed<P> const&, wire::vote& said) const {
        said.evidence = member_set(said.evidence.size());
        return true;
    }
    template <class P>
    [[nodiscard]] bool shape(deed<P> const&, wire::open& said) const {
        said.rows = member_set(said.rows.size());
        return true;
    }
};

/// Sends no honest owner its row; to all once it is complained about, or even then to nobody, or to some.
struct withhold_parts {
    bool after_complaints = true; ///< then it pushes them
    std::size_t favoured =
        0; ///< if not: so many honest members get them then, and accomplices say that they have them

    static constexpr auto name = "withhold_parts";
    static constexpr auto summary = "sends its rows to no honest owner";
    static constexpr void describe(auto& self, auto&& field) {
        field("after_complaints", self.after_complaints, "it pushes them when they are complained about");
        field("favoured", self.favoured, "so many honest members get them then, if not all");
    }
    friend bool operator==(withhold_parts const&, withhold_parts const&) = default;

    template <class P>
    [[nodiscard]] bool shape(deed<P> const& at, wire::have& said) const {
        auto const complaints = at.self.state().record.complaints();
        for (std::size_t k = 0; k < complaints.size(); ++k)
            if (at.is_accomplice(at.self.state().key(complaints[k].sender))) said.rows.insert(k);
        return true;
    }
    template <class P>
    [[nodiscard]] fate pass(deed<P> const& at, public_key const& to, wire::message& message) const {
        auto const* const row = std::get_if<wire::row>(&message);
        auto const& here = at.self.state();
        if (row == nullptr || row->step != at.step() || at.is_accomplice(to)) return {};
        if (!at.is_accomplice(here.key(row->sender))) return {};
        bool const complained = here.part(row->part).complained;
        return {.sent = complained && (after_complaints || at.is_favoured(to, favoured))};
    }
};

/// Sends the parts that it makes to accomplices and to few others, and accomplices give them to nobody else.
struct result_to_some {
    std::size_t favoured = 0; ///< so many honest members get them, the last ones of the roster

    static constexpr auto name = "result_to_some";
    static constexpr auto summary = "gives the parts that it makes to few";
    static constexpr void describe(auto& self, auto&& field) {
        field("favoured", self.favoured, "so many honest members get them");
    }
    friend bool operator==(result_to_some const&, result_to_some const&) = default;

    template <class P>
    [[nodiscard]] fate pass(deed<P> const& at, public_key const& to, wire::message& message) const {
        auto const* const part = std::get_if<wire::aggregate>(&message);
        auto const& here = at.self.state();
        if (part == nullptr || part->step != at.step() || at.is_accomplice(to)) return {};
        if (!at.is_accomplice(here.key(here.part(part->part).owner))) return {};
        return {.sent = at.is_favoured(to, favoured)};
    }
    /// They have what their accomplices made, whether it has arrived or not.
    template <class P>
    [[nodiscard]] bool shape(deed<P> const& at, wire::reveal& said) const {
        auto const parts = at.self.state().record.parts();
        for (std::size_t j = 0; j < said.aggregates.size(); ++j)
            if (parts[j].aggregate && at.is_accomplice(at.self.state().key(parts[j].owner)))
                said.aggregates.insert(j);
        return true;
    }
};

/// Gives validators no rows, until everybody is to see them, or even then.
struct withhold_audit_data {
    bool until_vote = true; ///< then it shows its own

    static constexpr auto name = "withhold_audit_data";
    static constexpr auto summary = "gives validators no rows";
    static constexpr void describe(auto& self, auto&& field) {
        field("until_vote", self.until_vote, "when everybody is to see them, it shows them");
    }
    friend bool operator==(withhold_audit_data const&, withhold_audit_data const&) = default;

    template <class P>
    [[nodiscard]] fate pass(deed<P> const& at, public_key const&, wire::message& message) const {
        auto const* const row = std::get_if<wire::row>(&message);
        if (row == nullptr || row->step + 1 != at.step()) return {};
        return {.sent = until_vote && at.self.where() >= phase::vote};
    }
};

} // namespace btard
