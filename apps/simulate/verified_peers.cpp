// SPDX-License-Identifier: Apache-2.0
// The one file that includes the whole protocol.
#include "any_swarm.hpp"
#include "verified_rule.hpp"

#include <btard/core/error.hpp>
#include <btard/protocol/verified_swarm.hpp>

#include <utility>

namespace btard::apps {

namespace {

/// What Byzantine peers do to the protocol, beside what they do to gradients: nothing.
using conduct = upright;

struct verified_peers final : any_swarm::interface {
    verified_peers(settings const& what, any_learnable task, swarm_options options)
        : peers(std::move(task), verified_rule::from(what.rule.value), what.attack, conduct{},
                std::move(options), what.checks, keys_of(what)) {}

    std::unique_ptr<interface> copy() const override {
        throw contract_violation("a swarm whose peers check each other cannot be copied");
    }
    std::size_t train(std::size_t steps, any_swarm::observer const& observe) override {
        return peers.train(steps, observe);
    }
    evaluation measure() override { return peers.measure(); }
    void set(any_attack const& attack, bans mode) override {
        expects(mode == bans::validators, "a swarm whose peers check each other has no other bans");
        peers.set_attack(attack);
    }
    std::size_t step() const override { return peers.step(); }
    std::span<float const> parameters() const override { return peers.parameters(); }

    verified_swarm<any_learnable, verified_rule, any_attack, conduct, simulated_key> peers;
};

} // namespace

std::unique_ptr<any_swarm::interface> make_verified(settings const& what, any_learnable task,
                                                    swarm_options options) {
    return std::make_unique<verified_peers>(what, std::move(task), std::move(options));
}

} // namespace btard::apps
