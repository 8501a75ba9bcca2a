// apps/common/json.hpp: one JSON object on one line.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "utf8.hpp"

#include <btard/core/error.hpp>

#include <cmath>
#include <concepts>
#include <cstdio>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace btard::apps {

/// Builds `{"step":3,"loss":null,"banned":[4]}`, member by member.  JSON has no infinities: what is not
/// finite is null.  Numbers have the shortest form that reads back as the same bits, texts are UTF-8 whatever
/// bytes they have: see utf8.hpp.
class json_object {
public:
    template <class V>
    json_object& add(std::string_view name, V const& value) {
        begin(name);
        append(value);
        return *this;
    }
    /// What is JSON already.
    json_object& add_raw(std::string_view name, std::string_view value) {
        begin(name);
        text_ += value;
        return *this;
    }
    [[nodiscard]] std::string text() const { return text_ + "}"; }

private:
    void begin(std::string_view name) {
        if (text_.size() > 1) text_ += ',';
        append(name);
        text_ += ':';
    }
    template <class V>
    void append(V const& value) {
        if constexpr (std::same_as<V, bool>) {
            text_ += value ? "true" : "false";
        } else if constexpr (std::is_floating_point_v<V>) {
            text_ += std::isfinite(value) ? concat(value) : "null";
        } else if constexpr (std::is_arithmetic_v<V>) {
            text_ += concat(value);
        } else if constexpr (std::convertible_to<V const&, std::string_view>) {
            append_letters(value);
        } else {
            text_ += '[';
            for (bool first = true; auto const& element : value) {
                if (!first) text_ += ',';
                first = false;
                append(element);
            }
            text_ += ']';
        }
    }
    void append_letters(std::string_view letters) {
        text_ += '"';
        for (char const c : utf8_text(letters)) {
            if (static_cast<unsigned char>(c) < 0x20) {
                char code[8];
                std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(c));
                text_ += code;
                continue;
            }
            if (c == '"' || c == '\\') text_ += '\\';
            text_ += c;
        }
        text_ += '"';
    }

    std::string text_ = "{";
};

} // namespace btard::apps
