// btard/protocol/speech.hpp: the bodies that a peer says, from what it has of the step.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/concept.hpp>
#include <btard/aggregate/report.hpp>
#include <btard/core/norm.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/peer_outbox.hpp>
#include <btard/protocol/peer_setup.hpp>
#include <btard/protocol/step/float_facts.hpp>
#include <btard/protocol/step/mprng.hpp>
#include <btard/protocol/step/step_state.hpp>
#include <btard/protocol/step/tribunal.hpp>
#include <btard/protocol/wire/member_set.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// COMMIT: to the own gradient, if there is one.
[[nodiscard]] inline wire::commit own_commit(step_state const& at) {
    wire::commit said{.context = hash_of(at.context)};
    if (at.own) said.root = at.own->tree.root(), said.microbatches = at.own->microbatches;
    return said;
}

/// RESULT, SHARE: to what it puts into the draw that comes next.
[[nodiscard]] inline digest own_commitment(step_state const& at, peer_setup const& setup) {
    std::uint64_t const draw = at.record.draw();
    return commitment_to(setup.share(at.step(), draw), {setup.run, at.context.epoch, at.step(), draw},
                         setup.self);
}

/// RESULT, and once more: these parts, as far as their rows are here.  They go to all.
///
/// @param reports what the rule says of them
/// @param shape   `shape(part, values)`: what the conduct of the owner makes of one
template <class B, verifiable_aggregator A>
[[nodiscard]] std::vector<wire::part_result>
make_parts(std::span<part_id const> parts, court<B, A> const& bench, step_state& at,
           std::map<part_id, aggregation_report>& reports, peer_outbox& out, auto&& shape) {
    std::vector<wire::part_result> made;
    for (part_id const part : parts) {
        auto const rows = at.all_values(part);
        if (!rows) continue;
        auto values = bench.make_part(at.record, part, *rows, at.given_slice(part), &reports[part]);
        shape(part, values);
        square_sum squares;
        made.push_back({part, facts_of(values, &squares).hash});
        at.hold(part, std::move(values), squares);
        out.post_all(at, wire::aggregate{at.step(), part, at.aggregates[std::size_t(part)]});
    }
    return made;
}
/// RESULT: the rows of the own parts that are not here.
[[nodiscard]] inline std::vector<wire::complaint> missing_rows(step_state const& at) {
    std::vector<wire::complaint> missed;
    for (part_id const part : at.parts_of(at.self))
        for (peer_id const sender : at.senders(part))
            if (!at.has_row(part, sender) && !at.record.goes_to_all(part, sender))
                missed.push_back({part, sender});
    return missed;
}
/// RESULT once more: the own parts that there is no result of.
[[nodiscard]] inline std::vector<part_id> parts_to_make_again(step_state const& at) {
    std::vector<part_id> parts = at.parts_of(at.self);
    std::erase_if(parts, [&](part_id part) { return !at.record.lacks_result(part); });
    return parts;
}

/// REVEAL: the share, and in the first draw which aggregates are here.
[[nodiscard]] inline wire::reveal opening(step_state const& at, peer_setup const& setup) {
    wire::reveal opened{setup.share(at.step(), at.record.draw()), {}};
    if (at.record.draw() > 0) return opened;
    opened.aggregates = member_set(at.aggregates.size());
    for (std::size_t j = 0; j < at.aggregates.size(); ++j)
        if (!at.aggregates[j].empty()) opened.aggregates.insert(j);
    return opened;
}

/// TESTIMONY: about the own row of each part that stands.
template <class B, verifiable_aggregator A>
[[nodiscard]] wire::testify own_testimonies(court<B, A> const& bench, step_state& at) {
    wire::testify said;
    if (!at.record.committed().contains(std::size_t(at.self))) return said;
    for (part_id const part : at.record.standing_parts())
        said.parts.push_back(bench.right_testimony(at.record, part,
                                                   {at.values(part, at.self), at.cut().size(part)},
                                                   at.aggregate(part), &at.norms_of_z[std::size_t(part)]));
    return said;
}

} // namespace btard
