// btard/protocol/step/probation.hpp: who is tried, and what it has shown so far: what all members hold alike.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/wire/encoding.hpp>
#include <btard/protocol/wire/statement.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace btard {

/// A key on probation.  It computes and commits to gradients, which are used for nothing but to be checked.
struct probationer {
    log_member who{};
    std::uint64_t since = 0;             ///< the first step of it
    std::vector<public_key> cleans = {}; ///< members that have found a gradient of it right, each once

    static constexpr void members(auto& self, auto&& member) {
        member(self.who);
        member(self.since);
        member(self.cleans, &wire_limits::peers);
    }
    friend bool operator==(probationer const&, probationer const&) = default;
};

/// Whose gradient of the step before is recomputed in this one, by whom, and what it has committed to.
struct checked_trial {
    log_member who{};
    public_key validator{};
    digest root{};
    std::uint32_t microbatches = 0;

    static constexpr void members(auto& self, auto&& member) {
        member(self.who);
        member(self.validator);
        member(self.root);
        member(self.microbatches);
    }
    friend bool operator==(checked_trial const&, checked_trial const&) = default;
};

/// In a step: a part of its context.
struct probation {
    std::vector<probationer> tried = {};      ///< who came first, first
    std::optional<checked_trial> checked = {};
    std::uint64_t admitted = 0;               ///< so far
    std::optional<std::uint64_t> last = {};   ///< the step at whose end the last one was

    static constexpr void members(auto& self, auto&& member) {
        member(self.tried, &wire_limits::peers);
        member(self.checked);
        member(self.admitted);
        member(self.last);
    }
    friend bool operator==(probation const&, probation const&) = default;

    [[nodiscard]] probationer const* find(public_key const& key) const {
        auto const at = std::ranges::find(tried, key, [](probationer const& one) { return one.who.key; });
        return at == tried.end() ? nullptr : &*at;
    }
};

} // namespace btard
