// apps/common/columns.hpp: rows of cells as a text with columns.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace btard::apps {

/// One line for each row.
///
/// @param right one letter for each column: `r` for numbers, which end below each other; else they begin so
[[nodiscard]] inline std::string aligned(std::vector<std::vector<std::string>> const& rows,
                                         std::string_view right) {
    std::vector<std::size_t> widths(right.size());
    for (auto const& cells : rows)
        for (std::size_t k = 0; k < cells.size(); ++k) widths[k] = std::max(widths[k], cells[k].size());
    std::string text;
    for (auto const& cells : rows) {
        for (std::size_t k = 0; k < cells.size(); ++k) {
            std::string const blanks(widths[k] - cells[k].size(), ' ');
            bool const last = k + 1 == cells.size();
            text += right[k] == 'r' ? blanks + cells[k] : last ? cells[k] : cells[k] + blanks;
            text += last ? "\n" : "   ";
        }
    }
    return text;
}

} // namespace btard::apps
