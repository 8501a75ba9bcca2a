// apps/simulate/data.hpp: what the peers learn from: `quadratic{...}`, or a text file, `text:FILE`.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/describe.hpp>
#include <btard/core/error.hpp>
#include <btard/core/policy_text.hpp>
#include <btard/data/masked_text.hpp>
#include <btard/train/quadratic.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace btard::apps {

/// Bytes to guess in a text file.
struct text_file {
    std::string file;
    masking samples;

    static constexpr auto name = "text";
    static constexpr auto summary = masking::summary;
    static constexpr void describe(auto& self, auto&& field) {
        field("file", self.file, "path of the text");
        masking::describe(self.samples, field);
    }
    friend bool operator==(text_file const&, text_file const&) = default;

    void validate() const {
        expects(!file.empty(), "the path of the text is missing; right would be text:FILE");
        samples.validate();
    }
};

/// One of them, chosen at run time.
struct any_data {
    using choice = std::variant<quadratic, text_file>;
    choice value{};

    static constexpr auto name = "data";
    static constexpr void describe(auto& self, auto&& field) { field("", self.value); }
    friend bool operator==(any_data const&, any_data const&) = default;

    [[nodiscard]] std::string text() const { return to_text(value); }
    /// After `text:` all letters are the path, whatever they are.
    [[nodiscard]] static any_data from_text(std::string_view letters) {
        constexpr std::string_view short_form = "text:";
        if (letters.starts_with(short_form))
            return {text_file{std::string{letters.substr(short_form.size())}, {}}};
        return {parse<choice>(letters)};
    }
};

} // namespace btard::apps
