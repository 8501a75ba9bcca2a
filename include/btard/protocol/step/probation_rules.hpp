// btard/protocol/step/probation_rules.hpp: who may come in that was no member before, and what it has to do for it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace btard {

/// Whose keys are let in through probation.
enum class admission : std::uint8_t { nobody, listed, anybody };
constexpr std::size_t enum_count(admission) { return 3; }
constexpr auto enum_names(admission) { return std::array<std::string_view, 3>{"nobody", "listed", "anybody"}; }

/// Part of the run digest: all peers must admit alike.  To come in costs computing, and nothing else: whoever lets in
/// anybody lets in attackers too, one after another.
struct probation_rules {
    admission admits = admission::nobody;
    std::vector<std::string> allowed = {}; ///< keys, of `listed`: 64 digits each
    std::uint64_t steps = 200;             ///< T: that it must have committed to a gradient in, one after another
    std::uint64_t cleans = 2;              ///< by so many validators it must have been found clean
    std::uint64_t apart = 100;             ///< steps between two admissions, at least
    std::uint64_t share = 8;               ///< one place for so many members; never less than one place

    static constexpr auto name = "probation";
    static constexpr auto summary = "how keys become members that never were";
    static constexpr void describe(auto& self, auto&& field) {
        field("admits", self.admits, "whose keys: of nobody, of those in allowed (listed), or of anybody");
        field("allowed", self.allowed, "public keys that are let in when admits is listed, 64 digits each");
        field("steps", self.steps, "steps, one after another, in which a newcomer must have committed to a gradient");
        field("cleans", self.cleans, "validators, all different, that must have found a gradient of it right");
        field("apart", self.apart, "steps between two admissions, at least");
        field("share", self.share, "one newcomer is tried at a time for so many members, and one at least");
    }
    static constexpr std::string_view hex_digits = "0123456789abcdef";
    friend bool operator==(probation_rules const&, probation_rules const&) = default;

    void validate() const {
        expects(steps > 0 && cleans > 0 && apart > 0 && share > 0,
                "a rule of probation is 0; each must be 1 or more");
        for (auto const& one : allowed)
            expects(one.size() == 64 && one.find_first_not_of(hex_digits) == one.npos, "'", one,
                    "' is no key of 64 digits, 0 to 9 and a to f");
    }
    [[nodiscard]] bool lets_in(public_key const& key) const {
        if (admits != admission::listed) return admits == admission::anybody;
        std::string text;
        for (std::byte const one : key.bytes)
            for (unsigned const shift : {4u, 0u}) text += hex_digits[std::to_integer<unsigned>(one) >> shift & 15];
        return std::ranges::find(allowed, text) != allowed.end();
    }
    /// q_p: how many are tried at a time.
    [[nodiscard]] std::size_t places(std::size_t members) const { return std::max<std::size_t>(1, members / share); }
};

} // namespace btard
