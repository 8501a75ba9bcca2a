// SPDX-License-Identifier: Apache-2.0
#include "table.hpp"

#include <btard/core/error.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <limits>
#include <vector>

namespace btard::apps {

namespace {

constexpr std::size_t averaged = 20; // steps

std::string loss_text(double loss) {
    if (!std::isfinite(loss)) return "not finite";
    char text[40];
    std::snprintf(text, sizeof text, std::fabs(loss) < 1e5 ? "%.3f" : "%.2e", loss);
    return text;
}

std::string mean_before(std::vector<double> const& loss, std::size_t end) {
    std::size_t const begin = end > averaged ? end - averaged : 0;
    double sum = 0;
    for (std::size_t k = begin; k < end; ++k) sum += loss[k];
    return end == begin ? "-" : loss_text(sum / static_cast<double>(end - begin));
}

std::string worst_from(std::vector<double> const& loss, std::size_t begin) {
    double worst = -std::numeric_limits<double>::infinity();
    for (std::size_t k = begin; k < loss.size(); ++k) worst = std::max(worst, badness(loss[k]));
    return loss_text(worst);
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

std::string table_text(std::span<history const> curves) {
    using row = std::array<std::string, 6>;
    std::vector<row> rows{
        {"curve", "before attack", "worst since", "last loss", "peers alive", "banned at steps"}};
    for (auto const& one : curves) {
        rows.push_back(
            {one.name, one.attacked ? mean_before(one.loss, *one.attacked) : "-",
             one.attacked ? worst_from(one.loss, *one.attacked) : "-", mean_before(one.loss, one.loss.size()),
             one.loss.empty() ? "-" : concat(one.honest_left, " + ", one.byzantine_left), bans_text(one)});
    }
    std::array<std::size_t, 6> widths{};
    for (auto const& cells : rows)
        for (std::size_t k = 0; k < cells.size(); ++k) widths[k] = std::max(widths[k], cells[k].size());
    std::string text;
    for (auto const& cells : rows) {
        for (std::size_t k = 0; k < cells.size(); ++k) {
            std::string const blanks(widths[k] - cells[k].size(), ' ');
            bool const is_number = k > 0 && k < 4;
            text += is_number ? blanks + cells[k] : k + 1 == cells.size() ? cells[k] : cells[k] + blanks;
            text += k + 1 == cells.size() ? "\n" : "   ";
        }
    }
    return text;
}

} // namespace btard::apps
