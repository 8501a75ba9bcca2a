// SPDX-License-Identifier: Apache-2.0
#include "any_swarm.hpp"

#include <btard/train/swarm.hpp>

#include <utility>

namespace btard::apps {

namespace {

struct plain_swarm final : any_swarm::interface {
    using held = swarm<any_learnable, any_aggregator, any_attack>;
    explicit plain_swarm(held one) : peers(std::move(one)) {}

    std::unique_ptr<interface> copy() const override { return std::make_unique<plain_swarm>(peers); }
    std::size_t train(std::size_t steps, any_swarm::observer const& observe) override {
        return peers.train(steps, [&](step_report const& report) {
            if (report.banned.empty()) return observe(report);
            step_report told = report;
            for (std::size_t const peer : told.banned) told.removed.push_back({peer, "simulated", true});
            return observe(told);
        });
    }
    evaluation measure() override { return peers.measure(); }
    void set(any_attack const& attack, bans mode) override {
        peers.set_attack(attack);
        peers.set_bans(mode);
    }
    std::size_t step() const override { return peers.step(); }
    std::span<float const> parameters() const override { return peers.parameters(); }

    held peers;
};

} // namespace

any_swarm make_swarm(settings const& what, any_learnable task, bool one_thread) {
    auto options = what.options();
    if (one_thread) options.threads = 1;
    if (options.bans == bans::validators)
        return any_swarm(make_verified(what, std::move(task), std::move(options)));
    return any_swarm(std::make_unique<plain_swarm>(
        plain_swarm::held(std::move(task), what.rule.value, what.attack, std::move(options))));
}

} // namespace btard::apps
