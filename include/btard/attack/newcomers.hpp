// btard/attack/newcomers.hpp: attackers that come in with new keys, many of them at once, or that keep others from it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/describe.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/conduct.hpp>
#include <btard/protocol/log/introduction.hpp>
#include <btard/protocol/wire/codec.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <algorithm>
#include <cstddef>
#include <variant>
#include <vector>

namespace btard {

/// Whoever is banned comes back with a new key through probation, again and again.  It works well on probation, and
/// attacks once it is a member.
struct new_keys {
    bool lies = false;

    static constexpr auto name = "new_keys";
    static constexpr auto summary = "comes back with a new key whenever it is banned";
    static constexpr void describe(auto& self, auto&& field) {
        field("lies", self.lies, "commits to false gradients on probation, too");
    }
    friend bool operator==(new_keys const&, new_keys const&) = default;

    [[nodiscard]] std::size_t brings(std::size_t out) const { return out; }
    [[nodiscard]] bool lies_on_trial() const { return lies; }
};

/// So many keys want in at a time, all of one operator: each place that is free is drawn among those that ask.
struct sybil_join {
    std::size_t keys = 16;
    bool lies = false;

    static constexpr auto name = "sybil_join";
    static constexpr auto summary = "asks to join with many keys at once";
    static constexpr void describe(auto& self, auto&& field) {
        field("keys", self.keys, "that ask, or are on probation, at a time");
        field("lies", self.lies, "they commit to false gradients");
    }
    friend bool operator==(sybil_join const&, sybil_join const&) = default;

    [[nodiscard]] std::size_t brings(std::size_t) const { return keys; }
    [[nodiscard]] bool lies_on_trial() const { return lies; }
};

/// Members that tell newcomers lies, or nothing, and pass nothing on of what these say.
struct eclipse {
    bool silent = false;

    static constexpr auto name = "eclipse";
    static constexpr auto summary = "lies to newcomers, and passes on neither their wishes nor their commitments";
    static constexpr void describe(auto& self, auto&& field) {
        field("silent", self.silent, "does not answer them, instead of lying");
    }
    friend bool operator==(eclipse const&, eclipse const&) = default;

    template <class P>
    [[nodiscard]] bool shape(deed<P> const& at, wire::commit& said) const {
        std::erase_if(said.joins, [&](wire::join const& one) { return !at.is_accomplice(one.who.key); });
        return true;
    }
    template <class P>
    [[nodiscard]] bool shape(deed<P> const& at, wire::result& said) const {
        std::erase_if(said.trials, [&](wire::trial const& one) { return !at.is_accomplice(one.who.key); });
        return true;
    }
    template <class P>
    [[nodiscard]] fate pass(deed<P> const& at, public_key const& to, wire::message& message) const {
        auto* const about = std::get_if<wire::introduction>(&message);
        if (about == nullptr || at.is_accomplice(to)) return {};
        if (silent) return {.sent = false};
        // It is a member already, among accomplices alone, of a later step.
        auto& context = about->context;
        context.step += 3;
        context.before.bytes[0] ^= std::byte{1};
        std::erase_if(context.roster, [&](log_member const& one) { return !at.is_accomplice(one.key); });
        if (auto const* const tried = context.probation.find(to)) context.roster.push_back(tried->who);
        return {};
    }
};

static_assert(described<new_keys> && described<sybil_join> && described<eclipse>);

} // namespace btard
