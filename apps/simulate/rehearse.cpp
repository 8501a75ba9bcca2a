// SPDX-License-Identifier: Apache-2.0
#include "rehearse.hpp"
#include "any_swarm.hpp"

#include <btard/core/error.hpp>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace btard::apps {

namespace {

/// What the task depends on, and nothing else.
settings of_task(settings what) {
    what.rule = {};
    what.attack = {};
    what.conduct = {};
    what.byzantine = {};
    what.bans = {};
    what.checks = {};
    what.keys = {};
    what.steps = 1;
    return what;
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

} // namespace

void rehearse(std::span<curve const> curves) {
    std::vector<settings> done;
    std::vector<std::pair<settings, any_learnable>> tasks; // one: a sweep has one for all of its runs
    for (auto const& [name, file, what] : curves) {
        auto like = what;
        like.swarm.seed = 0;
        like.steps = 1;
        if (std::find(done.begin(), done.end(), like) != done.end()) continue;
        try {
            if (tasks.empty() || tasks.front().first != of_task(like))
                tasks = {{of_task(like), make_task(what)}};
            (void)make_swarm(what, tasks.front().second, true);
        } catch (contract_violation const& wrong) {
            if (curves.size() == 1) throw;
            throw contract_violation(concat("curve '", name, "': ", wrong.what()));
        }
        done.push_back(std::move(like));
    }
}

step_cost measure_cost(settings const& what, bool one_thread) {
    auto calm = what;
    calm.attack = {};
    calm.conduct = {};
    any_swarm peers = make_swarm(calm, one_thread);
    step_cost cost;
    cost.parameters = peers.parameters().size();
    peers.train(1, [](step_report const&) { return true; }); // slower than the others
    std::size_t steps = 0;
    auto begin = std::chrono::steady_clock::now();
    peers.train(20, [&](step_report const&) {
        ++steps;
        return seconds_since(begin) < 0.2;
    });
    cost.step = seconds_since(begin) / static_cast<double>(steps);
    if (!what.evaluate_every) return cost;
    begin = std::chrono::steady_clock::now();
    (void)peers.measure();
    cost.evaluation = seconds_since(begin);
    return cost;
}

} // namespace btard::apps
