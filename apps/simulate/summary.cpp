// SPDX-License-Identifier: Apache-2.0
#include "summary.hpp"
#include "removals.hpp"

#include "../common/columns.hpp"
#include "../common/markup.hpp"

#include <btard/core/error.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace btard::apps {

namespace {

std::optional<spread> spread_of(std::vector<double> const& values) {
    if (values.empty()) return {};
    spread all{0, badness(values.front()), badness(values.front())};
    for (double const value : values) {
        all.mean += badness(value) / static_cast<double>(values.size());
        all.min = std::min(all.min, badness(value));
        all.max = std::max(all.max, badness(value));
    }
    return all;
}

struct measure_of_cell {
    char const* name; ///< in the CSV file
    char const* title;
    std::optional<spread> cell::*value;
    bool if_any = false; ///< of no interest where it is zero everywhere
};
constexpr std::array<measure_of_cell, 9> measures{{
    {"last_loss", "last loss", &cell::last_loss},
    {"worst_loss", "worst since attack", &cell::worst_loss},
    {"accuracy", "accuracy", &cell::accuracy},
    {"attackers_left", "attackers left", &cell::attackers_left},
    {"steps_until_all_banned", "all banned after", &cell::steps_until_all_banned},
    {"bans", "bans", &cell::bans, true},
    {"strikes", "strikes", &cell::strikes, true},
    {"absences", "absences", &cell::absences, true},
    {"seconds", "seconds", &cell::seconds},
}};

std::string short_number(double value) {
    if (std::isfinite(value) && std::floor(value) == value && std::fabs(value) < 1e5)
        return concat(static_cast<long>(value));
    if (!std::isfinite(value)) return "not finite";
    char text[40];
    std::snprintf(text, sizeof text, "%.4g", value);
    return text;
}

std::string spread_text(std::optional<spread> const& values) {
    if (!values) return "-";
    std::string const mean = short_number(values->mean);
    if (values->min == values->max) return mean;
    return concat(mean, " [", short_number(values->min), ", ", short_number(values->max), "]");
}

std::string csv_number(double value) { return std::isfinite(value) ? concat(value) : "inf"; }

} // namespace

std::vector<cell> summarize(sweep const& grid, std::span<history const> runs) {
    std::vector<cell> cells;
    for (std::size_t r = 0; r < grid.rules.size(); ++r) {
        for (std::size_t a = 0; a < grid.attacks.size(); ++a) {
            std::vector<double> last, worst, accuracy, left, banned, seconds, bans, strikes, absences;
            for (std::size_t s = 0; s < grid.seeds.size(); ++s) {
                auto const& one = runs[grid.at(r, a, s)];
                if (one.loss.empty()) continue;
                last.push_back(mean_before(one, one.loss.size()));
                if (one.attacked) worst.push_back(worst_since_attack(one));
                if (!one.tests.empty() && one.tests.back().found.accuracy)
                    accuracy.push_back(*one.tests.back().found.accuracy);
                left.push_back(static_cast<double>(one.byzantine_left));
                if (one.attacked && one.byzantine_left == 0 && !one.banned.empty())
                    banned.push_back(static_cast<double>(one.banned.back().first - *one.attacked + 1));
                bans.push_back(static_cast<double>(count(one, removed_as::ban)));
                strikes.push_back(static_cast<double>(count(one, removed_as::strike)));
                absences.push_back(static_cast<double>(count(one, removed_as::absence)));
                seconds.push_back(one.seconds);
            }
            cells.push_back({r, a, last.size(), spread_of(last), spread_of(worst), spread_of(accuracy),
                             spread_of(left), spread_of(banned), spread_of(bans), spread_of(strikes),
                             spread_of(absences), spread_of(seconds)});
        }
    }
    return cells;
}

std::vector<std::vector<std::string>> summary_rows(sweep const& grid, std::span<cell const> cells) {
    std::vector<std::vector<std::string>> rows{{"rule", "attack", "runs"}};
    std::vector<measure_of_cell> shown; // those that some cell has
    for (auto const& measure : measures) {
        if (std::none_of(cells.begin(), cells.end(),
                         [&](cell const& c) {
                             auto const& values = c.*measure.value;
                             return values && (!measure.if_any || values->max > 0);
                         }))
            continue;
        shown.push_back(measure);
        rows.front().push_back(measure.title);
    }
    for (auto const& one : cells) {
        auto& row = rows.emplace_back();
        row = {grid.rules[one.rule], grid.attacks[one.attack], concat(one.runs)};
        for (auto const& measure : shown) {
            bool const of_machine = measure.value == &cell::seconds;
            auto const& values = one.*measure.value;
            row.push_back(of_machine && values ? short_number(values->mean) : spread_text(values));
        }
    }
    return rows;
}

std::string summary_text(sweep const& grid, std::span<cell const> cells) {
    auto const rows = summary_rows(grid, cells);
    return aligned(rows, std::string("ll") + std::string(rows.front().size() - 2, 'r'));
}

std::string summary_csv(sweep const& grid, std::span<cell const> cells) {
    std::string text = "rule,attack,runs";
    for (auto const& measure : measures)
        for (auto const* const part : {"_mean", "_min", "_max"}) text += concat(",", measure.name, part);
    text += '\n';
    for (auto const& one : cells) {
        text +=
            concat(csv_cell(grid.rules[one.rule]), ",", csv_cell(grid.attacks[one.attack]), ",", one.runs);
        for (auto const& measure : measures) {
            auto const& values = one.*measure.value;
            if (!values) text += ",,,";
            else
                text += concat(",", csv_number(values->mean), ",", csv_number(values->min), ",",
                               csv_number(values->max));
        }
        text += '\n';
    }
    return text;
}

} // namespace btard::apps
