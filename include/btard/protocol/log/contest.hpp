// btard/protocol/log/contest.hpp: who pays for a phase that did not close at once.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/log/broadcast.hpp>
#include <btard/protocol/signer.hpp>
#include <btard/protocol/wire/encoding.hpp>
#include <btard/protocol/wire/equivocation.hpp>
#include <btard/protocol/wire/log_list.hpp>
#include <btard/protocol/wire/log_messages.hpp>
#include <btard/protocol/wire/statement.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace btard {

namespace wire {
/// In the next body of each member: what it saw of this phase.  Empty when all went well.
struct aftermath {
    std::vector<signed_list> lists{};   ///< those that differ from the log
    std::vector<peer_id> no_digest{};   ///< members in the log of whom it has no digest
    std::vector<equivocation> proofs{}; ///< two statements for one slot, of this epoch or one that is over just now

    static constexpr void members(auto& self, auto&& member) {
        member(self.lists, &wire_limits::peers);
        member(self.no_digest, &wire_limits::peers);
        member(self.proofs, &wire_limits::peers);
    }
    friend bool operator==(aftermath const&, aftermath const&) = default;
};
} // namespace wire

template <signer S, broadcast_rules R>
[[nodiscard]] wire::aftermath aftermath_of(broadcast<S, R> const& phase, place at) {
    wire::aftermath seen;
    auto const& log = phase.log();
    auto const& digests = phase.digests();
    for (std::size_t k = 0; k < log.size(); ++k) {
        auto const member = peer_id(k);
        if (!digests.heard(member)) {
            if (log[k].kind == entry_kind::body) seen.no_digest.push_back(member);
            continue;
        }
        auto const& list = digests.list_of(member);
        if (list.empty() || list == log) continue;
        seen.lists.push_back({at, member, list, digests.find(member, hash_of(list))->by});
    }
    return seen;
}

/// What one member pays, in millionths of a point: a sum of shares is the same everywhere, in any order.
struct contest_charge {
    peer_id member{};
    peer_id sender{}; ///< with whom it is at odds; the member itself: it pays for its own slot or digest alone
    std::uint64_t millionths = 0;

    friend auto operator<=>(contest_charge const&, contest_charge const&) = default;
};

struct contest_verdict {
    std::vector<contest_charge> charges{};
    std::vector<equivocation>
        proofs{}; ///< of members that signed two lists or two bodies, one of each member and kind
    std::vector<std::pair<public_key, equivocation>> earlier{}; ///< the same, of an epoch before

    friend bool operator==(contest_verdict const&, contest_verdict const&) = default;
};

/// A function of the log of a phase and of what the agreed next bodies say about it.
///
///     slot contested: two of (signed lists, log) differ there.  Its sender: 1 point
///     the members whose list differs from the log there, if they are at most f: 1 point in equal shares.  Then the
///         sender's point too is in shares, one for each of them: a list may be signed against an honest sender
///     slot equivocated in the log: no points, its sender is banned
///     no digest, say more than half of the members: its owner 1 point
///     two statements for one slot, whoever shows them: a proof
///
/// Lists of a member that signed two say nothing: it is banned for them.  Lists with a bad signature are
/// skipped: to send one is malformed, which the decoder of the next body judges.  More than f members that
/// differ cannot all be liars, so then nobody but the sender pays.
template <signer S>
[[nodiscard]] contest_verdict judge_contest(S const& with, slot_context const& in,
                                            std::span<log_member const> members, std::size_t faults,
                                            log_list const& log, std::span<wire::aftermath const> reports) {
    constexpr std::uint64_t whole_point = 1'000'000;
    if (std::ranges::all_of(reports, [](wire::aftermath const& one) { return one == wire::aftermath{}; })) return {};
    std::size_t const n = members.size();
    contest_verdict verdict;
    struct known_list {
        digest hash;
        wire::signed_list const* signed_by;
    };
    std::map<peer_id, std::vector<known_list>> lists; // at most two of each member
    std::vector<std::size_t> missed(n);
    for (auto const& report : reports) {
        std::vector<bool> said(n);
        for (peer_id const member : report.no_digest) {
            auto const k = static_cast<std::size_t>(member);
            if (k < n && !said[k]) ++missed[k];
            if (k < n) said[k] = true;
        }
        for (auto const& one : report.lists) {
            if (one.at != in.at || !well_formed(one.list, n)) continue;
            digest const hash = hash_of(one.list);
            auto& kept = lists[one.signer];
            auto const same = [&](known_list const& other) { return other.hash == hash; };
            if (std::ranges::any_of(kept, same)) continue;
            if (holds(with, in, statement::list, one.signer, members, hash, one.signer, one.by_signer))
                kept.push_back({hash, &one});
        }
    }
    for (auto& [member, kept] : lists) {
        if (kept.size() < 2) continue;
        std::ranges::sort(kept, {}, &known_list::hash); // the order of the reports says nothing
        verdict.proofs.push_back({in,
                                  statement::list,
                                  member,
                                  {kept[0].hash, kept[1].hash},
                                  {kept[0].signed_by->by_signer, kept[1].signed_by->by_signer}});
    }
    for (auto const& report : reports) {
        for (auto const& proof : report.proofs) {
            auto const same = [&](equivocation const& known) {
                return known.member == proof.member && known.kind == proof.kind;
            };
            if (std::ranges::any_of(verdict.proofs, same)) continue;
            if (proof.in.run == in.run && proof.in.at.epoch == in.at.epoch && proves(proof, with, members))
                verdict.proofs.push_back(proof);
        }
    }
    for (std::size_t slot = 0; slot < n; ++slot) {
        auto const sender = peer_id(slot);
        if (log[slot].kind == entry_kind::body && 2 * missed[slot] > n)
            verdict.charges.push_back({sender, sender, whole_point});
        if (log[slot].kind == entry_kind::equivocated) continue;
        std::vector<peer_id> differ;
        for (auto const& [member, kept] : lists)
            if (kept.size() == 1 && kept[0].signed_by->list[slot] != log[slot]) differ.push_back(member);
        if (differ.empty()) continue;
        if (differ.size() > faults) {
            verdict.charges.push_back({sender, sender, whole_point});
            continue;
        }
        for (peer_id const member : differ) { // one of the two lies, and nobody knows which: each pays, for the other
            verdict.charges.push_back({sender, member, whole_point / differ.size()});
            verdict.charges.push_back({member, sender, whole_point / differ.size()});
        }
    }
    return verdict;
}

} // namespace btard
