// SPDX-License-Identifier: Apache-2.0
#include "removals.hpp"

#include "../common/markup.hpp"

#include <btard/core/error.hpp>
#include <btard/protocol/log/agreed_log.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace btard::apps {

namespace {

constexpr std::array<std::string_view, 4> kinds{"leave", "absence", "strike", "ban"};
constexpr std::array<std::string_view, 4> words{"leaves", "is out", "is out with a strike", "is banned"};

} // namespace

removed_as kind_of_removal(std::string_view reason) {
    auto const names = enum_names(offence{});
    auto const at = std::ranges::find(names, reason);
    if (at == names.end()) return removed_as::ban;
    auto const why = offence(at - names.begin());
    if (is_ban(why)) return removed_as::ban;
    if (is_strike(why)) return removed_as::strike;
    return why == offence::leave ? removed_as::leave : removed_as::absence;
}

std::string removal_text(std::size_t step, removal const& one) {
    auto const kind = kind_of_removal(one.why);
    std::string const text = concat("step ", step, ": peer ", one.peer, " ", words[std::size_t(kind)]);
    return kind == removed_as::leave ? text : concat(text, ": ", one.why);
}

std::size_t count(history const& run, removed_as what) {
    std::map<std::pair<std::size_t, std::size_t>, removed_as> gravest; // by step and peer
    for (auto const& one : run.removed) {
        auto& kind = gravest.try_emplace({one.step, one.peer}, removed_as::leave).first->second;
        kind = std::max(kind, kind_of_removal(one.reason));
    }
    return std::size_t(std::ranges::count_if(gravest, [&](auto const& one) { return one.second == what; }));
}

std::string removals_csv(std::span<history const> runs) {
    std::string text = "curve,step,peer,reason,kind\n";
    for (auto const& run : runs)
        for (auto const& one : run.removed)
            text += concat(csv_cell(run.name), ",", one.step, ",", one.peer, ",", one.reason, ",",
                           kinds[std::size_t(kind_of_removal(one.reason))], "\n");
    return text;
}

} // namespace btard::apps
