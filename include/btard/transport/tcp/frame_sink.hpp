// btard/transport/tcp/frame_sink.hpp: who takes the bytes of one large message while they come.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

namespace btard {

/// In place of a vector that is read, copied and hashed when all of it is here: by then it has left the cache.
///
/// Semantics: it gets all bytes of the message in their order, some of them at a time, from a stranger.  A message whose
/// link breaks is never finished, and its sink is destroyed.
class frame_sink {
public:
    virtual ~frame_sink() = default;
    virtual void take(std::span<std::byte const> bytes) = 0;
    /// Where at most so many of the next ones may be put at once, until the next call; empty: they are to be taken.
    [[nodiscard]] virtual std::span<std::byte> room(std::size_t /*most*/) { return {}; }
    /// So many have been put there.
    virtual void put(std::size_t /*count*/) {}
};

/// Of a message that nobody wants: it costs no memory.
class discarding_sink final : public frame_sink {
public:
    void take(std::span<std::byte const>) override {}
};

} // namespace btard
