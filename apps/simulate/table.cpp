// SPDX-License-Identifier: Apache-2.0
#include "table.hpp"
#include "removals.hpp"

#include "../common/columns.hpp"

#include <btard/core/error.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <utility>
#include <vector>

namespace btard::apps {

namespace {

std::string mean_text(history const& one, std::size_t end) {
    return end == 0 ? "-" : loss_text(mean_before(one, end));
}

std::string bans_text(history const& one) {
    std::string text;
    constexpr std::size_t most = 12;
    for (std::size_t k = 0; k < std::min(one.banned.size(), most); ++k)
        text += concat(k == 0 ? "" : ", ", one.banned[k].first);
    if (one.banned.size() > most) text += ", ...";
    return text.empty() ? "-" : text;
}

evaluation const* last_test(history const& one) {
    return one.tests.empty() ? nullptr : &one.tests.back().found;
}

std::string accuracy_text(double accuracy) {
    char text[40];
    std::snprintf(text, sizeof text, "%.3f", accuracy);
    return text;
}

} // namespace

std::string loss_text(double loss) {
    if (!std::isfinite(loss)) return "not finite";
    char text[40];
    std::snprintf(text, sizeof text, std::fabs(loss) < 1e5 ? "%.3f" : "%.2e", loss);
    return text;
}

std::string step_text(step_report const& report, std::optional<evaluation> const& test) {
    char text[40];
    std::snprintf(text, sizeof text, "loss %.4g", report.loss);
    std::string all = text;
    if (test && test->accuracy) all += concat("  accuracy ", accuracy_text(*test->accuracy));
    else if (test) all += concat("  test loss ", loss_text(test->loss));
    return all + concat("  peers ", report.honest, "+", report.byzantine);
}

std::string table_text(std::span<history const> curves) {
    bool const tested = std::any_of(curves.begin(), curves.end(), last_test);
    bool const classified = std::any_of(curves.begin(), curves.end(), [](history const& one) {
        auto const* const test = last_test(one);
        return test && test->accuracy;
    });
    std::vector<std::vector<std::string>> rows{{"curve", "before attack", "worst since", "last loss"}};
    if (tested) rows.front().push_back("test loss");
    if (classified) rows.front().push_back("accuracy");
    constexpr std::array<std::pair<removed_as, char const*>, 2> others{
        {{removed_as::strike, "strikes"}, {removed_as::absence, "absences"}}};
    auto const any = [&](removed_as what) {
        return std::any_of(curves.begin(), curves.end(), [&](history const& one) { return count(one, what) > 0; });
    };
    for (auto const& [what, title] : others)
        if (any(what)) rows.front().push_back(title);
    std::string const sides = std::string(rows.front().size(), 'r').replace(0, 1, "l") + "ll";
    rows.front().insert(rows.front().end(), {"peers alive", "banned at steps"});
    for (auto const& one : curves) {
        auto& row = rows.emplace_back();
        row = {one.name, one.attacked ? mean_text(one, *one.attacked) : "-",
               one.attacked ? loss_text(worst_since_attack(one)) : "-", mean_text(one, one.loss.size())};
        auto const* const test = last_test(one);
        if (tested) row.push_back(test ? loss_text(test->loss) : "-");
        if (classified) row.push_back(test && test->accuracy ? accuracy_text(*test->accuracy) : "-");
        for (auto const& [what, title] : others)
            if (any(what)) row.push_back(concat(count(one, what)));
        row.push_back(one.loss.empty() ? "-" : concat(one.honest_left, " + ", one.byzantine_left));
        row.push_back(bans_text(one));
    }
    return aligned(rows, sides);
}

} // namespace btard::apps
