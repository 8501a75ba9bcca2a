// How many sit at the table, and what becomes of their messages.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace peer_test {

/// What becomes of a message.
enum class harm : std::uint8_t {
    none,
    withheld,
    doubled,
    late,      ///< by some seconds
    very_late, ///< by more than a step
    corrupted, ///< one byte of its frame
    older,     ///< one of the same kind that was sent before goes in its place
    resigned,  ///< another body or digest for the same slot, signed
};
constexpr auto enum_names(harm) {
    return std::array<std::string_view, 8>{"none",      "withheld", "doubled",  "late",
                                           "very_late", "corrupted", "older", "resigned"};
}
constexpr std::size_t enum_count(harm) { return 8; }

struct spoiled {
    harm how = harm::none;
    std::size_t who = 0;
    std::uint64_t step = 1;
    std::size_t number = 0; ///< of the message, among those that it sends in that step
    bool to_all = false;    ///< else to one receiver
};

struct table_options {
    std::size_t n = 4, faults = 1, validators = 1, size = 37;
    std::uint64_t seed = 0, last_step = 3;
    spoiled spoil = {};
    bool in_order = true;
    std::vector<std::size_t> liars = {}; ///< each of what they send may be spoiled, from step 1 on
    double rate = 0;                     ///< with this probability
    std::uint64_t first_wait = 20;       ///< steps that an absent peer stays out
    std::optional<std::size_t> leaves = {}; ///< one that has no gradient any more from step 1 on
    std::optional<std::uint64_t> lone = {}; ///< a step in which one worker alone gets its gradient done
    double tolerance = 0;                   ///< of gradients
    double noise = 0;                       ///< relative, of each number: as if each peer had a processor of its own
    std::uint64_t renew_every = 0;          ///< steps; 0: deadlines are fixed
};

} // namespace peer_test
