// apps/common/utf8.hpp: texts of any bytes, such as paths, as UTF-8.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>

namespace btard::apps {

/// Bytes of the letter at the beginning of a text that is not empty; 0: no letter of UTF-8 begins there.
[[nodiscard]] inline std::size_t utf8_letter(std::string_view text) {
    auto const is = [text](std::size_t k, unsigned low, unsigned high) {
        auto const byte = k < text.size() ? static_cast<unsigned char>(text[k]) : 0u;
        return low <= byte && byte <= high;
    };
    bool const second = is(1, 0x80, 0xbf), third = is(2, 0x80, 0xbf), fourth = is(3, 0x80, 0xbf);
    if (is(0, 0x00, 0x7f)) return 1;
    if (is(0, 0xc2, 0xdf)) return second ? 2 : 0;
    if (is(0, 0xe0, 0xef)) { // the shortest form only, and no halves of a pair of UTF-16
        bool const other =
            (is(0, 0xe0, 0xe0) && is(1, 0x80, 0x9f)) || (is(0, 0xed, 0xed) && is(1, 0xa0, 0xbf));
        return second && third && !other ? 3 : 0;
    }
    if (!is(0, 0xf0, 0xf4)) return 0;
    bool const other = (is(0, 0xf0, 0xf0) && is(1, 0x80, 0x8f)) || (is(0, 0xf4, 0xf4) && is(1, 0x90, 0xbf));
    return second && third && fourth && !other ? 4 : 0;
}

/// The text, each byte that belongs to no letter written as U+FFFD and two hexadecimal digits.  U+FFFD itself
/// is written so too: different texts stay different.
[[nodiscard]] inline std::string utf8_text(std::string_view text) {
    constexpr std::string_view mark = "\xef\xbf\xbd";
    std::string all;
    while (!text.empty()) {
        std::size_t const known = utf8_letter(text);
        auto const letter = text.substr(0, std::max<std::size_t>(known, 1));
        text.remove_prefix(letter.size());
        if (known > 0 && letter != mark) {
            all += letter;
            continue;
        }
        for (char const byte : letter) {
            char digits[4];
            std::snprintf(digits, sizeof digits, "%02x",
                          static_cast<unsigned>(static_cast<unsigned char>(byte)));
            all += mark;
            all += digits;
        }
    }
    return all;
}

} // namespace btard::apps
