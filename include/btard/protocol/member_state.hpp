// btard/protocol/member_state.hpp: what a member hands to one that comes in, and how that one checks it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/concept.hpp>
#include <btard/core/error.hpp>
#include <btard/core/shared_floats.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/ban/replay.hpp>
#include <btard/protocol/ban/transcript_check.hpp>
#include <btard/protocol/log/proceedings.hpp>
#include <btard/protocol/log/transcript.hpp>
#include <btard/protocol/membership.hpp>
#include <btard/protocol/signer.hpp>
#include <btard/protocol/step/agreed_deadlines.hpp>
#include <btard/protocol/step/commitment.hpp>
#include <btard/protocol/step/deadline_table.hpp>
#include <btard/protocol/step/distance_watch.hpp>
#include <btard/protocol/step/judgement.hpp>
#include <btard/protocol/step/run_rules.hpp>
#include <btard/protocol/step/step_context.hpp>
#include <btard/protocol/step/step_record.hpp>
#include <btard/protocol/step/step_state.hpp>
#include <btard/protocol/step/tribunal.hpp>
#include <btard/protocol/wire/encoding.hpp>
#include <btard/protocol/wire/messages.hpp>
#include <btard/protocol/wire/tagged_hash.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace btard {

/// All that a member must know when a step begins, but for floats.  What its hash is of is the same on all honest
/// members.
///
/// With the step before come its logs: accusations in the step that begins are about what was done there.
struct member_state {
    step_context context{}; ///< of the step that begins
    membership_books membership = {};
    learned_distances distances = {};
    deadline_table deadlines = {};
    std::vector<past_epoch> epochs = {}; ///< up to that of the step before
    step_context last{};                 ///< of the step before
    std::vector<kept_log> logs = {};     ///< of the step before, all; their signatures are not in the hash
    judged verdicts = {};                ///< of the step before
    std::vector<epoch_link> links = {};  ///< how its roster came about, see `check_epochs`; not in the hash

    static constexpr void members(auto& self, auto&& member) {
        member(self.context);
        member(self.membership);
        member(self.distances);
        member(self.deadlines);
        member(self.epochs, &wire_limits::peers);
        member(self.last);
        member(self.logs, &wire_limits::peers);
        member(self.verdicts);
        member(self.links, &wire_limits::claims);
    }
    friend bool operator==(member_state const&, member_state const&) = default;
};

/// Beside it, checked by hashes that stand in it.
struct member_floats {
    shared_floats given = {};                 ///< (size) v0: the last aggregate that stood
    shared_floats before = {};                ///< (size) v0 of the step before
    std::vector<wire::aggregate> fallen = {}; ///< of the step before, the parts that verdicts have removed

    static constexpr void members(auto& self, auto&& member) {
        member(self.given, &wire_limits::floats);
        member(self.before, &wire_limits::floats);
        member(self.fallen, &wire_limits::peers);
    }
    friend bool operator==(member_floats const&, member_floats const&) = default;
};

/// Members have different signatures under one list, all of them good, and of one body too.
[[nodiscard]] inline digest hash_of(member_state const& of) {
    member_state same = of;
    same.links.clear();
    for (auto& log : same.logs) {
        log.certificate.outcome = false;
        log.certificate.signatures.clear();
        for (auto& body : log.bodies) body.by_sender = {};
    }
    return tagged_hash("member state", encode(same));
}

/// What goes beside the state, from a member, between two steps.
///
/// @param last  the step that is over
/// @param given v0 of the next one
[[nodiscard]] inline member_floats floats_of(step_state const& last, shared_floats const& given) {
    member_floats floats{given, last.given, {}};
    for (part_id const part : last.judge->standing())
        if (!last.judge->stands(part))
            floats.fallen.push_back({last.step(), part, last.aggregates[std::size_t(part)]});
    return floats;
}

namespace detail {
/// Up to the joint randomness a replay asks for nothing but logs.
struct no_exhibits {
    static std::optional<wire::evidence> exhibit(digest const&) { return {}; }
    static std::optional<wire::row> row(part_id, peer_id) { return {}; }
    static std::optional<std::vector<float>> part(part_id, digest const&) { return {}; }
    static std::optional<std::vector<float>> given(tile const&) { return {}; }
};

[[nodiscard]] inline wrong check_start(step_context const& context, digest const& run, std::size_t size) {
    if (context.run != run) return "it is of another run";
    std::set<public_key> keys;
    for (auto const& one : context.roster) keys.insert(one.key);
    if (keys.empty() || keys.size() != context.roster.size() || keys.size() > size)
        return concat("step ", context.step,
                      " has no members, one twice, or more than a gradient has numbers");
    for (peer_id const idle : context.idle)
        if (std::size_t(idle) >= keys.size())
            return concat("step ", context.step, " has an idle member that is none");
    for (std::size_t k = 0; k < context.disputes.size(); ++k) {
        auto const& [a, b] = context.disputes[k];
        if (a >= b || std::size_t(b) >= keys.size() || (k > 0 && context.disputes[k - 1] >= context.disputes[k]))
            return concat("step ", context.step, " has a dispute that is none");
    }
    std::uint64_t end = 0;
    for (tile const& one : context.given) {
        if (one.begin != end || one.end <= end || one.end > size) break;
        end = one.end;
    }
    if (end != size) return concat("the hashes of step ", context.step, " are not of ", size, " floats");
    return {};
}
[[nodiscard]] inline wrong check_floats(std::span<float const> all, step_context const& by) {
    if (by.given.empty() || all.size() != by.given.back().end)
        return concat(all.size(), " floats that are not those of step ", by.step);
    for (tile const& one : by.given)
        if (hash_of(all.subspan(one.begin, one.end - one.begin)) != one.hash)
            return concat("the floats of step ", by.step, " from ", one.begin, " on have another hash");
    return {};
}
} // namespace detail

