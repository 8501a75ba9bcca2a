// btard/core/assign.hpp: gives a value what the tree of a text says.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/describe.hpp>
#include <btard/core/fields.hpp>
#include <btard/core/policy_tree.hpp>
#include <btard/core/suggest.hpp>

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

/// A type that reads itself; together with `writes_itself`, and its inverse.
template <class V>
concept reads_itself = requires(policy_tree const& tree) {
    { V::from_tree(tree) } -> std::same_as<V>;
};

template <class V>
void assign(policy_tree const& tree, V& value);
template <described V>
void assign_fields(policy_tree const& tree, V& value);

namespace detail {

[[nodiscard]] inline std::string const& plain_word(policy_tree const& tree, std::string_view expected) {
    if (!tree.is_word()) refuse_text(tree.column, expected, " is expected here");
    return tree.word;
}

template <class V>
void assign_number(policy_tree const& tree, V& value) {
    constexpr bool real = std::is_floating_point_v<V>;
    std::string digits = plain_word(tree, real ? "a number" : "a whole number");
    std::erase(digits, '\''); // 1'000
    if (digits.starts_with('+')) digits.erase(0, 1);
    if (real && digits.size() > 1 && digits.ends_with('f') && !digits.ends_with("inf"))
        digits.pop_back(); // 0.5f
    if (std::is_unsigned_v<V> && digits.starts_with('-'))
        refuse_text(tree.column, tree.word, " is negative; right would be 0 or more");
    V read{};
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), read);
    if (error == std::errc::result_out_of_range) {
        if constexpr (real) refuse_text(tree.column, tree.word, " is too large or too small for this field");
        else
            refuse_text(tree.column, tree.word, " is out of range; right would be ",
                        std::numeric_limits<V>::min(), " to ", std::numeric_limits<V>::max());
    }
    if (error != std::errc{} || end != digits.data() + digits.size())
        refuse_text(tree.column, "'", tree.word, "' is not a ",
                    real ? "number; right would be 0.5, 1e-3 or inf"
                         : "whole number; right would be 16 or 1'000");
    value = read;
}

template <policy_part V>
std::vector<std::string> names_in(V const& value) {
    std::vector<std::string> names;
    for (auto& field : fields_of(value)) names.push_back(std::move(field.name));
    return names;
}

/// Finds the field by its path ("tau", "optimizer.learning_rate") and calls `change(member)`; the parts of a
/// wrapper are searched too, but not the first `skip` fields.  Says whether there is such a field.
template <class V>
bool change_field(V& value, std::string_view path, auto&& change, std::size_t skip = 0) {
    bool found = false;
    if constexpr (described<V>) {
        std::string_view const first = path.substr(0, path.find('.'));
        std::string_view const rest = path.substr(std::min(first.size() + 1, path.size()));
        std::size_t index = 0;
        for_each_field(value, [&]<class M>(std::string_view name, M& member, std::string_view) {
            if (found || index++ < skip) return;
            if constexpr (policy_part<M>) {
                if (name.empty() || (name == first && !rest.empty())) {
                    found = change_field(member, name.empty() ? path : rest, change);
                    return;
                }
            }
            if (name != path) return;
            change(member);
            found = true;
        });
    } else if constexpr (is_a<V, std::variant>) {
        std::visit([&](auto& alternative) { found = change_field(alternative, path, change); }, value);
    } else if constexpr (is_a<V, std::optional>) {
        auto part = value ? *value : typename V::value_type{};
        found = change_field(part, path, change);
        if (found) value = std::move(part);
    }
    return found;
}

template <described V>
void assign_policy(policy_tree const& tree, V& value) {
    if (tree.quoted || !tree.arguments.empty() || (!tree.word.empty() && tree.word != V::name))
        refuse_text(tree.column, V::name, "{...} is expected here, not '", tree.word, "'");
    V read{}; // a text is the whole value: what it leaves out has its default
    assign_fields(tree, read);
    value = std::move(read);
}

