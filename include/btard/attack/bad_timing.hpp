// btard/attack/bad_timing.hpp: what a peer says comes when it must not: near a deadline, or again.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/crypto/sha256.hpp>
#include <btard/protocol/conduct.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

/// Which deadline a message comes near.
enum class near_what : std::uint8_t {
    deadline, ///< D: until then bodies are waited for
    lists,    ///< D + delta: then lists are signed
    relay,    ///< D + 3 delta: then the relay begins
};
constexpr std::size_t enum_count(near_what) { return 3; }
constexpr auto enum_names(near_what) { return std::array<std::string_view, 3>{"deadline", "lists", "relay"}; }

/// Its bodies, or its rows and aggregates too, set out at a moment that is counted from a deadline of the broadcast that
/// is going on; to half of the members, or to all.  If they reach some members in time and others not, the slot is
/// contested: a relay decides, and the sender pays.
struct late_messages {
    near_what near = near_what::deadline;
    std::int64_t offset = 0;      ///< nanoseconds, negative: before it
    bool half = false;            ///< it answers no question, and the other half of the members gets nothing from it
    bool bulk = false;            ///< rows and aggregates too
    std::optional<phase> in = {}; ///< absent: each
    std::uint64_t start = 0;      ///< the first step

    static constexpr auto name = "late_messages";
    static constexpr auto summary = "sends what it says near a deadline";
    static constexpr void describe(auto& self, auto&& field) {
        field("near", self.near, "deadline, lists (when they are signed), relay (when it begins)");
        field("offset", self.offset, "nanoseconds from there; negative: before it");
        field("half", self.half, "to half of the members only");
        field("bulk", self.bulk, "rows and aggregates too");
        field("in", self.in, "the phase; absent: each");
        field("start", self.start, "the first step");
    }
    friend bool operator==(late_messages const&, late_messages const&) = default;

    template <class P>
    [[nodiscard]] fate pass(deed<P> const& at, public_key const& to, wire::message& message) const {
        if (at.step() < start || (in && *in != at.where_phase())) return {};
        bool const big =
            std::holds_alternative<wire::row>(message) || std::holds_alternative<wire::aggregate>(message);
        if (!at.template own<wire::signed_body>(message) && !(bulk && big)) return {};
        if (half && !at.is_in_half(to)) return {.sent = false};
        std::int64_t const intervals = near == near_what::deadline ? 0 : near == near_what::lists ? 1 : 3;
        auto const then = at.self.logs().current().deadline() + intervals * at.self.rules().timing.interval +
                          std::chrono::nanoseconds(offset);
        return {.delay = std::max(std::chrono::nanoseconds{}, std::chrono::nanoseconds(then - at.with.now))};
    }
};

/// Sends old messages again, and messages that are signed for another run.  Both have a signature that does not hold for
/// the slot that is open, or are known: nothing comes of it.
struct replayed_messages {
    bool other_run = false; ///< signed as in another run, with the same keys
    std::uint64_t age = 40; ///< how many messages to the same peer lie between

    std::map<public_key, std::vector<wire::message>> sent = {}; ///< of each receiver: no part of the text

    static constexpr auto name = "replayed_messages";
    static constexpr auto summary = "sends old messages again, or those of another run";
    static constexpr void describe(auto& self, auto&& field) {
        field("other_run", self.other_run, "messages signed for another run, beside the right ones");
        field("age", self.age, "how many messages to the same peer lie between");
    }
    friend bool operator==(replayed_messages const&, replayed_messages const&) = default;

    template <class P>
    [[nodiscard]] fate pass(deed<P> const& at, public_key const& to, wire::message& message) {
        if (other_run) {
            auto const* const mine = at.template own<wire::signed_body>(message);
            if (!mine) return {};
            auto elsewhere = *mine;
            elsewhere.bytes.push_back(std::byte{1});
            digest run = at.self.state().context.run;
            run.bytes[0] ^= std::byte{1};
            elsewhere.by_sender = at.sign({run, at.where()}, statement::body, sha256_of(elsewhere.bytes));
            return {.more = {{std::move(elsewhere), {}}}};
        }
        auto& old = sent[to];
        old.push_back(message);
        if (old.size() <= age) return {};
        fate twice{.more = {{std::move(old.front()), {}}}};
        old.erase(old.begin());
        return twice;
    }
};

static_assert(described<late_messages> && described<replayed_messages>);

} // namespace btard
