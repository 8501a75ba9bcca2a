// btard/attack/silence.hpp: a peer that does not say, or does not send, what it owes the others.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/protocol/conduct.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

namespace btard {

/// What is not heard.
enum class silent_on : std::uint8_t {
    all,          ///< nothing sets out any more, as if it had crashed
    broadcast,    ///< it says no body, and takes part in the agreement on those of the others
    some,         ///< its bodies do not set out to half of the members
    links,        ///< rows and aggregates do not set out to half of the members, and questions for them get no answer
    bulk,         ///< the same to all
    digests,      ///< it signs its list, and nobody sees its signature, nor a certificate
    some_digests, ///< only half of the members see its digest
};
constexpr std::size_t enum_count(silent_on) { return 7; }
constexpr auto enum_names(silent_on) {
    return std::array<std::string_view, 7>{"all", "broadcast", "some", "links", "bulk", "digests", "some_digests"};
}

/// From one step on, in one phase or in all.  Who says nothing is absent by the agreed log, and waits; who gives a row to
/// nobody is absent too; who gives the aggregate of its part to nobody has a strike.  Half of the members are no
/// majority without it: they get what they lack from the others.
struct silence {
    silent_on where = silent_on::broadcast;
    std::optional<phase> in = {}; ///< absent: each
    std::uint64_t start = 0;      ///< the first step

    static constexpr auto name = "silence";
    static constexpr auto summary = "does not say, or not send, what it owes";
    static constexpr void describe(auto& self, auto&& field) {
        field(
            "where", self.where,
            "what is not heard: all, broadcast, some (of its receivers), links, bulk, digests, some_digests");
        field("in", self.in, "the phase; absent: each");
        field("start", self.start, "the first step");
    }
    friend bool operator==(silence const&, silence const&) = default;

    template <class P, class Body>
    [[nodiscard]] bool shape(deed<P> const& at, Body&) const {
        return where != silent_on::broadcast || !is_on(at);
    }
    template <class P>
    [[nodiscard]] fate pass(deed<P> const& at, public_key const& to, wire::message& message) const {
        if (where == silent_on::broadcast || !is_on(at)) return {};
        bool const bulk = std::holds_alternative<wire::row>(message) ||
                          std::holds_alternative<wire::aggregate>(message) ||
                          std::holds_alternative<wire::evidence>(message);
        switch (where) {
        case silent_on::all: return {.sent = false};
        case silent_on::broadcast: break;
        case silent_on::some: return {.sent = !at.template own<wire::signed_body>(message) || at.is_in_half(to)};
        case silent_on::links: return {.sent = !bulk || at.is_in_half(to)};
        case silent_on::bulk: return {.sent = !bulk};
        case silent_on::digests:
            return {.sent = !std::holds_alternative<wire::signed_digest>(message) &&
                            !std::holds_alternative<wire::signed_list>(message) &&
                            !std::holds_alternative<wire::log_certificate>(message)};
        case silent_on::some_digests:
            return {.sent = !at.template own<wire::signed_digest>(message) || at.is_in_half(to)};
        }
        return {};
    }

private:
    template <class P>
    [[nodiscard]] bool is_on(deed<P> const& at) const {
        return at.step() >= start && (!in || *in == at.where_phase());
    }
};

static_assert(described<silence>);

} // namespace btard
