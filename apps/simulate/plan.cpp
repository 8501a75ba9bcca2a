// SPDX-License-Identifier: Apache-2.0
#include "plan.hpp"

#include <algorithm>

namespace btard::apps {

namespace {

/// All that acts before an attack begins.
settings before_attack(settings what) {
    what.attack = {};
    what.conduct = {};
    what.bans = bans::none;
    what.checks = {};
    what.keys = {};
    what.steps = 1;
    return what;
}

} // namespace

std::vector<shared_start> plan(std::span<curve const> curves) {
    std::vector<shared_start> starts;
    for (std::size_t k = 0; k < curves.size(); ++k) {
        auto const& what = curves[k].what;
        std::size_t const calm = what.has_validators() ? 0 : std::min(first_step(what.attack), what.steps);
        auto const fits = [&](shared_start const& start) {
            return start.steps > 0 && before_attack(curves[start.curves.front()].what) == before_attack(what);
        };
        auto const start = calm == 0 ? starts.end() : std::find_if(starts.begin(), starts.end(), fits);
        if (start == starts.end()) {
            starts.push_back({{k}, calm});
        } else {
            start->curves.push_back(k);
            start->steps = std::min(start->steps, calm);
        }
    }
    for (auto& start : starts)
        if (start.curves.size() == 1) start.steps = 0;
    return starts;
}

std::size_t steps_of(std::span<shared_start const> starts, std::span<curve const> curves) {
    std::size_t sum = 0;
    for (auto const& start : starts) {
        sum += start.steps;
        for (std::size_t const k : start.curves) sum += curves[k].what.steps - start.steps;
    }
    return sum;
}

} // namespace btard::apps
