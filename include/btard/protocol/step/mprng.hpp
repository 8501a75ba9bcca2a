// btard/protocol/step/mprng.hpp: randomness that all peers make together: commit, then reveal.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/wire/tagged_hash.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace btard {

/// What a peer adds to the joint value.  The salt hides the value until it is opened.
struct mprng_share {
    std::array<std::byte, 32> value{}, salt{};

    friend bool operator==(mprng_share const&, mprng_share const&) = default;
};

/// Of which draw a share is.
struct mprng_slot {
    digest run;
    std::uint64_t epoch = 0, step = 0, draw = 0;
};

/// Binds the share to its draw and its owner: nobody can repeat the commitment of somebody else.
[[nodiscard]] inline digest commitment_to(mprng_share const& share, mprng_slot const& in, public_key const& owner) {
    return tagged_hash("mprng", in.run, in.epoch, in.step, in.draw, owner,
                       std::span<std::byte const>(share.value), std::span<std::byte const>(share.salt));
}

/// What the agreed log says of one member's share.
struct mprng_entry {
    peer_id member;
    public_key key;
    std::optional<digest> committed = {};      ///< absent: it has no share in this draw
    std::optional<mprng_share> revealed = {};  ///< absent: it did not open it
};

/// What follows from a log, for everybody alike.
struct mprng_outcome {
    std::optional<digest> value = {};   ///< the joint value; absent: the draw is void and there is another one
    std::vector<peer_id> shared = {};   ///< who opened rightly, in the order of the log
    std::vector<peer_id> missing = {};  ///< who did not open: absent
    std::vector<peer_id> wrong = {};    ///< who opened something else: banned, and the log is the evidence

    friend bool operator==(mprng_outcome const&, mprng_outcome const&) = default;
};

/// r = XOR of all shares; void unless every committed share was opened.
///
/// A void draw is never the XOR of the rest: that would leave whoever reveals last the choice between two values.
/// The next draw begins afresh among `shared`, and everybody is audited (`draw_cycle`), so that to vanish is no
/// way out.
[[nodiscard]] inline mprng_outcome open_shares(std::span<mprng_entry const> log, mprng_slot const& in) {
    mprng_outcome out;
    digest sum;
    for (auto const& entry : log) {
        if (!entry.committed) continue;
        if (!entry.revealed) {
            out.missing.push_back(entry.member);
        } else if (commitment_to(*entry.revealed, in, entry.key) != *entry.committed) {
            out.wrong.push_back(entry.member);
        } else {
            out.shared.push_back(entry.member);
            for (std::size_t k = 0; k < sum.bytes.size(); ++k) sum.bytes[k] ^= entry.revealed->value[k];
        }
    }
    if (out.missing.empty() && out.wrong.empty() && !out.shared.empty()) out.value = sum;
    return out;
}

/// r before the first step.
[[nodiscard]] inline digest genesis_value(digest const& run) { return tagged_hash("genesis", run); }

} // namespace btard
