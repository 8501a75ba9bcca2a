// btard/protocol/ban/ban_check.hpp: is a ban right?  For those who were not there: signatures, hashes, and the verdict again.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/concept.hpp>
#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/ban/replay.hpp>
#include <btard/protocol/ban/transcript_check.hpp>
#include <btard/protocol/log/agreed_log.hpp>
#include <btard/protocol/log/transcript.hpp>
#include <btard/protocol/signer.hpp>
#include <btard/protocol/step/run_rules.hpp>
#include <btard/protocol/step/tribunal.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace btard {

namespace detail {

/// Gives a replay what stands in a transcript, and counts what it never asked for.
class quoting {
public:
    explicit quoting(step_transcript const& from) {
        for (auto const& one : from.exhibits)
            if (one.step == from.context.step) exhibits_.emplace(hash_of(one), &one);
        for (auto const& one : from.rows) rows_.emplace(std::pair(one.part, one.sender), &one);
        for (auto const& one : from.floats) floats_.emplace(hash_of(std::span(one.values)), &one);
        doubled_ = exhibits_.size() + rows_.size() + floats_.size() <
                   from.exhibits.size() + from.rows.size() + from.floats.size();
    }
    [[nodiscard]] std::optional<wire::evidence> exhibit(digest const& hash) { return asked(exhibits_, hash); }
    [[nodiscard]] std::optional<wire::row> row(part_id part, peer_id sender) { return asked(rows_, {part, sender}); }
    [[nodiscard]] std::optional<std::vector<float>> part(part_id, digest const& hash) { return values(hash); }
    [[nodiscard]] std::optional<std::vector<float>> given(tile const& of) { return values(of.hash); }

    /// All of it was asked for.
    [[nodiscard]] bool needed() const {
        return !doubled_ && asked_.size() == exhibits_.size() + rows_.size() + floats_.size();
    }

private:
    template <class K, class V>
    [[nodiscard]] std::optional<V> asked(std::map<K, V const*> const& among, K const& key) {
        auto const at = among.find(key);
        if (at == among.end()) return {};
        asked_.insert(at->second);
        return *at->second;
    }
    [[nodiscard]] std::optional<std::vector<float>> values(digest const& hash) {
        auto found = asked(floats_, hash);
        if (!found) return {};
        return std::move(found->values);
    }

