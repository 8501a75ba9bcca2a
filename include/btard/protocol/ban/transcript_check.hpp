// btard/protocol/ban/transcript_check.hpp: certificates, bodies and rosters of a transcript, before anything is concluded from them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/crypto/sha256.hpp>
#include <btard/protocol/log/broadcast_setup.hpp>
#include <btard/protocol/log/contest.hpp>
#include <btard/protocol/log/marked_members.hpp>
#include <btard/protocol/log/proceedings.hpp>
#include <btard/protocol/log/transcript.hpp>
#include <btard/protocol/signer.hpp>
#include <btard/protocol/step/run_rules.hpp>
#include <btard/protocol/step/step_context.hpp>
#include <btard/protocol/wire/decoding.hpp>
#include <btard/protocol/wire/log_list.hpp>
#include <btard/protocol/wire/messages.hpp>
#include <btard/protocol/wire/statement.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace btard {

/// What is wrong, as a sentence; nothing: all is well.
using wrong = std::optional<std::string>;

/// (epochs) The roster of each.
using epoch_rosters = std::vector<std::vector<log_member>>;

[[nodiscard]] inline std::size_t faults_in(step_context const& context, run_rules const& rules) {
    return rules.faults_among(context.roster.size(), context.lost());
}
[[nodiscard]] inline std::size_t quorum_in(step_context const& context, run_rules const& rules) {
    return quorum_of(context.roster.size(), faults_in(context, rules));
}

/// Must a list have the signatures of a quorum?  Not if the next step began from it: see `check_order`.
enum class list_quorum : std::uint8_t { wanted, may_be_missing };

/// A quorum of those that have a slot has signed the list, and each body is the one that it names, signed by its
/// sender.
///
/// @param marked by the logs of the step before it
template <signer S>
[[nodiscard]] wrong check_log(kept_log const& log, step_context const& context, S const& with, run_rules const& rules,
                              list_quorum by_quorum, marked_members const& marked) {
    auto const& [at, outcome, list, signatures] = log.certificate;
    std::string const name =
        concat("log ", enum_names(phase{})[std::min<std::size_t>(at.phase, enum_count(phase{}) - 1)],
               " of step ", context.step);
    slot_context const in{context.run, at};
    if (at.step != context.step || at.epoch != context.epoch || at.phase >= enum_count(phase{}))
        return name + " is of another step";
    if (!well_formed(list, context.roster.size())) return name + " is no list of this roster";
    if (!keeps_out(list, marked.left_out())) return name + " lets somebody speak whom a log before it has marked";
    std::size_t body = 0;
    for (std::size_t k = 0; k < list.size(); ++k) {
        if (list[k].kind != entry_kind::body) continue;
        if (body == log.bodies.size()) return name + " lacks a body";
        auto const& [bytes, by] = log.bodies[body++];
        if (sha256_of(bytes) != list[k].hash) return concat(name, ": the body of member ", k, " is another one");
        if (!holds(with, in, statement::body, peer_id(k), context.roster, list[k].hash, peer_id(k), by))
            return concat(name, ": the signature of member ", k, " under its body is broken");
    }
    if (body != log.bodies.size()) return name + " has bodies that are not in its list";
    std::vector<bool> seen(list.size());
    std::size_t voters = 0;
    digest const hash = hash_of(list);
    for (auto const& [member, by] : signatures) {
        auto const k = std::size_t(member);
        if (k >= seen.size() || seen[k]) return name + " is signed by somebody twice, or by no member";
        seen[k] = true;
        voters += outcome || marked.left_out().empty() || !marked.left_out()[k];
        if (!holds(with, in, outcome ? statement::outcome : statement::list, member, context.roster, hash,
                   member, by))
            return concat(name, ": the signature of member ", k, " under the list is broken");
    }
    std::size_t const quorum = quorum_of(marked.slots(), faults_in(context, rules));
    if (by_quorum == list_quorum::wanted && voters < quorum)
        return concat(name, " is signed by ", voters, " members, a quorum is ", quorum);
    return {};
}

/// All logs of a step, in their order, as `check_log`: who is marked in one does not speak in those after it.
template <signer S>
[[nodiscard]] wrong check_logs(std::span<kept_log const> logs, step_context const& context, S const& with,
                               run_rules const& rules, list_quorum by_quorum) {
    marked_members marked(context.roster.size(), faults_in(context, rules));
    for (auto const& log : logs) {
        if (auto bad = check_log(log, context, with, rules, by_quorum, marked)) return bad;
        marked.read(log.certificate.list);
    }
    return {};
}

/// Who of the roster has signed, in COMMIT, that the step starts from this context.
[[nodiscard]] inline std::vector<log_member> supporters(kept_log const& commits, step_context const& context) {
    std::vector<log_member> all;
    digest const hash = hash_of(context);
    auto const& list = commits.certificate.list;
    for (std::size_t k = 0, body = 0; k < list.size(); ++k) {
        if (list[k].kind != entry_kind::body) continue;
        auto const said = decode<wire::said<wire::commit>>(commits.bodies[body++].bytes);
        if (said && said->body.context == hash) all.push_back(context.roster[k]);
    }
    return all;
}

