// btard/protocol/log/said.hpp: the body of a broadcast as it is signed.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/protocol/log/contest.hpp>
#include <btard/protocol/wire/decoding.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>

namespace btard {

namespace wire {
/// Before what a member has to say stands what it saw of the broadcast before.
template <class Body>
struct said {
    aftermath before{};
    Body body{};

    static constexpr void members(auto& self, auto&& member) {
        member(self.before);
        member(self.body);
    }
    friend bool operator==(said const&, said const&) = default;
};
} // namespace wire

/// There is not more to say of the broadcast before: whoever says more wants others to check signatures for nothing.
///
/// @param members of this broadcast; that before it may have had some more
template <class Body>
[[nodiscard]] std::optional<wire::said<Body>> decode_said(std::span<std::byte const> bytes, std::size_t members) {
    auto said = decode<wire::said<Body>>(bytes);
    std::size_t const most = 4 * members + 64;
    if (said && std::max(said->before.lists.size(), said->before.proofs.size()) > most) said.reset();
    return said;
}

} // namespace btard
