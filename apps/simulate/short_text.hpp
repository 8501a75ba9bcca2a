// apps/simulate/short_text.hpp: policies as people write them: without what is as it always is.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../common/choices.hpp"

#include <btard/core/describe.hpp>

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

namespace btard::apps {

/// `centered_clip{.tau = 4}`: the fields that differ from their defaults.  It reads back as the same policy.
template <class V>
[[nodiscard]] std::string short_text(V const& value) {
    if constexpr (detail::is_a<V, std::variant>) {
        return std::visit([](auto const& alternative) { return short_text(alternative); }, value);
    } else {
        std::vector<std::string> usual;
        V const initial{};
        for_each_field(initial, [&](auto, auto const& member, auto) { usual.push_back(to_text(member)); });
        std::string fields;
        std::size_t index = 0;
        for_each_field(value, [&](auto name, auto const& member, auto) {
            std::string const text = to_text(member);
            if (text == usual[index++]) return;
            fields += concat(fields.empty() ? "." : ", .", name, " = ", text);
        });
        return concat(V::name, "{", fields, "}");
    }
}

[[nodiscard]] inline std::string short_text(any_aggregator const& rule) {
    std::string head, tail;
    for (auto const& mixing : rule.mixings.items) {
        head += concat("mixed{", short_text(mixing), ", ");
        tail += "}";
    }
    return concat(head, short_text(rule.rule), tail);
}

[[nodiscard]] inline std::string short_text(any_attack const& attack) {
    if (!attack.when) return short_text(attack.inner);
    std::string const when = short_text(*attack.when);
    return concat("scheduled{", short_text(attack.inner), ", ", when.substr(when.find('{')), "}");
}

/// "nnm + centered_clip"
[[nodiscard]] inline std::string bare_name(any_aggregator const& rule) {
    auto const name = [](auto const& choice) {
        return std::visit([]<class P>(P const&) { return std::string{P::name}; }, choice);
    };
    std::string all;
    for (auto const& mixing : rule.mixings.items) all += concat(name(mixing), " + ");
    return all + name(rule.rule);
}

/// "sign_flip"
[[nodiscard]] inline std::string bare_name(any_attack const& attack) {
    return std::visit([]<class A>(A const&) { return std::string{A::name}; }, attack.inner);
}

} // namespace btard::apps
