// btard/protocol/step/joined_parts.hpp: what a step makes of the parts that stand when it is over.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/shared_floats.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/step/step_context.hpp>
#include <btard/protocol/step/step_state.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace btard {

/// The hashes of those parts, with where they are.
[[nodiscard]] inline std::vector<tile> standing_tiles(step_state const& at) {
    std::vector<tile> stood;
    auto const cut = at.cut();
    for (part_id const part : at.judge->standing())
        if (at.judge->stands(part))
            stood.push_back({cut.begin(part), cut.begin(part) + cut.size(part), at.part(part).aggregate.value()});
    return stood;
}

/// One after the other; those of `others` in place of the rest, or zeros.
///
/// @param others (size), or empty
/// @param into   its memory is used
/// @return (size)
[[nodiscard]] inline std::vector<float> joined_parts(step_state const& at, shared_floats const& others,
                                                     std::vector<float> into = {}) {
    auto const cut = at.cut();
    into.clear();
    into.reserve(at.size());
    for (std::size_t j = 0; j < cut.parts(); ++j) {
        part_id const part = part_id(j);
        if (at.judge->stands(part)) {
            auto const values = at.aggregate(part);
            into.insert(into.end(), values.begin(), values.end());
        } else if (others.empty()) {
            into.resize(into.size() + cut.size(part));
        } else {
            auto const values = others.slice(cut.begin(part), cut.size(part));
            into.insert(into.end(), values.begin(), values.end());
        }
    }
    return into;
}

} // namespace btard
