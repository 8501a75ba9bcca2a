// apps/simulate/history.hpp: what plots and table need to know of a curve.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/train/learnable.hpp>
#include <btard/train/swarm_options.hpp>

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

struct history {
    std::string name;
    std::size_t peers = 0, byzantine = 0;
    std::vector<double> loss = {};       ///< by step
    std::vector<std::size_t> alive = {}; ///< by step, honest and Byzantine peers after it
    std::vector<std::pair<std::size_t, std::size_t>> banned = {}; ///< (step, peer)
    std::optional<std::size_t> attacked = {};                     ///< the first step at which somebody did
    std::size_t honest_left = 0, byzantine_left = 0;

    struct test {
        std::size_t step; ///< after which it was made
        evaluation found;
    };
    std::vector<test> tests = {};

    void add(step_report const& report, std::optional<evaluation> const& found = {}) {
        if (found) tests.push_back({report.step, *found});
        loss.push_back(report.loss);
        alive.push_back(report.honest + report.byzantine);
        for (std::size_t const peer : report.banned) banned.emplace_back(report.step, peer);
        if (report.attacking > 0 && !attacked) attacked = report.step;
        honest_left = report.honest;
        byzantine_left = report.byzantine;
    }
};

} // namespace btard::apps
