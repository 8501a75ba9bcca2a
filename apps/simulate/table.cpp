// SPDX-License-Identifier: Apache-2.0
#include "table.hpp"

#include "../common/columns.hpp"

#include <btard/core/error.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
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

} // namespace

std::string loss_text(double loss) {
    if (!std::isfinite(loss)) return "not finite";
    char text[40];
    std::snprintf(text, sizeof text, std::fabs(loss) < 1e5 ? "%.3f" : "%.2e", loss);
    return text;
}

std::string table_text(std::span<history const> curves) {
    std::vector<std::vector<std::string>> rows{
        {"curve", "before attack", "worst since", "last loss", "peers alive", "banned at steps"}};
    for (auto const& one : curves) {
        rows.push_back(
            {one.name, one.attacked ? mean_text(one, *one.attacked) : "-",
             one.attacked ? loss_text(worst_since_attack(one)) : "-", mean_text(one, one.loss.size()),
             one.loss.empty() ? "-" : concat(one.honest_left, " + ", one.byzantine_left), bans_text(one)});
    }
    return aligned(rows, "lrrrll");
}

} // namespace btard::apps
