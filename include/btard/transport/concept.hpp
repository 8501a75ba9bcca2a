// btard/transport/concept.hpp: what carries frames from one peer to another.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace btard {

/// The outbound half of a transport, as one peer sees it.  Over a network a frame is bytes; in one process it
/// may be a shared pointer to an immutable message, so that nothing is copied.
///
/// Semantics: `post` takes one whole frame and never blocks; a peer that can't be reached is reported later,
/// or never.  A peer has one timer: `wake_at` replaces it.  Inbound, a transport hands over frames, lost
/// peers and the timer, never two at a time, and never from within `post` or `wake_at`.
template <class T, class Frame = std::vector<std::byte>>
concept transport = requires(T& by, public_key const& to, Frame frame, time_point when) {
    by.post(to, std::move(frame));
    by.wake_at(when);
};

} // namespace btard
