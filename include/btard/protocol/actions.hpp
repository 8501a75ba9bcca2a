// btard/protocol/actions.hpp: what a peer wants done: by the network, and by whoever computes gradients.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/shared_floats.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/log/agreed_log.hpp>
#include <btard/protocol/wire/codec.hpp>

#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

namespace btard::act {

/// To one peer.
struct send {
    public_key to{};
    wire::message message;
    friend bool operator==(send const&, send const&) = default;
};
/// To each of them.
struct broadcast {
    std::vector<public_key> to = {};
    wire::message message;
    friend bool operator==(broadcast const&, broadcast const&) = default;
};
/// Compute a gradient, and hand it to `handle_gradient`: the own one, one that this peer checks, or one that is voted
/// on.  Those of the step before are computed at the parameters of the step before.
struct compute {
    std::uint64_t step = 0;
    public_key whose{};
    seed from{};
    std::uint32_t microbatches = 0; ///< what a peer claims to have done; 0: as many as it likes, at most its quota
    friend bool operator==(compute const&, compute const&) = default;
};
/// Move the parameters, then call `begin_step`.
struct apply {
    std::uint64_t step = 0;
    shared_floats aggregate = {}; ///< (size); parts that do not stand are zero
    friend bool operator==(apply const&, apply const&) = default;
};
/// A member leaves the roster after this step; `public_key` of this peer itself: it is out.
struct removed {
    std::uint64_t step = 0;
    public_key who{};
    offence why{};
    friend bool operator==(removed const&, removed const&) = default;
};
/// Too few members are heard for anything to be agreed on: keep everything, say so, reconnect.
struct paused {
    std::size_t heard = 0, quorum = 0;
    friend bool operator==(paused const&, paused const&) = default;
};
/// A quorum has other parameters than this peer.
struct diverged {
    std::uint64_t step = 0;
    digest certified{}; ///< of theirs
    friend bool operator==(diverged const&, diverged const&) = default;
};

} // namespace btard::act

namespace btard {

using peer_action = std::variant<act::send, act::broadcast, act::compute, act::apply, act::removed,
                                 act::paused, act::diverged>;

} // namespace btard
