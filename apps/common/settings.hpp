// apps/common/settings.hpp: the settings of a program: one described struct, filled layer by layer.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "given.hpp"

#include <btard/core/describe.hpp>
#include <btard/core/error.hpp>
#include <btard/core/fields.hpp>
#include <btard/core/policy_text.hpp>

#include <algorithm>
#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace btard::apps {

/// Where the values came from, by name ("rule", "rule.tau"); what is missing here has its default.
using origins = std::map<std::string, std::string>;

/// A type that wants its text as it stands, not as that of a policy: `static V from_text(std::string_view)`.
template <class V>
concept reads_letters = requires(std::string_view text) {
    { V::from_text(text) } -> std::same_as<V>;
};

/// A policy, a choice among policies, or one that may be absent: but not an optional number.
template <class V>
inline constexpr bool has_fields = described<V> || detail::is_a<V, std::variant>;
template <class V>
inline constexpr bool has_fields<std::optional<V>> = has_fields<V>;

/// The field `clip_gradient` is the option `--clip-gradient`; the fields of policies keep their names.
[[nodiscard]] std::string option_name(std::string_view field);

/// A field that a policy has, or one of the alternatives of a choice.
struct owned_field {
    std::string owner; ///< "centered_clip"; "" where there is no choice
    field_info field;
};

/// One option for each name among the fields; its help says whose it is.
[[nodiscard]] std::vector<option_info> field_options(std::string const& path,
                                                     std::vector<owned_field> const& fields);

/// The fields of a policy; of a choice, those of each alternative.
template <class V>
    requires has_fields<V>
void collect_fields(std::vector<owned_field>& all, std::string const& owner = "") {
    if constexpr (detail::is_a<V, std::variant>) {
        for_each_choice<V>([&]<class P>(P const&) { collect_fields<P>(all, std::string{P::name}); });
    } else if constexpr (detail::is_a<V, std::optional>) {
        collect_fields<typename V::value_type>(all, owner);
    } else {
        V const policy{};
        for_each_field(policy, [&]<class M>(std::string_view name, M const&, std::string_view help) {
            if constexpr (has_fields<M>) {
                if (name.empty()) return collect_fields<M>(all, owner);
            }
            all.push_back({owner, {std::string{name}, kind_of<M>(), "", std::string{help}}});
        });
    }
}

/// An option for each field, and for a policy one for each of its fields too: `--rule`, `--rule.tau`.
template <described S>
[[nodiscard]] std::vector<option_info> options_of(S const& settings) {
    std::vector<option_info> all;
    for_each_field(settings, [&]<class M>(std::string_view field, M const& value, std::string_view help) {
        constexpr bool choice = has_fields<M>;
        std::string const name = option_name(field);
        option_info option{name, choice ? "TEXT" : kind_of<M>(), to_text(value), std::string{help}};
        if constexpr (detail::is_a<M, std::optional>) {
            if (!value) option.initial.clear();
        }
        if (choice) option.group = name;
        all.push_back(std::move(option));
        if constexpr (choice) {
            std::vector<owned_field> fields;
            collect_fields<M>(fields);
            for (auto& more : field_options(name, fields)) all.push_back(std::move(more));
        }
    });
    return all;
}

/// Gives one setting its value.  Before a field of a setting is set, `settings.before_field(name)` is called
/// where there is one: a setting that is absent may first become what its other fields will belong to.
///
/// @throws environment_error with `errc::bad_text`; the sentence begins with the place of what was given.
template <described S>
void apply(S& settings, given const& one, origins& from) {
    std::string const first = one.name.substr(0, one.name.find('.'));
    bool const whole = first.size() == one.name.size();
    std::vector<std::string> names;
    bool found = false;
    auto const set = [&]<class M>(M& member) {
        if (whole) {
            if constexpr (std::same_as<M, std::string>) member = one.text;
            else if constexpr (reads_letters<M>) member = M::from_text(one.text);
            else parse_into(member, one.text);
        } else if constexpr (has_fields<M>) {
            if constexpr (requires { settings.before_field(first); }) settings.before_field(first);
            set_field(member, one.name.substr(first.size() + 1), one.text);
        } else {
            throw environment_error(errc::bad_text, concat("'", first, "' has no fields"));
        }
    };
    for_each_field(settings, [&](std::string_view field, auto& member, std::string_view) {
        names.push_back(option_name(field));
        if (names.back() != first) return;
        found = true;
        try {
            set(member);
        } catch (environment_error const& error) {
            throw environment_error(error.code(), concat(one.place, ": ", error.what(),
                                                         whole ? "" : concat(", in ", to_text(member))));
        }
    });
    if (!found)
        throw environment_error(errc::bad_text,
                                concat(one.place, ": ", unknown_name("there is no setting", first, names)));
    if (whole) std::erase_if(from, [&](auto const& item) { return item.first.starts_with(first + "."); });
    from[one.name] = one.origin;
}

/// A layer: a file, the command line.  Whatever their order, whole values come before single fields of them,
/// and they replace what fields lower layers had set.
template <described S>
void apply(S& settings, std::vector<given> const& layer, origins& from) {
    for (bool const whole : {true, false})
        for (auto const& one : layer)
            if ((one.name.find('.') == std::string::npos) == whole) apply(settings, one, from);
}

/// Asks each setting whether it makes sense, then all together.
///
/// @throws contract_violation, with the name of the setting.
template <described S>
void check(S const& settings) {
    for_each_field(settings, [&](std::string_view field, auto const& member, std::string_view) {
        try {
            validate(member);
        } catch (contract_violation const& wrong) {
            throw contract_violation(concat("--", option_name(field), ": ", wrong.what()));
        }
    });
    if constexpr (requires { settings.validate(); }) settings.validate();
}

/// A text between quotes, for a configuration file.
[[nodiscard]] std::string quoted_text(std::string_view text);

/// A line of a configuration file, with where its value came from as a comment.
[[nodiscard]] std::string with_origin(std::string line, std::string_view origin);

/// All settings but those left out, as a configuration file that would give the same.
template <described S>
[[nodiscard]] std::string config_text(S const& settings, origins const& from,
                                      std::vector<std::string> const& left_out = {}) {
    std::string lines;
    for_each_field(settings, [&]<class M>(std::string_view field, M const& value, std::string_view) {
        std::string const name = option_name(field);
        if (std::find(left_out.begin(), left_out.end(), name) != left_out.end()) return;
        auto const at = from.find(name);
        std::string origin = at == from.end() ? "default" : at->second;
        for (auto const& [path, where] : from)
            if (path.starts_with(name + ".")) origin += concat("; ", path.substr(name.size()), ": ", where);
        bool absent = false;
        if constexpr (detail::is_a<M, std::optional>) absent = !value;
        std::string text;
        if constexpr (std::same_as<M, std::string>) text = value;
        else text = to_text(value);
        bool const bare = std::is_arithmetic_v<M> || text.find_first_not_of("0123456789") == text.npos;
        lines += absent ? with_origin(concat("# ", name, " is absent"), origin)
                        : with_origin(concat(name, " = ", bare ? text : quoted_text(text)), origin);
    });
    return lines;
}

} // namespace btard::apps
