// btard/protocol/wire/equivocation.hpp: the proof that a member signed two things for one slot.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/signer.hpp>
#include <btard/protocol/wire/statement.hpp>

#include <array>
#include <cstddef>
#include <span>

namespace btard {

/// Two statements of one slot: whoever signed both is banned.  Kinds: `statement::body`, `statement::list`.
struct equivocation {
    slot_context in{};
    statement kind{};
    peer_id member{};
    std::array<digest, 2> hashes{};
    std::array<signature, 2> signatures{};

    static constexpr void members(auto& self, auto&& member) {
        member(self.in);
        member(self.kind);
        member(self.member);
        for (std::size_t k = 0; k < 2; ++k) {
            member(self.hashes[k]);
            member(self.signatures[k]);
        }
    }
    friend bool operator==(equivocation const&, equivocation const&) = default;
};

/// For third parties: needs the roster and the proof alone.
template <signer S>
[[nodiscard]] bool proves(equivocation const& e, S const& with, std::span<log_member const> members) {
    if (e.hashes[0] == e.hashes[1] || (e.kind != statement::body && e.kind != statement::list)) return false;
    for (std::size_t k = 0; k < 2; ++k)
        if (!holds(with, e.in, e.kind, e.member, members, e.hashes[k], e.member, e.signatures[k]))
            return false;
    return true;
}

} // namespace btard
