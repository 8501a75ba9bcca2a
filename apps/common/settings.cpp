// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include <cstddef>

namespace btard::apps {

std::string option_name(std::string_view field) {
    std::string name{field};
    std::replace(name.begin(), name.end(), '_', '-');
    return name;
}

std::vector<option_info> field_options(std::string const& path, std::vector<owned_field> const& fields) {
    struct meaning {
        std::vector<std::string> owners;
        std::string help;
    };
    std::vector<std::pair<option_info, std::vector<meaning>>> all;
    for (auto const& [owner, field] : fields) {
        std::string const name = concat(path, ".", field.name);
        auto option =
            std::find_if(all.begin(), all.end(), [&](auto const& o) { return o.first.name == name; });
        if (option == all.end()) option = all.insert(all.end(), {{name, field.kind, "", "", path}, {}});
        if (std::string const& kind = field.kind;
            concat("|", option->first.kind, "|").find(concat("|", kind, "|")) == std::string::npos)
            option->first.kind += concat("|", kind);
        auto& meanings = option->second;
        std::string const& help = field.help; // clang 14 captures no structured binding
        auto same =
            std::find_if(meanings.begin(), meanings.end(), [&](auto const& m) { return m.help == help; });
        if (same == meanings.end()) same = meanings.insert(meanings.end(), {{}, field.help});
        if (!owner.empty()) same->owners.push_back(owner);
    }
    std::vector<option_info> options;
    for (auto& [option, meanings] : all) {
        for (auto const& [owners, help] : meanings)
            option.help +=
                concat(option.help.empty() ? "" : "; ", comma_list(owners), owners.empty() ? "" : ": ", help);
        options.push_back(std::move(option));
    }
    return options;
}

std::string quoted_text(std::string_view text) {
    if (text.find_first_of("'\n") == std::string::npos) return concat("'", text, "'");
    std::string value = "\"";
    for (char const c : text) {
        if (c == '"' || c == '\\') value += '\\';
        if (c == '\n') value += "\\n";
        else value += c;
    }
    return value + '"';
}

std::string with_origin(std::string line, std::string_view origin) {
    constexpr std::size_t column = 56;
    line.resize(std::max(line.size() + 2, column), ' ');
    return concat(line, "# ", origin, "\n");
}

} // namespace btard::apps
