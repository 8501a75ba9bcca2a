// btard/node/status_text.hpp: for whom a member waits, and how long, as lines for its operator.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/node/run_node.hpp>
#include <btard/protocol/step/deadline_table.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace btard {

/// "deadlines: gradient 10 s, bulk 10 s, body 3 s"
[[nodiscard]] inline std::string deadlines_text(deadline_table const& now) {
    auto const seconds = [](std::uint32_t ms) { return ms / 1e3; };
    return concat("deadlines: gradient ", seconds(now.gradient), " s, bulk ", seconds(now.bulk), " s, body ",
                  seconds(now.body), " s");
}

/// "step 20, reveal: waits for 1 of 5 members: 5d56adf6 (no link); bears with 1 liars among 5"
///
/// @param has_link has_link(key)
template <class Peer, class F>
[[nodiscard]] std::string status_text(Peer const& of, F&& has_link) {
    auto const& logs = of.logs();
    auto const& roster = of.membership().members()->members();
    auto const phase_names = enum_names(of.where());
    std::string all =
        concat("step ", of.state().step(), ", ", phase_names[static_cast<std::size_t>(of.where())]);
    std::string names;
    std::size_t silent = 0;
    for (std::size_t k = 0; k < roster.size() && logs.begun() && !logs.closed(); ++k) {
        if (roster[k].key == of.key() || logs.current().has_spoken(peer_id(k))) continue;
        if (++silent <= 4)
            names += concat(" ", short_name(roster[k].key), has_link(roster[k].key) ? "" : " (no link)");
    }
    if (silent > 0)
        all += concat(": waits for ", silent, " of ", roster.size(), " members:", names,
                      silent > 4 ? " ..." : "");
    else if (logs.begun()) all += ": waits for parts, gradients or signatures";
    return all + concat("; bears with ", of.membership().faults(), " liars among ", roster.size());
}

} // namespace btard
