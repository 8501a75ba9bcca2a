// btard/protocol/audit.hpp: a validator recomputes what its target did in the step before.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/concept.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/step/commitment.hpp>
#include <btard/protocol/step/gradient_check.hpp>
#include <btard/protocol/step/step_state.hpp>
#include <btard/protocol/step/tribunal.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// What a peer has to say against others, each with what it shows for it.
struct audit_finding {
    std::vector<std::pair<wire::accusation, std::optional<wire::evidence>>> accusations = {};
    std::vector<part_id> demands = {}; ///< parts whose rows a validator did not get
    bool clean = false;
};

/// Gradient, testimonies and results, in this order: of a target whose gradient is wrong nothing more is asked.
///
/// @param before   the step in which the target did its work
/// @param now      the step in which it is accused
/// @param right    the gradient recomputed, cut like that step
template <class B, verifiable_aggregator A>
[[nodiscard]] audit_finding examine_target(court<B, A> const& bench, step_state const& before, std::uint64_t now,
                                           peer_id target, fixed_gradient const& right) {
    audit_finding found;
    auto const accuse = [&](wire::charge of, part_id part, std::optional<wire::evidence> shown) {
        wire::accusation one{target, before.step(), of, part, shown ? hash_of(*shown) : digest{}};
        found.accusations.emplace_back(one, std::move(shown));
    };
    auto const& record = before.record;
    auto const cut = before.cut();
    auto committed = right;
    if (right.tree.root() != record.root(target)) {
        std::optional<wire::evidence> shown;
        if (bench.tolerance > 0) {
            shown = rows_of_gradient(before, target, now);
            committed = fixed_gradient(assembled(*shown, before, target, right.values).value(), 1, cut);
        }
        if (bench.tolerance == 0 ||
            gradient_distance(bench.layout, committed.values, right.values) > 2 * bench.tolerance) {
            accuse(wire::charge::gradient, {}, std::move(shown));
            return found;
        }
        if (shown->rows.size() < cut.parts()) { // it is to show them to all, and then all check it
            accuse(wire::charge::gradient, {}, {});
            for (part_id const part : before.parts_of(target))
                if (before.part(part).aggregate) found.demands.push_back(part);
            return found;
        }
    }
    auto const its_row = [&](part_id part) {
        return wire::row{before.step(), target, part, committed.tree.branch(part),
                         committed.values.slice(cut.begin(part), cut.size(part))};
    };
    for (part_id const part : before.judge->standing()) {
        for (auto const& [who, said] : before.judge->said(part)) {
            if (who != target) continue;
            auto const values = cut.slice(std::span<float const>(committed.values), part);
            if (bench.right_testimony(record, part, values, before.aggregate(part)) == said) continue;
            accuse(wire::charge::testimony, part, wire::evidence{{its_row(part)}, now});
        }
    }
    for (part_id const part : before.parts_of(target)) {
        if (!before.part(part).aggregate) continue;
        // Its own row is known by now, whether it shows it or not.
        std::vector<float const*> rows;
        wire::evidence shown{{}, now};
        for (peer_id const sender : before.senders(part)) {
            auto row = before.row(part, sender);
            if (sender == target) row = its_row(part);
            if (!row) break;
            shown.rows.push_back(*std::move(row));
        }
        if (shown.rows.size() != before.part(part).rows.count()) {
            found.demands.push_back(part);
            continue;
        }
        for (auto const& row : shown.rows) rows.push_back(row.values.data());
        if (hash_of(bench.make_part(record, part, rows, before.given_slice(part))) != *before.part(part).aggregate)
            accuse(wire::charge::result, part, std::move(shown));
    }
    found.clean = found.accusations.empty() && found.demands.empty();
    return found;
}

/// The one of a newcomer on probation.  With a tolerance one that is not the same bit for bit could not be compared: nobody
/// but the newcomer has its numbers.
///
/// @param right the gradient recomputed, cut like the step in which it was made
template <class B, verifiable_aggregator A>
[[nodiscard]] wire::opinion opinion_on_trial(court<B, A> const& bench, checked_trial const& of,
                                             fixed_gradient const& right) {
    if (right.tree.root() == of.root) return wire::opinion::slander;
    return bench.tolerance > 0 ? wire::opinion::cannot : wire::opinion::guilty;
}

/// What a member says of an accusation about a gradient, which it has recomputed.
template <class B, verifiable_aggregator A>
[[nodiscard]] wire::ballot ballot_on(court<B, A> const& bench, step_state const& at, step_state const& before,
                                     wire::accusation const& what, fixed_gradient const& right) {
    using wire::opinion;
    if (what.target == on_trial) return {opinion_on_trial(bench, at.record.checked().value(), right), 0};
    if (right.tree.root() == before.record.root(what.target)) return {opinion::slander, 0};
    if (bench.tolerance == 0) return {opinion::guilty, 0};
    bool const asks = what.evidence == digest{}; // for the rows: they are shown to all
    auto const shown = at.shown.find(what.evidence);
    if (!asks && shown == at.shown.end()) return {opinion::cannot, 0};
    auto const rows = asks ? rows_of_gradient(before, what.target, at.step()) : shown->second;
    auto const committed = assembled(rows, before, what.target, right.values);
    if (!committed) return {opinion::slander, 0}; // these are not its rows
    double const distance = gradient_distance(bench.layout, *committed, right.values);
    if (distance > bench.tolerance) return {opinion::guilty, distance};
    return {asks && rows.rows.size() < before.cut().parts() ? opinion::cannot : opinion::slander, distance};
}

/// VA: the owner of a part has its rows, and so knows every testimony about it.
template <class B, verifiable_aggregator A>
void examine_rows(court<B, A> const& bench, step_state const& at, part_id part, audit_finding& found) {
    auto const accuse = [&](wire::charge of, wire::row const& row) {
        wire::evidence shown{{row}, at.step()};
        wire::accusation const one{row.sender, at.step(), of, part, hash_of(shown)};
        found.accusations.emplace_back(one, std::move(shown));
    };
    for (auto const& [name, row] : at.malformed)
        if (name.first == part) accuse(wire::charge::shape, row);
    if (!at.part(part).stands) return;
    auto const said = at.judge->said(part);
    std::vector<float const*> rows;
    for (auto const& one : said) rows.push_back(at.values(part, one.first));
    if (std::ranges::find(rows, nullptr) != rows.end()) return;
    auto const right = testify(bench.on, bench.rule,
                               matrix_view<float const>(std::span<float const* const>(rows), at.cut().size(part)),
                               at.aggregate(part), bench.z_of(at.record, part));
    for (std::size_t k = 0; k < said.size(); ++k)
        if (said[k].first != at.self && right[k] != said[k].second)
            accuse(wire::charge::testimony, at.row(part, said[k].first).value());
}

} // namespace btard
