// apps/common/given.hpp: what a program is told, before anybody knows what it means.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace btard::apps {

/// One value as somebody wrote it.
struct given {
    std::string name;      ///< "rule", "rule.tau"
    std::string text;      ///< "centered_clip{}", "0.5"
    std::string origin;    ///< "command line", "demo.toml:3"
    std::string place;     ///< how a complaint about it begins: "--rule.tau", "demo.toml:3: rule.tau"
    bool in_array = false; ///< one of those between [ and ], perhaps the only one

    friend bool operator==(given const&, given const&) = default;
};

/// Takes out of a layer what has this name, in its order.
[[nodiscard]] inline std::vector<given> take(std::vector<given>& from, std::string_view name) {
    std::vector<given> taken;
    for (auto const& one : from)
        if (one.name == name) taken.push_back(one);
    std::erase_if(from, [&](given const& one) { return one.name == name; });
    return taken;
}

/// One option of a program.
struct option_info {
    std::string name;        ///< without the dashes
    std::string kind;        ///< "UINT"; "" for a switch
    std::string initial{};   ///< the text of its default; "" for none
    std::string help{};      ///< one line
    std::string group{};     ///< the heading in the help
    bool repeatable = false; ///< may be given several times

    friend bool operator==(option_info const&, option_info const&) = default;
};

} // namespace btard::apps
