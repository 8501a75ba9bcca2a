// btard/core/describe.hpp: policies list their fields; from the list come their text and their checks.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>

#include <charconv>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

namespace detail {
struct any_field {
    template <class V>
    constexpr void operator()(std::string_view, V&, std::string_view = {}) const {}
};
template <class V, template <class...> class Template>
inline constexpr bool is_a = false;
template <template <class...> class Template, class... Ts>
inline constexpr bool is_a<Template<Ts...>, Template> = true;
} // namespace detail

/// A policy that lists its fields:
///
///     static constexpr auto name = "sign_flip";
///     static constexpr void describe(auto& self, auto&& field) {
///         field("scale", self.scale, "how much longer");
///     }
///
/// Semantics: `field` is called for each data member, in the order of their declaration.  The name "" is for
/// the parts of a wrapper: they stand in the text without a name, and their fields count as its own.  Optional
/// member: `local_fields`, an array of the names of those that change no result, such as a number of threads.
template <class P>
concept described = requires(P& policy, detail::any_field& field) {
    { P::name } -> std::convertible_to<std::string_view>;
    P::describe(policy, field);
};

/// An enumeration with words for its values 0, 1, 2, ...:
/// `constexpr auto enum_names(bans) { return std::array<std::string_view, 2>{"none", "simulated"}; }`
template <class E>
concept named_enum = std::is_enum_v<E> && requires(E value) {
    { enum_names(value)[0] } -> std::convertible_to<std::string_view>;
};

/// A type with a text of its own, which `policy_text.hpp` reads by `static T from_tree(policy_tree const&)`.
template <class V>
concept writes_itself = requires(V const& value) {
    { value.text() } -> std::convertible_to<std::string>;
};

/// What may stand under the name "": a policy, a choice among policies, or one that may be absent.
template <class V>
concept policy_part = described<V> || detail::is_a<V, std::variant> || detail::is_a<V, std::optional>;

/// Calls `visit(name, value, help)` for each field, the parts of a wrapper as they stand, under the name "".
template <class P>
    requires described<std::remove_const_t<P>>
constexpr void for_each_field(P& policy, auto&& visit) {
    auto const field = [&]<class V>(std::string_view name, V& value, std::string_view help = {}) {
        visit(name, value, help);
    };
    std::remove_const_t<P>::describe(policy, field);
}

/// Calls `visit(name, value, help)` for each field that has a name, those of a wrapper's parts included.
/// An absent part shows what it begins with.
template <policy_part V>
constexpr void for_each_named_field(V const& value, auto&& visit) {
    if constexpr (described<V>) {
        for_each_field(value, [&]<class M>(std::string_view name, M const& member, std::string_view help) {
            if constexpr (policy_part<M>) {
                if (name.empty()) return for_each_named_field(member, visit);
            }
            visit(name, member, help);
        });
    } else if constexpr (detail::is_a<V, std::variant>) {
        std::visit([&](auto const& alternative) { for_each_named_field(alternative, visit); }, value);
    } else if constexpr (policy_part<typename V::value_type>) {
        for_each_named_field(value ? *value : typename V::value_type{}, visit);
    }
}

namespace detail {
/// For each field: is it an optional one that the policy's default has?  Its absence must then be written.
template <described V>
std::vector<bool> present_by_default() {
    std::vector<bool> present;
    V const initial{};
    for_each_field(initial, [&]<class M>(std::string_view, M const& member, std::string_view) {
        if constexpr (is_a<M, std::optional>) present.push_back(member.has_value());
        else present.push_back(false);
    });
    return present;
}
} // namespace detail

/// Appends the text of a value; see `to_text`.
template <class V>
void append_text(std::string& text, V const& value) {
    bool first = true;
    if constexpr (writes_itself<V>) {
        text += value.text();
    } else if constexpr (described<V>) {
        text += V::name;
        text += '{';
        auto const usual = detail::present_by_default<V>();
        std::size_t index = 0;
        for_each_field(value, [&]<class M>(std::string_view name, M const& member, std::string_view) {
            bool const by_default = usual[index++];
            if constexpr (detail::is_a<M, std::optional>) {
                if (!member && !by_default && !name.empty()) return;
            }
            if (!std::exchange(first, false)) text += ", ";
            if (!name.empty()) text += concat(".", name, " = ");
            append_text(text, member);
        });
        text += '}';
    } else if constexpr (detail::is_a<V, std::variant>) {
        std::visit([&](auto const& alternative) { append_text(text, alternative); }, value);
    } else if constexpr (detail::is_a<V, std::optional>) {
        if (value) append_text(text, *value);
        else text += "{}";
    } else if constexpr (detail::is_a<V, std::vector>) {
        text += '{';
        for (auto const& element : value) {
            if (!std::exchange(first, false)) text += ", ";
            append_text(text, element);
        }
        text += '}';
    } else if constexpr (std::is_enum_v<V>) {
        static_assert(named_enum<V>, "this enumeration has no enum_names");
        auto const index = static_cast<std::size_t>(value);
        expects(index < enum_names(value).size(), "an enumeration has the value ", index, ", without a name");
        text += enum_names(value)[index];
    } else if constexpr (std::same_as<V, bool>) {
        text += value ? "true" : "false";
    } else if constexpr (std::is_arithmetic_v<V>) {
        text += concat(value);
    } else {
        static_assert(std::convertible_to<V const&, std::string_view>, "a value of this type has no text");
        text += '"';
        for (char const letter : std::string_view{value}) {
            if (letter == '"' || letter == '\\') text += '\\';
            if (letter == '\n') text += "\\n";
            else text += letter;
        }
        text += '"';
    }
}

/// The syntax that makes the value: `centered_clip{.tau = 0.5, .iterations = 20}`.  Numbers in their shortest
/// exact form, absent optional fields not at all (but `{}` where the default has a value), the parts of
/// wrappers without a name.
template <class V>
[[nodiscard]] std::string to_text(V const& value) {
    std::string text;
    append_text(text, value);
    return text;
}

/// Asks a policy, and all policies in it, whether their fields make sense: each that has `validate()`.
///
/// @throws contract_violation, with the value and what would be right.
template <class V>
constexpr void validate(V const& value) {
    if constexpr (requires { value.validate(); }) value.validate();
    if constexpr (described<V>) {
        for_each_field(value, [](auto, auto const& member, auto) { validate(member); });
    } else if constexpr (detail::is_a<V, std::variant>) {
        std::visit([](auto const& alternative) { validate(alternative); }, value);
    } else if constexpr (detail::is_a<V, std::optional>) {
        if (value) validate(*value);
    }
}

} // namespace btard
