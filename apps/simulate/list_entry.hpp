// apps/simulate/list_entry.hpp: a policy in the list of all, with its fields.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/fields.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace btard::apps {

inline constexpr std::size_t help_column = 54;

[[nodiscard]] inline std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(text.size() + 2, width), ' ');
    return text;
}

template <class P>
[[nodiscard]] std::string entry(P const& policy, std::string_view shown_name = P::name) {
    std::string text = concat(padded(concat("  ", shown_name), 24), P::summary, "\n");
    for (auto const& field : fields_of(policy)) {
        std::string const initial = field.initial_text.empty() ? "" : concat(" = ", field.initial_text);
        std::string left = padded(concat("    .", field.name), 24) + field.kind + initial;
        left = left.size() > help_column - 2 ? concat(left, "\n", std::string(help_column, ' '))
                                             : padded(left, help_column);
        text += concat(left, field.help, "\n");
    }
    return text;
}

template <class Choice>
[[nodiscard]] std::string entries() {
    std::string text;
    for_each_choice<Choice>([&](auto const& policy) { text += entry(policy); });
    return text;
}

} // namespace btard::apps
