// btard/core/policy_text.hpp: one reader of what policies print: text -> tree -> value.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/assign.hpp>
#include <btard/core/describe.hpp>
#include <btard/core/error.hpp>
#include <btard/core/policy_tree.hpp>
#include <btard/core/suggest.hpp>

#include <concepts>
#include <string>
#include <string_view>

namespace btard {

/// Reads a text into an existing value; a complaint begins with the text that it is about.
///
/// @throws environment_error, as `assign`.
template <class V>
void parse_into(V& value, std::string_view text) {
    try {
        assign(parse_policy_tree(text), value);
    } catch (environment_error const& error) {
        auto const shown = text.size() > 200 ? concat(text.substr(0, 200), "...") : std::string{text};
        throw environment_error(error.code(), concat("'", shown, "', ", error.what()));
    }
}

/// The inverse of `to_text`.
///
/// @throws environment_error, as `parse_into`.
template <class V>
[[nodiscard]] V parse(std::string_view text) {
    V value{};
    parse_into(value, text);
    return value;
}

/// Sets one field by its name, or its path: `set_field(policy, "tau", "0.5")`, "optimizer.learning_rate".
/// The parts of a wrapper are searched too.  A field of letters takes any text as it stands.
///
/// @throws environment_error, as `parse_into`.
template <policy_part P>
void set_field(P& policy, std::string_view path, std::string_view text) {
    auto const change = [&]<class M>(M& member) {
        if constexpr (std::same_as<M, std::string>) {
            if (!text.starts_with('"')) {
                member = text;
                return;
            }
        }
        parse_into(member, text);
    };
    if (!detail::change_field(policy, path, change))
        throw environment_error(errc::bad_text,
                                unknown_name("there is no field", path, detail::names_in(policy)));
}

} // namespace btard
