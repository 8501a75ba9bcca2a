// apps/simulate/history.hpp: what plots and table need to know of a curve.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/train/learnable.hpp>
#include <btard/train/swarm_options.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace btard::apps {

/// A loss that can be compared: what is not finite is worse than all that is.
[[nodiscard]] inline double badness(double loss) {
    return std::isfinite(loss) ? loss : std::numeric_limits<double>::infinity();
}

/// In ascending gravity.
enum class removed_as { leave, absence, strike, ban };

struct history {
    std::string name;
    std::size_t peers = 0, byzantine = 0;
    std::vector<double> loss = {};       ///< by step
    std::vector<std::size_t> alive = {}; ///< by step, honest and Byzantine peers after it
    std::vector<std::pair<std::size_t, std::size_t>> banned = {}; ///< (step, peer)
    std::optional<std::size_t> attacked = {};                     ///< the first step at which somebody did
    std::size_t honest_left = 0, byzantine_left = 0;
    double seconds = 0; ///< of computation, shared steps included

    struct test {
        std::size_t step; ///< after which it was made
        evaluation found;
    };
    std::vector<test> tests = {};

    struct removal {
        std::size_t step, peer;
        std::string reason;

        friend bool operator==(removal const&, removal const&) = default;
    };
    std::vector<removal> removed = {}; ///< banned or not, with each of the reasons

    void add(step_report const& report, std::optional<evaluation> const& found = {}) {
        if (found) tests.push_back({report.step, *found});
        loss.push_back(report.loss);
        alive.push_back(report.honest + report.byzantine);
        for (std::size_t const peer : report.banned) banned.emplace_back(report.step, peer);
        for (auto const& one : report.removed) removed.push_back({report.step, one.peer, std::string{one.why}});
        if (report.attacking > 0 && !attacked) attacked = report.step;
        honest_left = report.honest;
        byzantine_left = report.byzantine;
    }
};

/// Mean loss of the 20 steps before step `end`, or of what there is.
[[nodiscard]] inline double mean_before(history const& one, std::size_t end) {
    std::size_t const begin = end > 20 ? end - 20 : 0;
    double sum = 0;
    for (std::size_t k = begin; k < end; ++k) sum += one.loss[k];
    return sum / static_cast<double>(end - begin);
}

/// The worst loss since somebody attacked.
[[nodiscard]] inline double worst_since_attack(history const& one) {
    double worst = -std::numeric_limits<double>::infinity();
    for (std::size_t k = one.attacked.value_or(one.loss.size()); k < one.loss.size(); ++k)
        worst = std::max(worst, badness(one.loss[k]));
    return worst;
}

} // namespace btard::apps