/// The context of a step is the one from which a quorum of its members, and of `members`, have started.
template <signer S>
[[nodiscard]] wrong check_context(step_context const& context, kept_log const& commits, S const& with,
                                  run_rules const& rules, digest const& run,
                                  std::span<log_member const> members, std::size_t quorum) {
    if (context.run != run) return "it is of another run";
    if (context.roster.empty()) return concat("step ", context.step, " has no members");
    for (std::size_t k = 0; k < context.roster.size(); ++k)
        for (std::size_t other = 0; other < k; ++other)
            if (context.roster[k].key == context.roster[other].key)
                return concat("step ", context.step, " has a member twice");
    for (peer_id const idle : context.idle)
        if (std::size_t(idle) >= context.roster.size())
            return concat("step ", context.step, " has an idle member that is none");
    if (commits.certificate.at != place{context.epoch, context.step})
        return concat("step ", context.step, " does not begin with COMMIT");
    marked_members const nobody(context.roster.size(), faults_in(context, rules));
    if (auto bad = check_log(commits, context, with, rules, list_quorum::wanted, nobody)) return bad;
    auto const signers = supporters(commits, context);
    auto const before = std::size_t(std::ranges::count_if(
        signers, [&](log_member const& one) { return std::ranges::find(members, one) != members.end(); }));
    if (signers.size() < quorum_in(context, rules) || before < quorum)
        return concat("step ", context.step, ": ", before, " members say that they started from this, a quorum is ",
                      std::max(quorum, quorum_in(context, rules)));
    return {};
}

/// Of the roster of an epoch, those that go on after its last step: neither missing in a log of it nor leaving.
[[nodiscard]] inline std::vector<log_member> remaining(epoch_end const& end) {
    auto const& roster = end.context.roster;
    std::vector<bool> away(roster.size());
    for (auto const& log : end.logs) {
        std::size_t body = 0;
        for (std::size_t k = 0; k < roster.size(); ++k) {
            bool const here = log.certificate.list[k].kind == entry_kind::body;
            if (!here) away[k] = true;
            if (!here || log.certificate.at.phase != std::uint8_t(phase::commit)) continue;
            auto const said = decode<wire::said<wire::commit>>(log.bodies[body++].bytes);
            if (said && said->body.leaves) away[k] = true;
        }
    }
    std::vector<log_member> all;
    for (std::size_t k = 0; k < roster.size(); ++k)
        if (!away[k]) all.push_back(roster[k]);
    return all;
}

/// Where many are gone at once, no quorum of a roster is left to sign the next one.  Then a quorum of those that
/// remain does, but f + 1 at least, by logs that have a quorum of those that had a slot in each: as a step itself
/// goes on, see `marked_members`.
///
/// @param then   the roster of the epoch before
/// @param stay   becomes those that count
/// @param quorum becomes how many of them are needed
template <signer S>
[[nodiscard]] wrong check_end(epoch_end const& end, step_context const& next, S const& with, run_rules const& rules,
                              std::span<log_member const> then, std::vector<log_member>& stay, std::size_t& quorum) {
    auto const& [context, logs] = end;
    if (context.epoch + 1 != next.epoch || context.step + 1 != next.step || logs.empty() ||
        !std::ranges::equal(context.roster, then))
        return concat("what ends before epoch ", next.epoch, " is not the epoch before");
    if (auto bad = check_context(context, logs.front(), with, rules, next.run, then, 0)) return bad;
    if (auto bad = check_logs(std::span<kept_log const>(logs), context, with, rules, list_quorum::wanted)) return bad;
    std::size_t const faults = faults_in(context, rules);
    stay = remaining(end);
    quorum = quorum_of(std::max(2 * faults + 1, stay.size()), faults);
    return {};
}

/// From the first roster to the last one: each new roster is signed by a quorum of the one before, or of those that
/// are left of it (`check_end`).
///
/// @param rosters is filled in
template <signer S>
[[nodiscard]] wrong check_epochs(std::span<epoch_link const> links, S const& with, run_rules const& rules,
                                 trust_root const& root, epoch_rosters& rosters) {
    rosters = {root.roster};
    std::uint64_t banned = 0, admitted = 0, lost = 0, step = 0;
    for (auto const& [context, commits, end] : links) {
        std::vector<log_member> then = rosters.back();
        if (context.run != root.run) return "it is of another run";
        if (context.epoch != rosters.size() || context.step <= step) return "its epochs do not follow on each other";
        if (context.banned < banned || context.probation.admitted < admitted)
            return concat("in epoch ", context.epoch, " fewer members are banned, or admitted, than before");
        std::size_t quorum = quorum_of(then.size(), rules.faults_among(then.size(), lost));
        if (end)
            if (auto bad = check_end(*end, context, with, rules, rosters.back(), then, quorum)) return bad;
        if (auto bad = check_context(context, commits, with, rules, root.run, then, quorum)) return bad;
        rosters.push_back(context.roster);
        banned = context.banned;
        admitted = context.probation.admitted;
        lost = context.lost();
        step = context.step;
    }
    return {};
}

/// All that has to be right before a step is replayed.
///
/// @param by_quorum of the lists after COMMIT
template <signer S>
[[nodiscard]] wrong check_transcript(step_transcript const& step, S const& with, run_rules const& rules,
                                     trust_root const& root, epoch_rosters const& rosters,
                                     list_quorum by_quorum) {
    auto const& context = step.context;
    if (context.run != root.run) return "it is of another run";
    if (context.epoch >= rosters.size())
        return concat("the roster of epoch ", context.epoch, " does not follow from the first one");
    if (context.roster != rosters[context.epoch])
        return concat("step ", context.step, " has another roster than its epoch");
    if (step.logs.empty()) return concat("step ", context.step, " has no logs");
    if (auto bad = check_context(context, step.logs.front(), with, rules, root.run, context.roster, 0)) return bad;
    return check_logs(std::span<kept_log const>(step.logs), context, with, rules, by_quorum);
}

} // namespace btard
