// btard/protocol/log/closed_log.hpp: what the next broadcast says about one that is over, judged.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/log/contest.hpp>
#include <btard/protocol/log/epochs.hpp>
#include <btard/protocol/signer.hpp>
#include <btard/protocol/wire/equivocation.hpp>
#include <btard/protocol/wire/log_list.hpp>
#include <btard/protocol/wire/statement.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// Of a broadcast that is over, what the one after it is about.
struct closed_log {
    place at;
    roster const& among;
    std::size_t faults; ///< among these members: those who judge may be fewer by then
    log_list const& log;
};

/// Who pays for it, and who is proved to have signed twice: in it, or in an epoch that is over just now.
///
/// @param faults f, or 0: as if nobody of those who report lied
template <signer S>
[[nodiscard]] contest_verdict judge_closed(S const& with, digest const& run, closed_log const& one,
                                           std::size_t faults, std::span<wire::aftermath const> reports,
                                           recent_epochs const& epochs) {
    auto const& members = one.among.members();
    auto verdict = judge_contest(with, {run, one.at}, members, faults, one.log, reports);
    for (auto const& report : reports) {
        for (auto const& proof : report.proofs) {
            auto const* const then = epochs.find(proof.in.at.epoch);
            if (then == nullptr || proof.in.run != run || proof.in.at.epoch == one.at.epoch) continue;
            if (static_cast<std::size_t>(proof.member) >= then->size()) continue;
            auto const& who = then->key(proof.member);
            auto const same = [&](auto const& known) {
                return known.first == who && known.second.kind == proof.kind;
            };
            if (std::ranges::none_of(verdict.earlier, same) && proves(proof, with, then->members()))
                verdict.earlier.emplace_back(who, proof);
        }
    }
    return verdict;
}

/// The proof against that member, if the verdict rests on one.
[[nodiscard]] inline std::optional<equivocation> proof_of(contest_verdict const& verdict, closed_log const& one,
                                                          public_key const& who) {
    for (auto const& proof : verdict.proofs)
        if (one.among.key(proof.member) == who) return proof;
    for (auto const& [key, proof] : verdict.earlier)
        if (key == who) return proof;
    return {};
}

} // namespace btard
