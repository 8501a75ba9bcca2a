// SPDX-License-Identifier: Apache-2.0
#include "run.hpp"
#include "plan.hpp"
#include "task.hpp"

#include <btard/core/error.hpp>
#include <btard/train/any_learnable.hpp>
#include <btard/train/swarm.hpp>

#include <chrono>
#include <utility>

namespace btard::apps {

namespace {

using any_swarm = swarm<any_learnable, any_aggregator, any_attack>;

any_swarm make_swarm(settings const& what) {
    return {make_task(what), what.rule.value, what.attack, what.options()};
}

/// A swarm on its way, and how long it took so far.
struct journey {
    any_swarm peers;
    std::optional<std::size_t> evaluate_every;
    double seconds = 0;

    /// Says whether to go on.
    bool train_until(std::size_t step, std::span<std::size_t const> curves, step_observer const& observe) {
        using clock = std::chrono::steady_clock;
        bool go_on = true;
        auto begin = clock::now();
        peers.train(step - peers.step(), [&](step_report const& report) {
            step_result result{report, {}, 0};
            if (evaluate_every && (report.step + 1) % *evaluate_every == 0) result.test = peers.measure();
            result.seconds = seconds += std::chrono::duration<double>(clock::now() - begin).count();
            go_on = observe(curves, result);
            begin = clock::now();
            return go_on;
        });
        return go_on;
    }
};

} // namespace

void rehearse(std::span<curve const> curves) {
    for (auto const& [name, file, what] : curves) {
        try {
            make_swarm(what);
        } catch (contract_violation const& wrong) {
            if (curves.size() == 1) throw;
            throw contract_violation(concat("curve '", name, "': ", wrong.what()));
        }
    }
}

void run(std::span<curve const> curves, step_observer const& observe) {
    for (auto const& start : plan(curves)) {
        auto const& first = curves[start.curves.front()].what;
        journey shared{make_swarm(first), first.evaluate_every};
        if (!shared.train_until(start.steps, start.curves, observe)) return;
        for (std::size_t const k : start.curves) {
            journey own = k == start.curves.back() ? std::move(shared) : shared;
            own.peers.set_attack(curves[k].what.attack);
            own.peers.set_bans(curves[k].what.swarm.bans);
            if (!own.train_until(curves[k].what.steps, std::span(&k, 1), observe)) return;
        }
    }
}

} // namespace btard::apps