    std::map<digest, wire::evidence const*> exhibits_;
    std::map<std::pair<part_id, peer_id>, wire::row const*> rows_;
    std::map<digest, kept_floats const*> floats_;
    std::set<void const*> asked_;
    bool doubled_ = false;
};

/// Two statements: nothing else is needed.
template <signer S>
[[nodiscard]] wrong check_equivocation(ban_record const& record, S const& with, trust_root const& root) {
    if (!record.twice || record.why != offence::equivocation)
        return "it holds two statements or the logs of steps, never both";
    auto const& both = *record.twice;
    if (!record.epochs.empty() || !record.steps.empty() || record.next)
        return "it holds two statements or the logs of steps, never both";
    if (both.in.run != root.run) return "it is of another run";
    if (both.in.at.step > record.step)
        return concat("the statements are of step ", both.in.at.step, ", the ban of step ", record.step);
    if (both.hashes[0] == both.hashes[1]) return "the two statements are one and the same";
    if (both.kind != statement::body && both.kind != statement::list)
        return "the statements are none of which a member makes one";
    for (std::size_t k = 0; k < 2; ++k) {
        auto const text = statement_text(both.in, both.kind, both.member, record.who, both.hashes[k], both.member);
        if (!with.verify(record.who.key, text, both.signatures[k]))
            return concat("the signature under statement ", k + 1, " is broken");
    }
    return {};
}

/// Each step began from the logs of the one before; the one after the last, too, if the record has it.
///
/// Among a quorum of the members is an honest one, and it has signed, in COMMIT, from which logs its step began.
template <signer S>
[[nodiscard]] wrong check_order(ban_record const& record, S const& with, run_rules const& rules,
                                trust_root const& root) {
    for (std::size_t k = 0; k < record.steps.size(); ++k) {
        bool const last = k + 1 == record.steps.size();
        if (last && !record.next) return {};
        auto const& next = last ? record.next->context : record.steps[k + 1].context;
        if (hash_of_logs(record.steps[k].logs, record.steps[k].later) != next.logs)
            return concat("the logs of step ", record.steps[k].context.step,
                          " are not those from which step ", next.step, " began");
    }
    auto const& then = record.steps.back().context;
    auto const& [context, commits, end] = *record.next;
    bool const follows = context.epoch == then.epoch || context.epoch == then.epoch + 1;
    if (context.step != then.step + 1 || !follows || context.banned < then.banned)
        return "its last context is not that of the step after it";
    if (context.epoch == then.epoch && context.roster != then.roster)
        return concat("step ", context.step, " has another roster than its epoch");
    if (std::ranges::find(context.roster, record.who.key, &log_member::key) != context.roster.end())
        return concat("it was still a member in step ", context.step);
    std::vector<log_member> stay = then.roster;
    std::size_t quorum = quorum_in(then, rules);
    if (end)
        if (auto bad = check_end(*end, context, with, rules, then.roster, stay, quorum)) return bad;
    return check_context(context, commits, with, rules, root.run, stay, quorum);
}

template <class B, verifiable_aggregator A, signer S>
[[nodiscard]] wrong check_steps(ban_record const& record, S const& with, court<B, A> const& bench,
                                run_rules const& rules, trust_root const& root) {
    if (record.twice) return "it holds two statements or the logs of steps, never both";
    if (record.steps.empty()) return "it holds no step";
    epoch_rosters epochs;
    if (auto bad = check_epochs(record.epochs, with, rules, root, epochs)) return bad;
    if (epochs.size() != record.steps.back().context.epoch + 1) return "its epochs do not end with that of the step";
    std::deque<quoting> sources;
    std::deque<step_replay<B, A, quoting>> replays;
    bool member = false;
    for (std::size_t k = 0; k < record.steps.size(); ++k) {
        auto const& one = record.steps[k];
        auto const& context = one.context;
        if (context.step + record.steps.size() - 1 - k != record.step) return "its steps do not follow on each other";
        bool const vouched = k + 1 < record.steps.size() || record.next; // by the context that follows: `check_order`
        if (auto bad = check_transcript(one, with, rules, root, epochs,
                                        vouched ? list_quorum::may_be_missing : list_quorum::wanted))
            return bad;
        auto const& tried = context.probation.checked;
        member = member || std::ranges::find(context.roster, record.who) != context.roster.end() ||
                 (tried && tried->who == record.who);
        auto* const before = replays.empty() ? nullptr : &replays.back();
        if (before && before->record().value() != context.before)
            return concat("step ", context.step, " does not begin with the randomness of the step before");
        sources.emplace_back(one);
        auto& now = replays.emplace_back(bench, rules, context, sources.back(), before, k + 1 < record.steps.size());
        for (auto const& log : one.logs)
            if (!now.read(log)) return concat("step ", context.step, " lacks ", now.lacks());
    }
    if (!member) return "nobody of that key and incarnation was a member";
    if (!replays.back().finds(record.who.key, record.why))
        return concat("it does not follow that this peer is guilty of ",
                      enum_names(record.why)[std::size_t(record.why)]);
    if (auto bad = check_order(record, with, rules, root)) return bad;
    if (!std::ranges::all_of(sources, &quoting::needed)) return "it holds more than the verdict rests on";
    return {};
}

} // namespace detail

/// Must the record say that the next step began from its logs?  One that does not shows that a quorum has signed them,
/// f liars perhaps afterwards: a relay may have overruled them while the run went on.
enum class confirmation : std::uint8_t { wanted, may_be_missing };

/// Checks a ban without having been there: signatures, hashes, and the verdict from them.
///
/// @param with  checks signatures; whose key it has does not matter
/// @param bench the rule of the run, on a backend with the same bits
/// @return nothing: the ban is right; else what is wrong with its record
template <class B, verifiable_aggregator A, signer S>
[[nodiscard]] std::optional<std::string> verify_ban(ban_record const& record, S const& with, court<B, A> const& bench,
                                                    run_rules const& rules, trust_root const& root,
                                                    confirmation how = confirmation::wanted) {
    expects(bench.tolerance == rules.tolerance, "gradients are compared with a tolerance of ", bench.tolerance,
            ", the rules of the run say ", rules.tolerance);
    if (!is_ban(record.why))
        return concat(enum_names(record.why)[std::size_t(record.why)], " is no reason for a ban");
    try {
        if (record.why == offence::equivocation) return detail::check_equivocation(record, with, root);
        if (auto bad = detail::check_steps(record, with, bench, rules, root)) return bad;
        if (how == confirmation::wanted && !is_confirmed(record))
            return "nobody says that the next step began from its logs";
        return {};
    } catch (contract_violation const& impossible) {
        return concat("no run comes to this: ", impossible.what());
    }
}

} // namespace btard
