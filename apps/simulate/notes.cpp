// SPDX-License-Identifier: Apache-2.0
#include "notes.hpp"
#include "memory.hpp"

#include <btard/attack/scheduled.hpp>
#include <btard/core/error.hpp>

#include <algorithm>
#include <cstddef>

namespace btard::apps {

std::vector<std::string> notes_on(request const& wanted) {
    std::vector<std::string> notes;
    if (!wanted.note.empty()) notes.push_back(wanted.note);
    std::size_t const count = wanted.is_sweep() ? wanted.grid.attacks.size() : wanted.curves.size();
    for (std::size_t k = 0; k < count; ++k) {
        auto const& [curve_name, file, what] = wanted.curves[wanted.is_sweep() ? wanted.grid.at(0, k, 0) : k];
        auto const& name = wanted.is_sweep() ? wanted.grid.attacks[k] : curve_name;
        if (auto const liars = what.byzantine.peers.size();
            what.has_validators() && liars > what.faults_or_default())
            notes.push_back(concat(name, ": ", liars, " peers are Byzantine, the others can judge at most ",
                                   what.faults_or_default(),
                                   ": honest ones may be banned, and it may end with an error"));
        if (what.has_validators() && what.keys == signing_keys::real)
            notes.push_back(concat(
                name, ": who knows the seed can sign for every peer; the keys are in the first line of ",
                file));
        if (what.attack == any_attack{} && what.conduct.is_upright()) continue;
        std::size_t const first = std::min(first_step(what.attack), what.conduct.first_step());
        if (what.byzantine.peers.empty())
            notes.push_back(concat(name, ": no peer is Byzantine, so nobody attacks"));
        else if (first >= what.steps)
            notes.push_back(concat(name, ": the attack begins at step ", first,
                                   ", after the last one"));
        if (auto const remembered = memory_note(what); !remembered.empty())
            notes.push_back(concat(name, ": ", remembered));
    }
    return notes;
}

} // namespace btard::apps
