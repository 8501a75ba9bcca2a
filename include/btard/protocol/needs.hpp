// btard/protocol/needs.hpp: what a peer has to have before it can say something.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/step/judgement.hpp>
#include <btard/protocol/step/run_rules.hpp>
#include <btard/protocol/step/step_state.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// A row, an aggregate or evidence, and who must have it, before all others.
struct need {
    wire::wanted what{};
    std::vector<peer_id> first = {}; ///< in the roster of its step
    bool only_first = false;         ///< nobody else is asked
    bool nothing = false;            ///< for a place in a list that there is nothing to send for
    bool is_awaited = true;          ///< else what there is to say is said without it, though it is asked for
    bool is_pushed = true;           ///< else it is asked for at once
};

[[nodiscard]] inline need need_row(step_state const& in, part_id part, peer_id sender, std::vector<peer_id> first) {
    return {{in.step(), part, sender, {}}, std::move(first)};
}

/// RESULT: the rows of the own parts, of their senders or of who passes them on; nobody else has them yet.
[[nodiscard]] inline std::vector<need> rows_to_aggregate(step_state const& at) {
    std::vector<need> all;
    for (part_id const part : at.parts_of(at.self))
        for (peer_id const sender : at.senders(part)) {
            if (at.record.goes_to_all(part, sender)) continue;
            auto const* const way = at.record.detour_of(part, sender);
            all.push_back(need_row(at, part, sender, {way ? way->via : sender}));
            all.back().only_first = true;
        }
    return all;
}
/// RESULT: the rows that this peer passes on.
[[nodiscard]] inline std::vector<need> rows_to_pass_on(step_state const& at) {
    std::vector<need> all;
    for (auto const& way : at.record.detours()) {
        if (way.via != at.self) continue;
        all.push_back(need_row(at, way.part, way.sender, {way.sender}));
        all.back().only_first = true;
    }
    return all;
}
/// HAVE: the rows that owners did not get, in the order of the log.
///
/// @param there `there(step, member)`: it has a slot.  What its owner lacks comes from its sender or from nobody
[[nodiscard]] inline std::vector<need> rows_complained_about(step_state const& at, auto&& there) {
    std::vector<need> all;
    for (auto const& missed : at.record.complaints()) {
        all.push_back(need_row(at, missed.part, missed.sender, {missed.sender}));
        all.back().is_awaited = there(at, missed.sender);
    }
    return all;
}
/// RESULT again: the rows of the own parts that were complained about.
[[nodiscard]] inline std::vector<need> rows_to_aggregate_again(step_state const& at) {
    std::vector<need> all;
    for (part_id const part : at.parts_of(at.self))
        if (at.record.lacks_result(part))
            for (peer_id const sender : at.senders(part)) all.push_back(need_row(at, part, sender, {sender}));
    return all;
}
/// REVEAL, TESTIMONY: the aggregates that owners have committed to; later those of parts that stand.
[[nodiscard]] inline std::vector<need> aggregates_of(step_state const& at, bool standing) {
    std::vector<need> all;
    for (std::size_t j = 0; j < at.record.parts().size(); ++j) {
        auto const& part = at.record.parts()[j];
        if (part.aggregate && (!standing || part.stands))
            all.push_back({{at.step(), part_id(j), {}, {}}, {part.owner}});
    }
    return all;
}
/// ACCUSE: the rows of the parts that a validator's target has made, in the step before.
///
/// @param gradients also the rows of the target itself: with a tolerance its gradient is compared number by number
/// @param there     `there(step, member)`: it has a slot.  A row whose sender and owner are gone is not awaited
[[nodiscard]] inline std::vector<need> rows_to_audit(step_state const& last, std::span<peer_id const> targets,
                                                     bool gradients, auto&& there) {
    std::vector<need> all;
    auto const add = [&](part_id part, peer_id sender, peer_id target, peer_id other) {
        bool const asks_target = there(last, target);
        all.push_back(need_row(last, part, sender, {asks_target ? target : other, asks_target ? other : target}));
        all.back().is_awaited = asks_target || there(last, other);
    };
    for (peer_id const target : targets) {
        for (part_id const part : last.parts_of(target))
            if (last.part(part).aggregate)
                for (peer_id const sender : last.senders(part))
                    if (sender != target) add(part, sender, target, sender); // that one is recomputed
        for (std::size_t j = 0; gradients && j < last.record.parts().size(); ++j)
            add(part_id(j), target, target, last.record.parts()[j].owner);
    }
    return all;
}
/// VOTE: a piece of evidence for each accusation, then each row that is to be shown, in the order of the log.  About
/// gradients there is none without a tolerance: everybody recomputes them, and compares hashes; nor when the accuser
/// wants the rows to be shown.
///
/// @param last  null in the first step, of which there are no accusations about the step before
/// @param there `there(step, member)`: it has a slot.  A row whose sender and owner have none is not awaited
[[nodiscard]] inline std::vector<need> evidence_to_judge(step_state const& at, step_state const* last, bool gradients,
                                                         auto&& there) {
    std::vector<need> all;
    for (auto const& [by, what] : at.judge->accusations()) {
        need one{{at.step(), {}, {}, what.evidence}, {by}};
        one.nothing = what.of == wire::charge::gradient && (!gradients || what.evidence == digest{});
        all.push_back(std::move(one));
    }
    for (auto const& row : at.judge->shown()) {
        auto const& in = row.of_before ? *last : at;
        peer_id const owner = in.part(row.part).owner;
        all.push_back(need_row(in, row.part, row.sender, {row.sender, owner}));
        all.back().is_awaited = there(in, row.sender) || there(in, owner);
    }
    return all;
}
/// Until RESULT.  `bulk` is time to send one gradient and to get one.  Who passes rows on gets so much more first,
/// then it sends them; the last part of the time, `to_pass_on`, is for that.
struct time_to_make {
    std::chrono::nanoseconds all{}, to_pass_on{};
};
[[nodiscard]] inline time_to_make time_to_make_parts(step_record const& of, step_timing const& timing) {
    auto const more = static_cast<std::chrono::nanoseconds::rep>(of.gradients_to_pass_on());
    return {(1 + 2 * more) * timing.bulk, more * timing.bulk};
}
/// Until HAVE: a row that was complained about goes to all, which takes as long as a gradient; the most rows of one
/// sender count, since others choose what they complain about.
[[nodiscard]] inline std::chrono::nanoseconds time_to_show_rows(step_record const& of, step_timing const& timing) {
    std::map<peer_id, std::set<part_id>> rows;
    std::size_t most = 0;
    for (auto const& one : of.complaints()) {
        auto& mine = rows[one.sender];
        mine.insert(one.part);
        most = std::max(most, mine.size());
    }
    std::size_t const parts = std::max<std::size_t>(1, of.parts().size());
    std::size_t const gradients = (most * (of.n() - 1) + parts - 1) / parts;
    return static_cast<std::chrono::nanoseconds::rep>(1 + gradients) * timing.bulk;
}
/// Until VOTE: each accused gradient is recomputed, and whoever does not show its rows in time is banned.  `bulk` is
/// time to send one gradient, a part to each; who is asked for its own sends all of it to all.  Evidence does not
/// count: accusers would choose how long all wait for it, and what is late costs them a point at most.
[[nodiscard]] inline std::chrono::nanoseconds time_to_judge(step_state const& at, step_timing const& timing) {
    std::set<peer_id> gradients;
    for (auto const& [by, what] : at.judge->accusations())
        if (what.of == wire::charge::gradient) gradients.insert(what.target);
    auto const shown = at.judge->shown();
    std::size_t more = shown.size() / at.cut().parts();
    if (std::ranges::any_of(shown, &shown_row::of_gradient)) more = std::max(more, at.record.n() - 1);
    using count = std::chrono::nanoseconds::rep;
    return count(std::max<std::size_t>(1, gradients.size())) * timing.gradient + count(1 + more) * timing.bulk;
}
/// OPEN: all rows of these parts, in the order of the log.
[[nodiscard]] inline std::vector<need> rows_to_open(step_state const& at, std::span<part_id const> parts) {
    std::vector<need> all;
    for (auto const& row : at.judge->rows_of(parts))
        all.push_back(need_row(at, row.part, row.sender, {row.sender, at.part(row.part).owner}));
    return all;
}

/// @param in the step of which it is
[[nodiscard]] inline bool is_here(need const& one, step_state const& in) {
    auto const& what = one.what;
    if (one.nothing) return true;
    if (what.evidence) return in.shown.contains(*what.evidence);
    if (what.sender) return in.has_row(what.part, *what.sender);
    return !in.aggregate(what.part).empty();
}
/// It is here, or is known to be no gradient.
[[nodiscard]] inline bool is_settled(need const& one, step_state const& in) {
    return is_here(one, in) || (one.what.sender && in.malformed.contains({one.what.part, *one.what.sender}));
}

} // namespace btard
