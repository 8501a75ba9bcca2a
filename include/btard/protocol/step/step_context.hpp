// btard/protocol/step/step_context.hpp: what a step starts from: who takes part, who is idle, which randomness.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/step/commitment.hpp>
#include <btard/protocol/step/detour.hpp>
#include <btard/protocol/step/probation.hpp>
#include <btard/protocol/wire/encoding.hpp>
#include <btard/protocol/wire/statement.hpp>
#include <btard/protocol/wire/tagged_hash.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace btard {

/// Some coordinates of the last aggregate that stood (v0), and the hash of their floats.
struct tile {
    std::uint64_t begin = 0, end = 0;
    digest hash{};

    static constexpr void members(auto& self, auto&& member) {
        member(self.begin);
        member(self.end);
        member(self.hash);
    }
    friend bool operator==(tile const&, tile const&) = default;
};

/// The tiles of v0 after a step: the parts that stood, whose hashes are in the log of RESULT, and what is left of those
/// before them.  So where all parts stand nothing is hashed.
///
/// @param before in ascending order, all of v0
/// @param fresh  (parts that stood) in ascending order
/// @param v0     after the step
[[nodiscard]] inline std::vector<tile> tiled(std::span<tile const> before, std::span<tile const> fresh,
                                             std::span<float const> v0) {
    std::vector<tile> all(fresh.begin(), fresh.end());
    for (tile const& old : before) {
        std::uint64_t from = old.begin;
        auto const keep = [&](std::uint64_t end) {
            if (from >= end) return;
            bool const whole = from == old.begin && end == old.end;
            all.push_back({from, end, whole ? old.hash : hash_of(v0.subspan(from, end - from))});
        };
        for (tile const& now : fresh) {
            keep(std::min(old.end, now.begin));
            from = std::max(from, now.end);
        }
        keep(old.end);
    }
    std::ranges::sort(all, {}, &tile::begin);
    return all;
}

/// One broadcast of a step that is over: which one, and the hash of its agreed list.
struct log_head {
    std::uint8_t phase = 0;
    std::uint32_t draw = 0;
    digest list{};

    static constexpr void members(auto& self, auto&& member) {
        member(self.phase);
        member(self.draw);
        member(self.list);
    }
    friend bool operator==(log_head const&, log_head const&) = default;
};

/// Of all broadcasts of a step, in their order.
[[nodiscard]] inline digest hash_of(std::span<log_head const> logs) {
    std::vector<std::byte> bytes;
    byte_writer to(bytes);
    for (auto const& one : logs) to.write(one);
    return tagged_hash("logs", std::span<std::byte const>(bytes));
}

/// All that a step takes from the one before it, except for parameters.
///
/// Its hash stands in what every member commits to.  So the log of COMMIT certifies it for third parties: the roster of
/// a new epoch among it, signed by those who were members before, and what was agreed on in the step before.
struct step_context {
    digest run{};
    std::uint64_t epoch = 0; ///< grows with each change of the roster
    std::uint64_t step = 0;
    std::vector<log_member> roster = {};
    std::vector<peer_id> idle = {}; ///< the validators of the step before, in the roster of this one
    digest before{};                ///< r of the step before
    digest logs{};                  ///< of all broadcasts of the step before; zeros in the first step
    std::uint64_t banned = 0;       ///< members, so far; see `lost`
    std::vector<tile> given = {};   ///< v0, from which rules start
    std::optional<double> far = {}; ///< Delta_max of a part of one coordinate; absent: not known yet
    btard::probation probation = {};
    std::vector<dispute> disputes = {}; ///< of members of the roster, in ascending order

    static constexpr void members(auto& self, auto&& member) {
        member(self.run);
        member(self.epoch);
        member(self.step);
        member(self.roster, &wire_limits::peers);
        member(self.idle, &wire_limits::peers);
        member(self.before);
        member(self.logs);
        member(self.banned);
        member(self.given, &wire_limits::claims);
        member(self.far);
        member(self.probation);
        member(self.disputes, &wire_limits::entries);
    }
    friend bool operator==(step_context const&, step_context const&) = default;

    /// Each lowers f by one: a banned member was an attacker, and a newcomer in its place may be another one.
    [[nodiscard]] std::uint64_t lost() const { return banned - std::min(banned, probation.admitted); }
};

[[nodiscard]] inline digest hash_of(step_context const& of) { return tagged_hash("step", encode(of)); }

} // namespace btard
