// btard/transport/tcp/back_off.hpp: how long to wait before the next attempt to reach a peer.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/random.hpp>
#include <btard/core/types.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace btard {

/// Twice as long after each failure, up to a longest wait, times a number from 0.5 to 1 that is drawn from the seed,
/// so that peers that lost each other at one moment don't all come back at one moment.
struct back_off {
    std::chrono::milliseconds first{100}, longest{10'000};

    /// @param failures since the last success, 0 at first
    /// @param draw     which number of the seed; another one for each wait
    [[nodiscard]] std::chrono::nanoseconds wait(unsigned failures, seed from, std::uint64_t draw) const {
        auto const doubled = first * (std::int64_t{1} << std::min(failures, 20u));
        double const uniform = philox(from, draw)[0] * 0x1p-32;
        std::chrono::nanoseconds const full = std::min<std::chrono::milliseconds>(doubled, longest);
        return std::chrono::nanoseconds(std::int64_t(double(full.count()) * (0.5 + uniform / 2)));
    }
};

} // namespace btard
