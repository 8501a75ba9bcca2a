// SPDX-License-Identifier: Apache-2.0
#include "json_read.hpp"

#include <charconv>
#include <limits>
#include <system_error>

namespace btard::apps {

namespace {

/// The place behind the value that begins at `at`; npos: it does not end.
std::size_t end_of_value(std::string_view text, std::size_t at) {
    std::size_t depth = 0;
    bool quoted = false;
    for (std::size_t const begin = at; at < text.size(); ++at) {
        char const c = text[at];
        if (quoted) {
            if (c == '\\') ++at;
            else if (c == '"') quoted = false;
            if (!quoted && depth == 0) return at + 1;
            continue;
        }
        if (c == '"') quoted = true;
        else if (c == '{' || c == '[') ++depth;
        else if ((c == '}' || c == ']') && depth > 0) {
            if (--depth == 0) return at + 1;
        } else if (depth == 0 && (c == ',' || c == '}')) return at == begin ? text.npos : at;
    }
    return text.npos;
}

} // namespace

std::optional<std::vector<json_member>> read_json(std::string_view line) {
    std::vector<json_member> members;
    if (line == "{}") return members;
    std::size_t at = 0;
    do {
        if (at >= line.size() || line[at] != (members.empty() ? '{' : ',')) return {};
        std::size_t const name_end = end_of_value(line, ++at);
        if (name_end >= line.size() || line[at] != '"' || line[name_end] != ':') return {};
        std::size_t const value_end = end_of_value(line, name_end + 1);
        if (value_end >= line.size()) return {};
        members.push_back({json_letters(line.substr(at, name_end - at)),
                           std::string{line.substr(name_end + 1, value_end - name_end - 1)}});
        at = value_end;
    } while (line[at] != '}');
    if (at + 1 != line.size()) return {};
    return members;
}

std::string_view value_in(std::vector<json_member> const& members, std::string_view name) {
    for (auto const& member : members)
        if (member.name == name) return member.value;
    return {};
}

double json_number(std::string_view value) {
    double number = 0;
    auto const [end, wrong] = std::from_chars(value.data(), value.data() + value.size(), number);
    bool const whole = wrong == std::errc{} && end == value.data() + value.size();
    return whole ? number : std::numeric_limits<double>::quiet_NaN();
}

std::string json_letters(std::string_view value) {
    if (value.size() < 2 || value.front() != '"') return std::string{value};
    value = value.substr(1, value.size() - 2);
    std::string letters;
    for (std::size_t k = 0; k < value.size(); ++k) {
        if (value[k] != '\\' || k + 1 == value.size()) {
            letters += value[k];
            continue;
        }
        ++k;
        if (value[k] == 'u' && k + 4 < value.size()) {
            unsigned code = 0; // json.hpp writes only those below 0x20 in this way
            std::from_chars(value.data() + k + 1, value.data() + k + 5, code, 16);
            letters += static_cast<char>(code);
            k += 4;
        } else {
            letters += value[k];
        }
    }
    return letters;
}

std::vector<std::size_t> json_numbers(std::string_view value) {
    std::vector<std::size_t> numbers;
    char const* at = value.data();
    char const* const end = at + value.size();
    while (at != end) {
        std::size_t number = 0;
        auto const [next, wrong] = std::from_chars(at, end, number);
        if (wrong == std::errc{}) numbers.push_back(number);
        at = wrong == std::errc{} ? next : at + 1;
    }
    return numbers;
}

std::vector<std::string> json_texts(std::string_view value) {
    std::vector<std::string> texts;
    for (auto at = value.find('"'); at < value.size(); at = value.find('"', at)) {
        std::size_t const end = end_of_value(value, at);
        if (end == value.npos) break;
        texts.push_back(json_letters(value.substr(at, end - at)));
        at = end;
    }
    return texts;
}

} // namespace btard::apps