/// The first half of the step before, from its logs.  Nothing: they are not those of a step that is over.
template <class B, verifiable_aggregator A>
[[nodiscard]] std::optional<step_record> record_of_last(member_state const& state, court<B, A> const& bench,
                                                        run_rules const& rules) {
    detail::no_exhibits none;
    step_replay<B, A, detail::no_exhibits> replay(bench, rules, state.last, none, nullptr);
    for (auto const& log : state.logs) {
        if (replay.record().value()) break;
        if (!replay.read(log)) return {};
    }
    if (!replay.record().value()) return {};
    return replay.record();
}

/// The step before, for a peer that was no member in it.
///
/// @param floats `check_state` has found nothing wrong with both
template <class B, verifiable_aggregator A>
[[nodiscard]] std::unique_ptr<step_state> last_step_of(member_state const& state, member_floats const& floats,
                                                       court<B, A> const& bench, run_rules const& rules) {
    auto record = record_of_last(state, bench, rules);
    expects(record.has_value() && floats.given.size() == bench.size && floats.before.size() == bench.size,
            "the state of a member that was not checked");
    auto last = std::make_unique<step_state>(state.last, rules, *std::move(record), state.verdicts, floats.before);
    auto const cut = last->cut();
    for (part_id const part : last->judge->standing())
        if (last->judge->stands(part))
            last->aggregates[std::size_t(part)] = floats.given.slice(cut.begin(part), cut.size(part));
    for (auto const& one : floats.fallen) last->aggregates.at(std::size_t(one.part)) = one.values;
    return last;
}

/// May a peer be made of this?  Whatever the donor has written: nothing is believed that a hash or a signature could
/// show.  That the state is the one of this run, f + 1 members must say, by its hash; this says that it makes sense.
///
/// @param self who is to be a member
template <signer S, class B, verifiable_aggregator A>
[[nodiscard]] wrong check_state(member_state const& state, member_floats const& floats, S const& with,
                                court<B, A> const& bench, run_rules const& rules, digest const& run,
                                public_key const& self) {
    auto const& [context, membership, distances, deadlines, epochs, last, logs, verdicts, links] = state;
    for (auto const* one : {&last, &context})
        if (auto bad = detail::check_start(*one, run, bench.size)) return bad;
    if (std::ranges::find(context.roster, self, &log_member::key) == context.roster.end())
        return "it is the state of others: this key is no member";
    bool const same_epoch = context.epoch == last.epoch && context.roster == last.roster;
    if (context.step - 1 != last.step || context.step == 0 ||
        !(same_epoch || context.epoch - 1 == last.epoch))
        return concat("step ", context.step, " does not follow on step ", last.step);
    if (epochs.empty() || epochs.back() != past_epoch{last.epoch, last.step, last.roster})
        return concat("the epochs do not end with that of step ", last.step);
    for (std::size_t k = 1; k < epochs.size(); ++k)
        if (epochs[k - 1].number >= epochs[k].number) return "its epochs do not follow on each other";
    if (!distances.is_sound() || distance_watch(rules.far, distances).most(1) != context.far)
        return "its distances are not those that the step starts from";
    if (!agreed_deadlines::is_sound(rules.timing, deadlines)) return "its deadlines are none that the rules allow";

    if (auto bad = check_logs(std::span<kept_log const>(logs), last, with, rules, list_quorum::may_be_missing))
        return bad;
    if (logs.empty() || hash_of_logs(logs) != context.logs)
        return concat("other logs than those from which step ", context.step, " starts");
    auto const record = record_of_last(state, bench, rules);
    if (!record || record->value() != context.before)
        return concat("its logs do not lead to the randomness of step ", context.step);
    if (!verdicts.fits(*record)) return concat("verdicts that are none of step ", last.step);

    if (auto bad = detail::check_floats(floats.before, last)) return bad;
    if (auto bad = detail::check_floats(floats.given, context)) return bad;
    auto const cut = bench.cut(*record);
    std::vector<tile> stood;
    std::size_t fallen = 0;
    for (part_id const part : record->standing_parts()) {
        auto const& hash = record->parts()[std::size_t(part)].aggregate.value();
        if (std::ranges::find(verdicts.removed, part) == verdicts.removed.end()) {
            stood.push_back({cut.begin(part), cut.begin(part) + cut.size(part), hash});
            continue;
        }
        auto const at = std::ranges::find(floats.fallen, part, &wire::aggregate::part);
        ++fallen;
        if (at == floats.fallen.end() || at->step != last.step || at->values.size() != cut.size(part) ||
            hash_of(std::span<float const>(at->values)) != hash)
            return concat("the floats of part ", std::uint32_t(part), ", which fell, are not here");
    }
    if (fallen != floats.fallen.size()) return "floats of parts that did not fall";
    if (tiled(last.given, stood, floats.given) != context.given)
        return concat("step ", context.step, " does not start from what stood in the step before");
    return {};
}

} // namespace btard