template <class... Vs>
void assign_choice(policy_tree const& tree, std::variant<Vs...>& value) {
    bool found = false;
    auto const try_one = [&]<class V>(std::type_identity<V>) {
        if (found || tree.quoted || tree.word != V::name) return;
        found = true;
        V read{};
        assign(tree, read);
        value = std::move(read);
    };
    (try_one(std::type_identity<Vs>{}), ...);
    if (found) return;
    std::vector<std::string> const names{std::string{Vs::name}...};
    if (tree.is_bare())
        refuse_text(tree.column, "a name is missing before '{'; right would be ", comma_list(names));
    refuse_text(tree.column, unknown_name("unknown name", tree.word, names));
}

} // namespace detail

/// Gives `value` what the tree says; where a policy's text omits a field, the field gets its default.
///
/// @throws environment_error with `errc::bad_text` and a sentence: what is wrong, in which column, what would
///         be right.  `value` is then what it was.
template <class V>
void assign(policy_tree const& tree, V& value) {
    if constexpr (reads_itself<V>) {
        value = V::from_tree(tree);
    } else if constexpr (described<V>) {
        detail::assign_policy(tree, value);
    } else if constexpr (detail::is_a<V, std::variant>) {
        detail::assign_choice(tree, value);
    } else if constexpr (detail::is_a<V, std::optional>) {
        typename V::value_type read{};
        bool const absent =
            (tree.is_bare() && tree.children.empty()) || (tree.is_word() && tree.word == "nullopt");
        if (!absent) assign(tree, read);
        value = absent ? V{} : V{std::move(read)};
    } else if constexpr (detail::is_a<V, std::vector>) {
        if (!tree.is_bare()) refuse_text(tree.column, "a list such as {1, 2, 3} is expected here");
        V read;
        for (auto const& child : tree.children) {
            if (!child.field.empty()) refuse_text(child.field_column, "the values of a list have no names");
            typename V::value_type element{};
            assign(child, element);
            read.push_back(std::move(element));
        }
        value = std::move(read);
    } else if constexpr (std::is_enum_v<V>) {
        auto const words = enum_names(V{});
        std::vector<std::string> const names(words.begin(), words.end());
        auto const at = std::find(names.begin(), names.end(), detail::plain_word(tree, "a name"));
        if (at == names.end()) refuse_text(tree.column, unknown_name("unknown name", tree.word, names));
        value = static_cast<V>(at - names.begin());
    } else if constexpr (std::same_as<V, bool>) {
        auto const& word = detail::plain_word(tree, "true or false");
        if (word != "true" && word != "false")
            refuse_text(tree.column, "'", word, "' is neither; right would be true or false");
        value = word == "true";
    } else if constexpr (std::is_arithmetic_v<V>) {
        detail::assign_number(tree, value);
    } else {
        static_assert(std::same_as<V, std::string>, "a value of this type cannot be read");
        value = tree.quoted ? tree.word : detail::plain_word(tree, "a word or a \"text\"");
    }
}

/// Changes the fields that the tree gives, by place or by name, and leaves the others as they are.
///
/// @throws environment_error, as `assign`; some may then have changed.
template <described V>
void assign_fields(policy_tree const& tree, V& value) {
    std::vector<policy_tree const*> by_place, by_name;
    for (auto const& child : tree.children) {
        if (child.field.empty() && !by_name.empty())
            refuse_text(child.column, "a value without a name may not follow those with names");
        for (auto const* other : by_name)
            if (other->field == child.field)
                refuse_text(child.field_column, "the field '", child.field, "' is given twice");
        (child.field.empty() ? by_place : by_name).push_back(&child);
    }
    std::size_t index = 0;
    for_each_field(value, [&](std::string_view, auto& member, std::string_view) {
        if (index < by_place.size()) assign(*by_place[index], member);
        ++index;
    });
    if (by_place.size() > index)
        refuse_text(by_place[index]->column, "a value too many; right would be at most ", index, " in ",
                    V::name);
    for (auto const* child : by_name) {
        auto const change = [&](auto& member) { assign(*child, member); };
        if (detail::change_field(value, child->field, change, by_place.size())) continue;
        auto const names = detail::names_in(value);
        if (std::find(names.begin(), names.end(), child->field) != names.end())
            refuse_text(child->field_column, "the field '", child->field, "' is given twice");
        refuse_text(child->field_column, unknown_name(concat(V::name, " has no field"), child->field, names));
    }
}

} // namespace btard
