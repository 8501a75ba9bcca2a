// apps/common/json_read.hpp: reads back what json.hpp writes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace btard::apps {

/// A member of an object, with its value as it stands: `3`, `"a \"b\""`, `[1,2]`, `{...}`, `null`.
struct json_member {
    std::string name;
    std::string value;

    friend bool operator==(json_member const&, json_member const&) = default;
};

/// The members of an object on one line; nothing for what is no such line, as one that was cut off.
[[nodiscard]] std::optional<std::vector<json_member>> read_json(std::string_view line);

/// The value of a member as it stands; "" where there is none.
[[nodiscard]] std::string_view value_in(std::vector<json_member> const& members, std::string_view name);

/// A number; NaN for `null`, and for what is no number.
[[nodiscard]] double json_number(std::string_view value);

/// The letters of a text; what is none stays as it is.
[[nodiscard]] std::string json_letters(std::string_view value);

/// The elements of an array of whole numbers.
[[nodiscard]] std::vector<std::size_t> json_numbers(std::string_view value);

/// The elements of an array of texts.
[[nodiscard]] std::vector<std::string> json_texts(std::string_view value);

} // namespace btard::apps
