// tests/protocol/golden.hpp: lines that are the same today as they were when somebody read them last.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <span>
#include <string>
#include <vector>

namespace golden {

inline std::string hex(std::span<std::byte const> bytes) {
    std::string text;
    for (std::byte const one : bytes) {
        text += "0123456789abcdef"[std::to_integer<unsigned>(one) >> 4];
        text += "0123456789abcdef"[std::to_integer<unsigned>(one) & 15];
    }
    return text;
}
inline std::string first_of(btard::digest const& hash) { return hex(std::span(hash.bytes).first(4)); }
inline std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(width, text.size()), ' ');
    return text;
}

/// The lines that one of the two has more, marked - and +, with the number of the line.
inline std::string difference(std::vector<std::string> const& old, std::vector<std::string> const& now) {
    std::vector<std::vector<std::size_t>> same(old.size() + 1, std::vector<std::size_t>(now.size() + 1));
    for (std::size_t a = old.size(); a-- > 0;)
        for (std::size_t b = now.size(); b-- > 0;)
            same[a][b] = old[a] == now[b] ? same[a + 1][b + 1] + 1 : std::max(same[a + 1][b], same[a][b + 1]);
    std::string text;
    std::size_t shown = 0;
    for (std::size_t a = 0, b = 0; a < old.size() || b < now.size();) {
        if (a < old.size() && b < now.size() && old[a] == now[b]) {
            ++a, ++b;
            continue;
        }
        bool const gone = b == now.size() || (a < old.size() && same[a + 1][b] >= same[a][b + 1]);
        if (++shown <= 60)
            text += (gone ? "-" + std::to_string(a + 1) : "+" + std::to_string(b + 1)) + "\t" +
                    (gone ? old[a] : now[b]) + "\n";
        ++(gone ? a : b);
    }
    if (shown > 60) text += "... " + std::to_string(shown) + " lines in all\n";
    return text;
}

/// The lines of a file in BTARD_TRANSCRIPTS, which BTARD_RENEW_TRANSCRIPTS=1 in the environment writes anew.
inline void check(std::string const& name, std::vector<std::string> const& now) {
    std::string const path = std::string(BTARD_TRANSCRIPTS) + "/" + name;
    if (std::getenv("BTARD_RENEW_TRANSCRIPTS") != nullptr) {
        std::ofstream out(path);
        for (auto const& line : now) out << line << "\n";
        MESSAGE("renewed ", path);
        return;
    }
    std::vector<std::string> old;
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) old.push_back(line);
    auto const differs = difference(old, now);
    CHECK_MESSAGE(
        differs.empty(), "something else comes about than ", path,
        " says.  If that is meant, run this test with "
        "BTARD_RENEW_TRANSCRIPTS=1 in the environment, and read the difference before you commit it:\n",
        differs);
}

} // namespace golden
