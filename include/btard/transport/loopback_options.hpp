// btard/transport/loopback_options.hpp: how the network in memory delays and loses, and what it counts.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/describe.hpp>
#include <btard/core/error.hpp>

#include <cstdint>

namespace btard {

struct loopback_options {
    std::uint64_t seed = 0;                ///< all randomness comes from it
    std::uint64_t least_delay = 1'000'000; ///< of a message, in nanoseconds
    std::uint64_t most_delay = 10'000'000; ///< in nanoseconds; each delay is uniform between the two
    bool in_order = true;                  ///< from one peer to another, as with TCP; else they overtake
    double loss = 0;                       ///< the probability that a message vanishes
    bool notices = true;                   ///< a stopped peer is noticed, as a closed connection is

    static constexpr auto name = "loopback";
    static constexpr auto summary = "a network in memory, with a clock of its own";
    static constexpr void describe(auto& self, auto&& field) {
        field("seed", self.seed, "all delays and losses come from it");
        field("least_delay", self.least_delay, "of a message, in nanoseconds");
        field("most_delay", self.most_delay, "of a message, in nanoseconds; uniform between the two");
        field("in_order", self.in_order, "messages from one peer to another do not overtake each other");
        field("loss", self.loss, "the probability that a message vanishes");
        field("notices", self.notices, "the others hear of a peer that stops, after one delay");
    }
    constexpr void validate() const {
        expects(least_delay <= most_delay, "loopback: the least delay, ", least_delay,
                " ns, is above the most, ", most_delay, " ns");
        expects(most_delay <= 1'000'000'000'000'000'000, "loopback: a delay of ", most_delay,
                " ns is more than 30 years");
        expects(loss >= 0 && loss <= 1, "loopback: a loss of ", loss, "; it is a probability");
    }
    friend bool operator==(loopback_options const&, loopback_options const&) = default;
};

/// What one endpoint has sent and received since it was added.
struct loopback_traffic {
    std::uint64_t sent = 0; ///< messages, the lost ones included
    std::uint64_t sent_bytes = 0;
    std::uint64_t received = 0;
    std::uint64_t received_bytes = 0;
    std::uint64_t lost = 0; ///< of those sent: vanished, dropped at a cut, or one of the two had stopped

    friend bool operator==(loopback_traffic const&, loopback_traffic const&) = default;
};

static_assert(described<loopback_options>);

} // namespace btard
