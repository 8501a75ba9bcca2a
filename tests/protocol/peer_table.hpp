// What honest peers at one table must have in common.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "unchecked_table.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace peer_test {

/// Honest peers, and what must hold for them.
class table : public unchecked_table {
public:
    using unchecked_table::unchecked_table;

    /// What honest peers must have in common, in words; empty: all is as it should be.
    std::string wrong() const {
        std::optional<std::size_t> first;
        for (std::size_t k = 0; k < with.n; ++k) {
            if (!counts(k)) continue;
            if (peers[k]->gone()) return concat("peer ", k, " is out: ", told(k));
            if (aggregates[k].size() <= with.last_step)
                return concat("peer ", k, " stays in step ", aggregates[k].size(), ", ",
                              enum_names(phase{})[std::size_t(peers[k]->where())]);
            if (!first) first = k;
            if (aggregates[k] != aggregates[*first])
                return concat("peers ", *first, " and ", k, " have made different aggregates");
            if (removed[k] != removed[*first])
                return concat("peers ", *first, " and ", k, " have removed others: ", told(*first), "; ",
                              told(k));
        }
        for (auto const& one : removed[first.value()])
            if (counts(numbers.at(one.who))) return concat("an honest one is out: ", told(*first));
        return wrong_states();
    }
    std::string wrong_states() const {
        for (auto const& [step, of] : states)
            for (auto const& [k, state] : of)
                if (state != of.begin()->second)
                    return concat("peers ", of.begin()->first, " and ", k, " would hand on other states in step ",
                                  step);
        return {};
    }
    /// The same; who crashed may be out.
    std::string wrong_without_absent() const {
        std::optional<std::size_t> first;
        for (std::size_t k = 0; k < with.n; ++k) {
            if (!counts(k)) continue;
            if (peers[k]->gone()) return concat("peer ", k, " is out: ", told(k));
            if (!first) first = k;
            if (aggregates[k] != aggregates[*first])
                return concat("peers ", *first, " and ", k, " have made different aggregates");
            if (removed[k] != removed[*first]) return concat("peers ", *first, " and ", k, " have removed others");
        }
        return wrong_states();
    }
    std::string told(std::size_t k) const {
        std::string text;
        for (auto const& one : removed[k])
            text += concat("[step ", one.step, ": peer ", numbers.at(one.who), ", ",
                           enum_names(offence{})[std::size_t(one.why)], "]");
        return text;
    }
    std::vector<act::removed> const& verdict() const {
        std::size_t k = 0;
        while (!counts(k)) ++k;
        return removed[k];
    }
};

} // namespace peer_test
