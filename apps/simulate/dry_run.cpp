// SPDX-License-Identifier: Apache-2.0
#include "dry_run.hpp"
#include "memory.hpp"
#include "plan.hpp"

#include "../common/columns.hpp"
#include "../common/progress.hpp"

#include <btard/core/error.hpp>

#include <algorithm>
#include <utility>

namespace btard::apps {

namespace {

/// Runs of one kind take equally long for each step.
settings kind_of_run(settings what) {
    what.attack = {};
    what.conduct = {};
    what.byzantine = {};
    if (!what.has_validators()) what.bans = bans::none;
    what.swarm.seed = 0;
    what.steps = 1;
    return what;
}

class costs {
public:
    explicit costs(bool one_thread) : one_thread_(one_thread) {}

    step_cost const& of(settings const& what) {
        auto const kind = kind_of_run(what);
        auto at =
            std::find_if(known_.begin(), known_.end(), [&](auto const& one) { return one.first == kind; });
        if (at == known_.end()) at = known_.insert(known_.end(), {kind, measure_cost(what, one_thread_)});
        return at->second;
    }

private:
    bool one_thread_;
    std::vector<std::pair<settings, step_cost>> known_;
};

} // namespace

estimate estimate_of(settings const& what, step_cost const& cost) {
    double const tests = what.evaluate_every ? double(what.steps / *what.evaluate_every) : 0;
    return {cost.step * double(what.steps) + cost.evaluation * tests,
            memory_of(what, cost.parameters).total()};
}

std::string dry_run_text(request const& wanted, std::vector<bool> const& finished) {
    costs known(wanted.jobs > 1);
    std::vector<std::vector<std::string>> rows{{"run", "steps", "time", "memory", "file"}};
    std::vector<curve> rest;
    std::vector<std::size_t> memory;
    double seconds = 0, longest = 0;
    for (std::size_t k = 0; k < finished.size(); ++k) {
        auto const& [name, file, what] = wanted.curves[k];
        if (finished[k]) {
            rows.push_back({name, concat(what.steps), "finished", "", file});
            continue;
        }
        auto run = what;
        if (wanted.jobs > 1) run.swarm.threads = 1;
        auto const needed = estimate_of(run, known.of(what));
        rows.push_back(
            {name, concat(what.steps), clock_text(needed.seconds), bytes_text(needed.bytes), file});
        rest.push_back(wanted.curves[k]);
        memory.push_back(needed.bytes);
        seconds += needed.seconds;
        longest = std::max(longest, needed.seconds);
    }
    auto const starts = plan(rest);
    for (auto const& start : starts) // what is shared was counted for each of its curves
        seconds -= double(start.curves.size() - 1) * double(start.steps) *
                   known.of(rest[start.curves.front()].what).step;
    std::sort(memory.rbegin(), memory.rend());
    memory.resize(std::min(memory.size(), wanted.jobs));
    std::size_t together = 0;
    for (std::size_t const bytes : memory) together += bytes;
    std::string text = aligned(rows, "lrrrl");
    text += concat("\n", finished.size(), " runs, ", finished.size() - rest.size(), " of them finished; ",
                   steps_of(starts, rest), " steps to do, those that runs share counted once\n");
    if (!rest.empty())
        text += concat("about ",
                       clock_text(std::max(seconds / double(std::min(wanted.jobs, rest.size())), longest)),
                       " and ", bytes_text(together), " with ", wanted.jobs,
                       wanted.jobs == 1 ? " job" : " jobs", ", into ", wanted.out, "\n");
    return text;
}

} // namespace btard::apps
