// btard/protocol/pushes.hpp: rows and evidence that a peer sends without being asked, because others will need them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/audit_list.hpp>
#include <btard/protocol/peer_outbox.hpp>
#include <btard/protocol/step/recent_steps.hpp>
#include <btard/protocol/step/step_state.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <cstddef>
#include <set>
#include <span>

namespace btard {

/// RESULT: the own row of a part, to its owner or to who passes it on.
inline void push_to_owner(step_state const& at, part_id part, peer_outbox& out) {
    peer_id const owner = at.part(part).owner;
    if (owner == at.self || !at.part(part).rows.contains(std::size_t(at.self))) return;
    if (at.record.goes_to_all(part, at.self)) return; // in HAVE
    auto const* const way = at.record.detour_of(part, at.self);
    out.post(at.key(way ? way->via : owner), at.own_row(part));
}
/// To all, if it is the own one.
///
/// @param in  the step of which the row is
/// @param now the one that is going on: its members get it
inline void push_to_all(step_state const& in, part_id part, peer_id sender, step_state const& now,
                        peer_outbox& out) {
    if (in.is_own(sender)) out.post_all(now, in.own_row(part));
}
/// HAVE: once, whoever complains about it.
inline void push_complained(step_state const& at, peer_outbox& out) {
    std::set<part_id> parts;
    for (auto const& missed : at.record.complaints())
        if (at.is_own(missed.sender)) parts.insert(missed.part);
    for (part_id const part : parts) push_to_all(at, part, at.self, at, out);
}
/// VOTE: what the own accusations rest on, and rows that validators want to be shown.  What others accuse has to be
/// computed now.
///
/// @param computes it computes gradients
inline void push_evidence(recent_steps const& steps, audit_list const& audits, bool computes,
                          peer_outbox& out) {
    auto const& at = *steps.now;
    for (auto const& [by, what] : at.judge->accusations()) {
        auto const mine = at.shown.find(what.evidence);
        if (by == at.self && mine != at.shown.end()) out.post_all(at, mine->second);
        if (what.of == wire::charge::gradient && computes && !audits.has(what.target))
            out.put(audits.question(what.target));
    }
    for (auto const& row : at.judge->shown())
        push_to_all(row.of_before ? *steps.before : at, row.part, row.sender, at, out);
}

/// What a peer owes the others when a phase begins.
///
/// @param opened   the parts whose rows are opened
/// @param computes see `push_evidence`
inline void push_what_is_due(phase next, recent_steps const& steps, audit_list const& audits,
                             std::span<part_id const> opened, bool computes, peer_outbox& out) {
    auto const& at = *steps.now;
    switch (next) {
    case phase::result:
        if (at.record.committed().contains(std::size_t(at.self)))
            for (std::size_t j = 0; j < at.record.parts().size(); ++j) push_to_owner(at, part_id(j), out);
        return;
    case phase::have: return push_complained(at, out);
    case phase::vote: return push_evidence(steps, audits, computes, out);
    case phase::open:
        for (auto const& row : at.judge->rows_of(opened)) push_to_all(at, row.part, row.sender, at, out);
        return;
    default: return;
    }
}

} // namespace btard
