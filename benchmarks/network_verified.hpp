// benchmarks/network_verified.hpp: one process of a swarm over TCP in which everything is checked.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "network_swarm.hpp"

#include <btard/aggregate/centered_clip.hpp>
#include <btard/aggregate/host.hpp>
#include <btard/core/error.hpp>
#include <btard/crypto/identity.hpp>
#include <btard/node/early_step.hpp>
#include <btard/protocol/peer.hpp>
#include <btard/protocol/peer_setup.hpp>
#include <btard/protocol/step/tribunal.hpp>
#include <btard/protocol/wire/tagged_hash.hpp>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

namespace btard::benchmark {

/// The protocol, all of it.
class verified_node final : public bench_node {
public:
    verified_node(asio::io_context& io, child& self, swarm_plan const& plan,
                  std::vector<identity> const& keys)
        : bench_node(io, self, plan, keys) {
        std::size_t const n = keys.size();
        peer_setup setup{.self = this->self(),
                         .run = tagged_hash("network benchmark"),
                         .secret = tagged_hash("secret", std::uint64_t{self.number()}),
                         .rules = {.faults = (n - 2) / 2, .state_every = 1'000'000, .timing = patient}};
        for (auto const& one : keys) setup.members.push_back({one.key(), {}});
        double const radius = std::sqrt(double(plan.size) / double(n)); // about as long as a part
        peer_.emplace(keys[self.number()], std::move(setup),
                      court<host, centered_clip>{
                          {.threads = 1}, {.tau = radius, .start_at = start_point::given}, plan.size});
    }

private:
    /// The machine may be slow, or busy with other things, and nobody is to be removed for that.
    static constexpr step_timing patient{std::chrono::minutes(2), std::chrono::minutes(2),
                                         std::chrono::minutes(2), std::chrono::seconds(20),
                                         std::chrono::seconds(80)};
    void begin_step() override {
        peer_->begin_step(net().now());
        drain();
    }
    void on_protocol_message(public_key const& from, wire::message const& message, time_point now) override {
        if (!begun_) return early_.emplace_back(from, message), void();
        peer_->handle_message(from, message, now);
        drain();
    }
    void on_timer(time_point now) override {
        peer_->handle_timeout(now);
        drain();
    }
    void drain() {
        if (std::exchange(draining_, true)) return;
        for (auto const& [from, message] : std::exchange(early_, {}))
            peer_->handle_message(from, message, net().now());
        while (auto action = peer_->poll_action()) std::visit([this](auto& one) { carry_out(one); }, *action);
        draining_ = false;
        if (plan_.overlapped && !ahead_ && outlook(*peer_)) ahead_ = device_is_done();
        net().wake_at(peer_->poll_deadline().value_or(time_point::max()));
    }
    void carry_out(act::send& one) { out_.send(one.to, one.message); }
    void carry_out(act::broadcast& one) { out_.send(one.to, one.message); }
    void carry_out(act::compute& one) {
        auto const hand_in = [this, one] {
            peer_->handle_gradient(one.step, one.whose, plan_.gradient_of(number_of(one.whose)), 1,
                                   net().now());
        };
        if (plan_.gradient.count() == 0) return hand_in();
        auto const begun = one.whose == self() ? std::exchange(ahead_, {}) : std::nullopt;
        auto const done = std::make_shared<asio::steady_timer>(io_, begun ? *begun : device_is_done());
        done->async_wait([this, done, hand_in](std::error_code) {
            hand_in();
            drain();
        });
    }
    /// When, with one gradient more: it computes one after the other.
    time_point device_is_done() {
        return busy_until_ = std::max(busy_until_, std::chrono::steady_clock::now()) + plan_.gradient;
    }
    void carry_out(act::apply&) { step_is_over(); }
    void carry_out(act::removed&) { expects(false, "an honest peer was removed"); }
    void carry_out(act::paused&) { expects(false, "an honest swarm paused"); }
    void carry_out(act::diverged&) {}

    std::optional<peer<identity, host, centered_clip>> peer_;
    std::vector<std::pair<public_key, wire::message>> early_;
    bool draining_ = false;
    time_point busy_until_{}; ///< the device
    std::optional<time_point> ahead_ =
        {}; ///< when the own gradient of the next step is done, once that it has begun
};

} // namespace btard::benchmark
