// apps/common/markup.hpp: letters for HTML, SVG, CSV and the shell.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace btard::apps {

/// `a < b` as `a &lt; b`: for the text and the attributes of HTML and SVG.
[[nodiscard]] inline std::string html_text(std::string_view text) {
    std::string all;
    for (char const c : text) {
        switch (c) {
        case '&': all += "&amp;"; break;
        case '<': all += "&lt;"; break;
        case '>': all += "&gt;"; break;
        case '"': all += "&quot;"; break;
        case '\'': all += "&#39;"; break;
        default: all += c;
        }
    }
    return all;
}

/// A cell of a CSV file (RFC 4180): between quotes where it has to be.
[[nodiscard]] inline std::string csv_cell(std::string_view text) {
    if (text.find_first_of(",\"\r\n") == text.npos) return std::string{text};
    std::string all = "\"";
    for (char const c : text) all += c == '"' ? std::string("\"\"") : std::string(1, c);
    return all + "\"";
}

/// Words as one would type them: between '...' where the shell would see more in them than letters.
[[nodiscard]] inline std::string shell_text(std::vector<std::string> const& words) {
    std::string line;
    for (auto const& word : words) {
        bool const plain =
            !word.empty() && word.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvw"
                                                    "xyz0123456789_+-./:=@%,") == word.npos;
        if (!line.empty()) line += ' ';
        if (plain) {
            line += word;
            continue;
        }
        line += '\'';
        for (char const c : word) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
        line += '\'';
    }
    return line;
}

} // namespace btard::apps
