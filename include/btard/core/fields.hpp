// btard/core/fields.hpp: the fields of a policy as a table, for option help, lists and reference pages.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/describe.hpp>

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

/// What a value can be, for a reader: "FLOAT", "none|simulated", "{UINT, ...}", "sgd|lamb".  A type that
/// writes itself may say so in `static constexpr auto kinds`.
template <class V>
[[nodiscard]] std::string kind_of() {
    if constexpr (requires { std::string_view{V::kinds}; }) {
        return std::string{V::kinds};
    } else if constexpr (described<V>) {
        return V::name;
    } else if constexpr (detail::is_a<V, std::optional>) {
        return kind_of<typename V::value_type>();
    } else if constexpr (detail::is_a<V, std::vector>) {
        return concat("{", kind_of<typename V::value_type>(), ", ...}");
    } else if constexpr (detail::is_a<V, std::variant>) {
        std::string all;
        [&]<class... Ts>(std::variant<Ts...> const*) {
            ((all += concat(all.empty() ? "" : "|", kind_of<Ts>())), ...);
        }(static_cast<V const*>(nullptr));
        return all;
    } else if constexpr (named_enum<V>) {
        std::string all;
        for (std::string_view const word : enum_names(V{})) all += concat(all.empty() ? "" : "|", word);
        return all;
    } else if constexpr (std::same_as<V, bool>) {
        return "true|false";
    } else if constexpr (std::is_arithmetic_v<V>) {
        return std::is_floating_point_v<V> ? "FLOAT" : std::is_unsigned_v<V> ? "UINT" : "INT";
    } else {
        return "TEXT";
    }
}

/// One named field, for option help, lists and reference pages.
struct field_info {
    std::string name;
    std::string kind;         ///< as of `kind_of`
    std::string initial_text; ///< the value in the policy at hand; "" when absent
    std::string help;
};

/// The named fields of a policy, those of a wrapper's parts included.
template <policy_part P>
[[nodiscard]] std::vector<field_info> fields_of(P const& policy) {
    std::vector<field_info> fields;
    for_each_named_field(policy, [&]<class V>(std::string_view name, V const& value, std::string_view help) {
        field_info field{std::string{name}, kind_of<V>(), {}, std::string{help}};
        bool absent = false;
        if constexpr (detail::is_a<V, std::optional>) absent = !value;
        if (!absent) field.initial_text = to_text(value);
        fields.push_back(std::move(field));
    });
    return fields;
}

/// Calls `visit(policy)` with a policy of each name that a choice (a `std::variant`) offers, made by default.
template <class Choice>
void for_each_choice(auto&& visit) {
    [&visit]<class... Ts>(std::variant<Ts...> const*) {
        (visit(Ts{}), ...);
    }(static_cast<Choice const*>(nullptr));
}

} // namespace btard
