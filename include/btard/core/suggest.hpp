// btard/core/suggest.hpp: what to say about a name that nobody knows.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace btard {

/// The number of letters to insert, remove or replace to get from one word to the other.
///
/// Levenshtein. Binary Codes Capable of Correcting Deletions, Insertions, and Reversals. 1966.
[[nodiscard]] inline std::size_t edit_distance(std::string_view from, std::string_view to) {
    std::vector<std::size_t> row(to.size() + 1);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (std::size_t i = 0; i < from.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < to.size(); ++j) {
            std::size_t const replaced = diagonal + (from[i] == to[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

/// "scale, start, stop"
[[nodiscard]] inline std::string comma_list(std::vector<std::string> const& names) {
    std::string all;
    for (auto const& name : names) all += concat(all.empty() ? "" : ", ", name);
    return all;
}

/// `unknown_name("sign_flip has no field", "scal", names)`, a sentence for the operator:
/// "sign_flip has no field 'scal'; did you mean 'scale'? (known: scale)"
[[nodiscard]] inline std::string unknown_name(std::string_view what, std::string_view word,
                                              std::vector<std::string> const& names) {
    std::string sentence = concat(what, " '", word.substr(0, 64), "'");
    std::string_view nearest;
    std::size_t least = word.size() / 3 + 2; // so many letters are too many
    for (std::string_view const name : names) {
        if (word.size() > 64) break;
        if (std::size_t const distance = edit_distance(word, name); distance < least) {
            least = distance;
            nearest = name;
        }
    }
    if (!nearest.empty()) sentence += concat("; did you mean '", nearest, "'?");
    return sentence + concat(" (known: ", names.empty() ? "none" : comma_list(names), ")");
}

} // namespace btard
