// SPDX-License-Identifier: Apache-2.0
#include "run.hpp"
#include "plan.hpp"
#include "task.hpp"

#include "../common/crew.hpp"

#include <btard/core/error.hpp>
#include <btard/train/any_learnable.hpp>
#include <btard/train/swarm.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace btard::apps {

namespace {

using any_swarm = swarm<any_learnable, any_aggregator, any_attack>;
using clock = std::chrono::steady_clock;

double seconds_since(clock::time_point begin) {
    return std::chrono::duration<double>(clock::now() - begin).count();
}

/// Reads each text, each set of images once, however many swarms learn from it: copies share it.
class task_shelf {
public:
    any_learnable task_for(settings const& what) {
        std::lock_guard const lock(mutex_);
        for (auto const& [data, model, task] : made_)
            if (data == what.data && model == what.model) return task;
        made_.push_back({what.data, what.model, make_task(what.data, what.model)});
        return made_.back().task;
    }

private:
    struct entry {
        any_data data;
        decltype(settings::model) model;
        any_learnable task;
    };
    std::mutex mutex_;
    std::deque<entry> made_;
};

any_swarm make_swarm(task_shelf& shelf, settings const& what, bool one_thread) {
    auto options = what.options();
    if (one_thread) options.threads = 1;
    return {shelf.task_for(what), what.rule.value, what.attack, options};
}

/// A swarm on its way, and how long it took so far.
struct journey {
    any_swarm peers;
    std::optional<std::size_t> evaluate_every;
    double seconds = 0;

    /// Says whether to go on.
    bool train_until(std::size_t step, std::span<std::size_t const> curves, step_observer const& observe) {
        bool go_on = true;
        auto begin = clock::now();
        peers.train(step - peers.step(), [&](step_report const& report) {
            step_result result{report, {}, 0};
            if (evaluate_every && (report.step + 1) % *evaluate_every == 0) result.test = peers.measure();
            result.seconds = seconds += seconds_since(begin);
            go_on = observe(curves, result);
            begin = clock::now();
            return go_on;
        });
        return go_on;
    }
};

/// Where curves part: each takes a copy, the last one the thing itself.
struct fork {
    fork(journey way, std::size_t branches) : way_(std::move(way)), left_(branches) {}

    journey& way() { return way_; }
    journey take() {
        std::lock_guard const lock(mutex_);
        return --left_ == 0 ? std::move(way_) : way_;
    }

private:
    journey way_;
    std::mutex mutex_;
    std::size_t left_;
};

class campaign {
public:
    campaign(std::span<curve const> curves, step_observer const& observe, std::size_t jobs)
        : curves_(curves), jobs_(jobs), observe_([this, &observe](auto which, auto const& result) {
              std::lock_guard const lock(mutex_);
              if (!ended_ && !observe(which, result)) ended_ = true;
              return !ended_;
          }) {}

    void go() {
        std::vector<crew::task> groups;
        for (auto const& start : plan(curves_)) groups.push_back([this, start] { begin(start); });
        crew_.add(std::move(groups));
        crew_.work(jobs_);
    }

private:
    void begin(shared_start const& start) {
        if (ended_) return;
        auto const& first = curves_[start.curves.front()].what;
        auto const shared = std::make_shared<fork>(
            journey{make_swarm(shelf_, first, jobs_ > 1), first.evaluate_every}, start.curves.size());
        if (!shared->way().train_until(start.steps, start.curves, observe_)) return;
        std::vector<crew::task> branches;
        for (std::size_t const k : start.curves) branches.push_back([this, shared, k] { branch(*shared, k); });
        crew_.add(std::move(branches));
    }
    void branch(fork& shared, std::size_t k) {
        if (ended_) return;
        journey own = shared.take();
        own.peers.set_attack(curves_[k].what.attack);
        own.peers.set_bans(curves_[k].what.swarm.bans);
        own.train_until(curves_[k].what.steps, std::span(&k, 1), observe_);
    }

    std::span<curve const> curves_;
    std::size_t jobs_;
    std::mutex mutex_; // of the observer
    std::atomic<bool> ended_ = false;
    step_observer observe_;
    task_shelf shelf_;
    crew crew_;
};

} // namespace

void rehearse(std::span<curve const> curves) {
    task_shelf shelf;
    std::vector<settings> done;
    for (auto const& [name, file, what] : curves) {
        auto like = what;
        like.swarm.seed = 0;
        like.steps = 1;
        if (std::find(done.begin(), done.end(), like) != done.end()) continue;
        try {
            make_swarm(shelf, what, true);
        } catch (contract_violation const& wrong) {
            if (curves.size() == 1) throw;
            throw contract_violation(concat("curve '", name, "': ", wrong.what()));
        }
        done.push_back(std::move(like));
    }
}

void run(std::span<curve const> curves, step_observer const& observe, std::size_t jobs) {
    campaign(curves, observe, jobs).go();
}

step_cost measure_cost(settings const& what, bool one_thread) {
    task_shelf shelf;
    auto calm = what;
    calm.attack = {};
    any_swarm peers = make_swarm(shelf, calm, one_thread);
    step_cost cost;
    cost.parameters = peers.parameters().size();
    peers.train(1); // the first one is slower than the others
    std::size_t steps = 0;
    auto begin = clock::now();
    peers.train(20, [&](step_report const&) {
        ++steps;
        return seconds_since(begin) < 0.2;
    });
    cost.step = seconds_since(begin) / static_cast<double>(steps);
    if (!what.evaluate_every) return cost;
    begin = clock::now();
    (void)peers.measure();
    cost.evaluation = seconds_since(begin);
    return cost;
}

} // namespace btard::apps
