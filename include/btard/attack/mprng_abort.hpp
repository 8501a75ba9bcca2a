// btard/attack/mprng_abort.hpp: attackers that spoil the draw of the joint randomness.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/protocol/conduct.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace btard {

/// When a share is not opened.
enum class spoiled : std::uint8_t {
    always,
    own_audit,        ///< an honest validator would be drawn for this peer
    accomplice_audit, ///< one would be drawn for an accomplice
};
constexpr std::size_t enum_count(spoiled) { return 3; }
constexpr auto enum_names(spoiled) {
    return std::array<std::string_view, 3>{"always", "own_audit", "accomplice_audit"};
}

/// Whoever opens its share last knows r, and with it who would check whom.  An attacker that does not like it keeps its
/// share (or opens another value).  The draw is void, the peer absent (or banned), and in place of a few pairs everybody
/// is checked: to spoil a draw is no way out.
struct mprng_abort {
    spoiled when = spoiled::own_audit;
    bool bad_opening = false; ///< it opens another value than it had committed to
    std::uint64_t start = 0;  ///< the first step

    static constexpr auto name = "mprng_abort";
    static constexpr auto summary = "spoils the draw of the joint randomness";
    static constexpr void describe(auto& self, auto&& field) {
        field("when", self.when, "always, own_audit, accomplice_audit: what it does not want to be drawn");
        field("bad_opening", self.bad_opening, "open another value; else nothing is opened");
        field("start", self.start, "the first step");
    }
    friend bool operator==(mprng_abort const&, mprng_abort const&) = default;

    template <class P, class Body>
        requires std::same_as<Body, wire::reveal>
    [[nodiscard]] bool shape(deed<P> const& at, Body& body) const {
        if (at.step() < start || !dislikes(at)) return true;
        if (bad_opening) body.opened.value[0] ^= std::byte{1};
        return bad_opening;
    }

private:
    template <class P>
    [[nodiscard]] bool dislikes(deed<P> const& at) const {
        if (when == spoiled::always) return true;
        auto const then = at.foreseen();
        if (when == spoiled::own_audit) return at.is_found_out(then, at.self.state().self);
        for (std::size_t k = 0; k < then.n(); ++k) {
            auto const& key = then.roster()[k].key;
            if (key != at.self.key() && at.is_accomplice(key) && at.is_found_out(then, peer_id(k))) return true;
        }
        return false;
    }
};

static_assert(described<mprng_abort>);

} // namespace btard
