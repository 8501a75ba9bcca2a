// SPDX-License-Identifier: Apache-2.0
#include "notes.hpp"
#include "memory.hpp"

#include <btard/attack/scheduled.hpp>
#include <btard/core/error.hpp>

#include <cstddef>

namespace btard::apps {

std::vector<std::string> notes_on(request const& wanted) {
    std::vector<std::string> notes;
    std::size_t const count = wanted.is_sweep() ? wanted.grid.attacks.size() : wanted.curves.size();
    for (std::size_t k = 0; k < count; ++k) {
        auto const& [curve_name, file, what] = wanted.curves[wanted.is_sweep() ? wanted.grid.at(0, k, 0) : k];
        auto const& name = wanted.is_sweep() ? wanted.grid.attacks[k] : curve_name;
        if (what.attack == any_attack{}) continue;
        if (what.byzantine.peers.empty())
            notes.push_back(concat(name, ": no peer is Byzantine, so nobody attacks"));
        else if (first_step(what.attack) >= what.steps)
            notes.push_back(concat(name, ": the attack begins at step ", first_step(what.attack),
                                   ", after the last one"));
        if (auto const remembered = memory_note(what); !remembered.empty())
            notes.push_back(concat(name, ": ", remembered));
    }
    return notes;
}

} // namespace btard::apps
