// A few peers over a network in memory; what they do can be watched, and what they send be changed.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/centered_clip.hpp>
#include <btard/aggregate/host.hpp>
#include <btard/core/random.hpp>
#include <btard/protocol/newcomer.hpp>
#include <btard/protocol/peer.hpp>
#include <btard/testing/counting_signer.hpp>
#include <btard/transport/loopback.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace small_test {

using namespace btard;

/// Small whole numbers, the same on every machine.
inline std::vector<float> gradient_of(seed from, std::size_t size) {
    std::vector<float> values(size);
    random_stream random(from);
    for (float& x : values) x = float(random.below(17)) - 8.0f;
    return values;
}

class small_swarm {
public:
    using peer_type = peer<testing::counting_signer, host, centered_clip>;
    static constexpr std::size_t size = 10; ///< of the gradient: parts of 3, 3, 2 and 2

    /// Called before an action is carried out.
    std::function<void(std::size_t by, peer_action const&)> watch = [](std::size_t, peer_action const&) {};
    /// Called before a message sets out, once for each receiver; false: it does not.
    std::function<bool(std::size_t from, std::size_t to, wire::message&)> change =
        [](std::size_t, std::size_t, wire::message&) { return true; };

    /// A gradient takes so long; a peer computes one after the other, in the order in which it asks.
    std::chrono::nanoseconds gradient{};
    /// And of some so much longer.
    std::function<std::chrono::nanoseconds(std::size_t by, act::compute const&)> more =
        [](std::size_t, act::compute const&) { return std::chrono::nanoseconds{}; };

    explicit small_swarm(std::size_t n, run_rules rules, loopback_options const& network = {}) : net(network) {
        setup.rules = rules;
        for (std::size_t k = 0; k < n; ++k) {
            keys.emplace_back(k);
            setup.members.push_back({keys[k].key(), {}});
            numbers_.emplace(keys[k].key(), k);
            net.add(keys[k].key());
        }
        for (std::size_t k = 0; k < n; ++k) {
            setup.self = keys[k].key();
            setup.secret = tagged_hash("secret of a test", k);
            peers.push_back(std::make_unique<peer_type>(
                keys[k], setup,
                court<host, centered_clip>{
                    {.threads = 1}, {.tau = 4, .start_at = start_point::given}, size}));
        }
    }
    /// It asks member 0 first.
    ///
    /// @return its number
    std::size_t add_newcomer(std::chrono::nanoseconds patience, bool observes = false) {
        std::size_t const k = keys.size();
        keys.emplace_back(k);
        numbers_.emplace(keys[k].key(), k);
        net.add(keys[k].key());
        begin_newcomer(k, {keys[k].key(), {}}, patience, observes);
        return k;
    }
    /// A member that is out, and begins again with nothing, in its second life.
    void return_as_newcomer(std::size_t k, std::chrono::nanoseconds patience) {
        log_member who{keys[k].key(), {}};
        who.incarnation[0] = std::byte{2};
        begin_newcomer(k, who, patience, false);
    }
    /// A whole step of all members.
    void step() {
        begin();
        finish();
    }
    void finish() {
        while (!nobody_runs() && run_next()) {}
    }
    /// All that can begin a step do.
    void begin() {
        for (std::size_t k = 0; k < peers.size(); ++k) {
            if (peers[k]->gone() || peers[k]->running()) continue;
            peers[k]->begin_step(net.now(), hash_of(std::span<float const>()));
            drain(k);
        }
    }
    /// @return whether there was something to do
    bool run_next() { return net.run_next(*this); }
    [[nodiscard]] bool nobody_runs() const {
        for (auto const& one : peers)
            if (one->running() && !one->gone()) return false;
        return true;
    }
    void deliver(std::size_t to, std::size_t from, wire::message const& message) {
        if (auto* one = newcomer_at(to)) one->handle_message(keys[from].key(), message, net.now());
        else peers[to]->handle_message(keys[from].key(), message, net.now());
        drain(to);
    }
    [[nodiscard]] std::size_t number(public_key const& key) const { return numbers_.at(key); }

    void on_frame(endpoint_id to, endpoint_id from, std::shared_ptr<wire::message const> message, time_point) {
        deliver(std::size_t(to), std::size_t(from), *message);
    }
    void on_timer(endpoint_id who, time_point now) {
        auto const k = std::size_t(who);
        for (auto& work = work_[k]; !work.empty() && work.front().done <= now; work.pop_front())
            hand_in(k, work.front().what);
        if (auto* one = newcomer_at(k)) one->handle_timeout(now);
        else peers[k]->handle_timeout(now);
        drain(k);
    }

    std::deque<testing::counting_signer> keys;
    loopback<wire::message> net;
    peer_setup setup{.run = tagged_hash("run of a test")};
    std::vector<std::unique_ptr<peer_type>> peers;
    std::deque<newcomer<testing::counting_signer>> newcomers; ///< numbered after the members, if they never were one

private:
    struct job {
        act::compute what;
        time_point done;
    };

    void begin_newcomer(std::size_t k, log_member const& who, std::chrono::nanoseconds patience, bool observes) {
        places_[k] = newcomers.size();
        newcomers.emplace_back(keys[k],
                               newcomer_setup{.who = who,
                                              .root = {setup.run, setup.members},
                                              .rules = setup.rules,
                                              .size = size,
                                              .contacts = {keys[0].key()},
                                              .patience = patience,
                                              .observes = observes},
                               net.now());
        drain(k);
    }
    /// Null: it is a member.
    [[nodiscard]] newcomer<testing::counting_signer>* newcomer_at(std::size_t k) {
        auto const at = places_.find(k);
        return at == places_.end() ? nullptr : &newcomers[at->second];
    }
    void drain(std::size_t k) {
        if (auto* one = newcomer_at(k)) drain(k, *one);
        else drain(k, *peers[k]);
    }
    template <class P>
    void drain(std::size_t k, P& of) {
        while (auto action = of.poll_action()) {
            watch(k, *action);
            std::visit([&](auto& one) { carry_out(k, one); }, *action);
        }
        auto at = of.poll_deadline();
        if (auto const& work = work_[k]; !work.empty())
            at = std::min(at.value_or(work.front().done), work.front().done);
        if (at) net.wake_at(endpoint_id(k), *at);
    }
    void post(std::size_t k, public_key const& to, wire::message message) {
        if (change(k, number(to), message))
            net.post(endpoint_id(k), endpoint_id(number(to)),
                     std::make_shared<wire::message const>(std::move(message)));
    }
    void carry_out(std::size_t k, act::send& one) { post(k, one.to, std::move(one.message)); }
    void carry_out(std::size_t k, act::broadcast& one) {
        for (auto const& to : one.to) post(k, to, one.message);
    }
    void carry_out(std::size_t k, act::compute& one) {
        auto const takes = gradient + more(k, one);
        if (takes.count() == 0) return hand_in(k, one);
        auto const begun = work_[k].empty() ? net.now() : work_[k].back().done;
        work_[k].push_back({one, begun + takes});
    }
    void hand_in(std::size_t k, act::compute const& one) {
        auto made = gradient_of(one.from, size);
        if (auto* tried = newcomer_at(k)) tried->handle_gradient(one.step, std::move(made), 1);
        else peers[k]->handle_gradient(one.step, one.whose, std::move(made), 1, net.now());
    }
    void carry_out(std::size_t, auto&) {}

    std::map<public_key, std::size_t> numbers_;
    std::map<std::size_t, std::size_t> places_; // of newcomers, by their numbers
    std::map<std::size_t, std::deque<job>> work_;
};

} // namespace small_test
