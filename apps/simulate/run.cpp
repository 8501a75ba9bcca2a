// SPDX-License-Identifier: Apache-2.0
#include "run.hpp"
#include "any_swarm.hpp"
#include "plan.hpp"

#include "../common/crew.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace btard::apps {

namespace {

using clock = std::chrono::steady_clock;

double seconds_since(clock::time_point begin) {
    return std::chrono::duration<double>(clock::now() - begin).count();
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
            step_result result{report, {}, 0, peers.lines_of(report)};
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
            journey{make_swarm(first, jobs_ > 1), first.evaluate_every}, start.curves.size());
        if (!shared->way().train_until(start.steps, start.curves, observe_)) return;
        std::vector<crew::task> branches;
        for (std::size_t const k : start.curves)
            branches.push_back([this, shared, k] { branch(*shared, k); });
        crew_.add(std::move(branches));
    }
    void branch(fork& shared, std::size_t k) {
        if (ended_) return;
        journey own = shared.take();
        if (own.peers.step() > 0) own.peers.set(curves_[k].what.attack, curves_[k].what.options().bans);
        own.train_until(curves_[k].what.steps, std::span(&k, 1), observe_);
    }

    std::span<curve const> curves_;
    std::size_t jobs_;
    std::mutex mutex_; // of the observer
    std::atomic<bool> ended_ = false;
    step_observer observe_;
    crew crew_;
};

} // namespace

void run(std::span<curve const> curves, step_observer const& observe, std::size_t jobs) {
    campaign(curves, observe, jobs).go();
}

} // namespace btard::apps
