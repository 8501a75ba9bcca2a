// Peers at one table, and a hand that spoils one message, or what liars send.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "peer_table_options.hpp"

#include <btard/aggregate/centered_clip.hpp>
#include <btard/aggregate/host.hpp>
#include <btard/core/error.hpp>
#include <btard/core/random.hpp>
#include <btard/protocol/peer.hpp>
#include <btard/testing/counting_signer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace peer_test {

using namespace btard;
using namespace std::chrono_literals;
using member_peer = peer<testing::counting_signer, host, centered_clip>;
using message_pointer = std::shared_ptr<wire::message const>;

/// Nobody looks at what comes of it.
class unchecked_table {
public:
    explicit unchecked_table(table_options options) : with(options) {
        setup = {.run = tagged_hash("table", with.seed)};
        setup.rules.standing.first_wait = with.first_wait;
        setup.rules.faults = with.faults;
        setup.rules.validators = with.validators;
        setup.rules.tolerance = with.tolerance;
        setup.rules.timing.renew_every = with.renew_every;
        for (std::size_t k = 0; k < with.n; ++k) {
            keys.emplace_back(k);
            setup.members.push_back({keys[k].key(), {}});
            numbers.emplace(keys[k].key(), k);
        }
        for (std::size_t k = 0; k < with.n; ++k) {
            setup.self = keys[k].key();
            setup.secret = tagged_hash("secret", k);
            peers.push_back(std::make_unique<member_peer>(keys[k], setup, bench()));
        }
        lives.resize(with.n);
        asks.resize(with.n);
        aggregates.resize(with.n);
        removed.resize(with.n);
        stopped.resize(with.n);
        last_arrival.assign(with.n * with.n, time_point{});
    }

    court<host, centered_clip> bench() const {
        return {{.threads = 1}, {.tau = 1, .start_at = start_point::given}, with.size, {}, with.tolerance};
    }

    void begin() {
        for (std::size_t k = 0; k < with.n; ++k) begin(k);
    }
    void begin(std::size_t k) {
        if (step_of(k) > 0 && counts(k) && !peers[k]->gone())
            states[step_of(k)][k] = hash_of(peers[k]->state_for_newcomer());
        if (step_of(k) > with.last_step || stopped[k]) return;
        let_in(k);
        if (with.leaves == k && step_of(k) == 1) peers[k]->leave_without_gradient(now);
        peers[k]->begin_step(now);
        drain(k);
    }
    /// Of the step that it is in, or begins next.
    std::uint64_t step_of(std::size_t k) const { return peers[k]->membership().step(); }

    // ---- crashes

    void crash(std::size_t k) { stopped[k] = true, asks[k] = false; }
    /// With nothing left of what it had: it asks all to join, until they have let it in.
    void restart(std::size_t k) {
        if (!stopped[k]) return;
        ++lives[k];
        asks[k] = true;
    }
    log_member life_of(std::size_t k) const {
        log_member one{keys[k].key(), {}};
        one.incarnation[0] = std::byte(lives[k]);
        return one;
    }
    /// Until that peer is in that step.
    void pass_to(std::size_t k, std::uint64_t step) {
        while (peers[k]->state().step() < step)
            if (!next()) return;
    }
    /// A donor whose step is over: whoever asks hears of it, and is a member if the others have let it in.
    void let_in(std::size_t donor) {
        if (lies(donor)) return;
        for (std::size_t k = 0; k < with.n; ++k) {
            if (!asks[k]) continue;
            auto const& roster = peers[donor]->membership().context().roster;
            if (std::ranges::find(roster, life_of(k)) == roster.end()) {
                for (std::size_t to = 0; to < with.n; ++to)
                    if (to != k)
                        post(k, to, std::make_shared<wire::message const>(
                                        ask_to_join(keys[k], setup.run, life_of(k), step_of(donor))));
                continue;
            }
            setup.self = keys[k].key();
            setup.secret = tagged_hash("secret", k, lives[k]);
            auto const& from = *peers[donor];
            auto const state = decode<member_state>(encode(from.state_for_newcomer())).value();
            peers[k] = std::make_unique<member_peer>(keys[k], setup, bench(), upright{}, state,
                                                     from.floats_for_newcomer(), from.begins_from());
            aggregates[k] = aggregates[donor]; // its parameters
            removed[k] = removed[donor];
            asks[k] = stopped[k] = false;
            peers[k]->begin_step(now);
            drain(k);
        }
    }
    /// Until all have done the last step; false: it does not go on.
    bool run() {
        begin();
        while (!done())
            if (!next()) return false;
        return true;
    }
    bool done() const {
        for (std::size_t k = 0; k < with.n; ++k)
            if (counts(k) && !peers[k]->gone() && step_of(k) <= with.last_step) return false;
        return true;
    }
    /// Is it one of those that must go on?
    bool counts(std::size_t k) const { return !stopped[k] && !lies(k) && with.leaves != k; }
    bool lies(std::size_t k) const {
        return (with.spoil.how != harm::none && k == with.spoil.who) ||
               std::ranges::find(with.liars, k) != with.liars.end();
    }

    /// One event.
    bool next() {
        if (++events > 400'000 || now > time_point{} + 30h) return false;
        auto timer = time_point::max();
        std::size_t whose = 0;
        for (std::size_t k = 0; k < with.n; ++k) {
            if (stopped[k]) continue;
            auto const at = peers[k]->poll_deadline();
            if (at && std::max(*at, now) < timer) timer = std::max(*at, now), whose = k;
        }
        if (queue.empty() && timer == time_point::max()) return false;
        if (queue.empty() || timer < queue.begin()->first.first) {
            now = timer;
            peers[whose]->handle_timeout(now);
            drain(whose);
            return true;
        }
        auto const first = queue.extract(queue.begin());
        now = first.key().first;
        auto const& [to, from, message, gradient, life] = first.mapped();
        if (stopped[to] || (gradient && life != lives[to])) return true;
        if (gradient) {
            peers[to]->handle_gradient(gradient->step, gradient->whose, gradient_by(to, *gradient), 1, now);
        } else {
            peers[to]->handle_message(keys[from].key(), *message, now);
        }
        drain(to);
        return true;
    }

    std::vector<float> gradient_of(act::compute const& asked) const {
        std::vector<float> made(with.size);
        random_stream random(asked.from);
        for (float& x : made) x = float(random.normal());
        return made;
    }
    /// As that peer computes it.
    std::vector<float> gradient_by(std::size_t k, act::compute const& asked) const {
        auto made = gradient_of(asked);
        random_stream random(derive(asked.from, "rounding", {k}));
        if (with.noise > 0)
            for (float& x : made) x = float(x * (1 + with.noise * (2 * random.uniform() - 1)));
        if (falsify && asked.whose == keys[k].key()) falsify(k, asked.step, made);
        return made;
    }
    void post(std::size_t from, std::size_t to, message_pointer message, std::chrono::nanoseconds extra = {}) {
        auto const bits = philox(seed{with.seed, 7}, order);
        auto when = now + 1ms + std::chrono::microseconds(bits[0] % 5'000) + extra;
        auto& last = last_arrival[from * with.n + to];
        if (with.in_order && extra.count() == 0) when = last = std::max(last, when);
        queue.emplace(std::pair(when, ++order), event{to, from, std::move(message), {}, 0});
    }

    table_options with;
    /// What a liar makes of its own gradient.
    std::function<void(std::size_t by, std::uint64_t step, std::vector<float>& gradient)> falsify;
    /// Of what liars send: false is withheld.
    std::function<bool(std::size_t from, std::size_t to, wire::message const&)> keep;
    peer_setup setup; ///< what all have in common
    std::vector<testing::counting_signer> keys;
    std::map<public_key, std::size_t> numbers;
    std::vector<std::unique_ptr<member_peer>> peers;
    std::vector<std::vector<shared_floats>> aggregates; // of each peer, of each step
    std::vector<std::vector<act::removed>> removed;          // what each peer says
    std::map<std::uint64_t, std::map<std::size_t, digest>> states; // what each would hand on, before each step
    std::vector<bool> stopped, asks; ///< it has crashed; and wants to come back
    std::vector<std::uint64_t> lives;
    std::size_t pauses = 0, sent = 0; ///< by the one whose message is spoiled, in that step
    std::string what;                 ///< it was
    time_point now{};
    std::size_t events = 0;
    std::optional<std::size_t> lone_one; ///< see `lone`

private:
    struct event {
        std::size_t to, from;
        message_pointer message;
        std::optional<act::compute> gradient;
        std::uint64_t life = 0;
    };

    void drain(std::size_t k) {
        bool moves = false;
        while (auto action = peers[k]->poll_action()) {
            if (auto* one = std::get_if<act::send>(&*action)) send(k, {one->to}, std::move(one->message));
            if (auto* all = std::get_if<act::broadcast>(&*action)) send(k, all->to, std::move(all->message));
            if (auto* one = std::get_if<act::compute>(&*action); one && does(k, *one))
                queue.emplace(std::pair(now + 5ms, ++order), event{k, k, nullptr, *one, lives[k]});
            if (auto* one = std::get_if<act::apply>(&*action))
                aggregates[k].push_back(std::move(one->aggregate)), moves = true;
            if (auto* one = std::get_if<act::removed>(&*action)) removed[k].push_back(*one);
            pauses += std::holds_alternative<act::paused>(*action);
        }
        if (moves) begin(k);
    }
    bool does(std::size_t k, act::compute const& asked) {
        if (with.lone != asked.step || asked.whose != keys[k].key()) return true;
        if (!lone_one) lone_one = k;
        return lone_one == k;
    }
    void send(std::size_t from, std::vector<public_key> const& to, wire::message message) {
        auto const whole = std::make_shared<wire::message const>(std::move(message));
        bool const counted = from == with.spoil.who && peers[from]->state().step() == with.spoil.step;
        bool const all = with.spoil.to_all;
        bool hit = counted && all && sent++ == with.spoil.number;
        for (auto const& key : to) {
            if (counted && !all) hit = sent++ == with.spoil.number;
            std::size_t const receiver = numbers.at(key);
            if (keep && !keep(from, receiver, *whole)) continue;
            harm how = hit ? with.spoil.how : harm::none;
            if (with.rate > 0 && lies(from) && peers[from]->state().step() > 0) {
                auto const bits = philox(seed{with.seed, 6}, lies_told++);
                if (bits[0] * 0x1p-32 < with.rate) how = harm(1 + bits[1] % (enum_count(harm{}) - 1));
            }
            if (how != harm::none) spoil(from, receiver, whole, how);
            else post(from, receiver, whole);
        }
        if (lies(from)) history[whole->index()].push_back(whole);
    }
    void spoil(std::size_t from, std::size_t to, message_pointer const& whole, harm how) {
        what = concat("kind ", whole->index(), " in ", enum_names(phase{})[std::size_t(peers[from]->where())]);
        switch (how) {
        case harm::none:
        case harm::withheld: return;
        case harm::doubled: post(from, to, whole), post(from, to, whole); return;
        case harm::late: return post(from, to, whole, 5s);
        case harm::very_late: return post(from, to, whole, 500s);
        case harm::corrupted: {
            auto bytes = encode_frame(*whole);
            auto const bits = philox(seed{with.seed, 8}, with.spoil.number + lies_told);
            bytes[bits[0] % bytes.size()] ^= std::byte(1u << bits[1] % 8);
            if (auto read = decode_frame(bytes))
                post(from, to, std::make_shared<wire::message const>(*std::move(read)));
            return;
        }
        case harm::older:
            for (auto const& one : history[whole->index()])
                if (*one != *whole) return post(from, to, one);
            return;
        case harm::resigned: {
            auto other = *whole;
            if (auto* body = std::get_if<wire::signed_body>(&other)) {
                auto const bits = philox(seed{with.seed, 9}, with.spoil.number + lies_told / 16);
                body->bytes[bits[0] % body->bytes.size()] ^= std::byte(1u << bits[1] % 8);
                body->by_sender = signed_by(from, body->at, statement::body, sha256_of(body->bytes));
            } else if (auto* list = std::get_if<wire::signed_digest>(&other)) {
                list->hash.bytes[0] ^= std::byte{1};
                list->by_signer = signed_by(from, list->at, statement::list, list->hash);
            }
            return post(from, to, std::make_shared<wire::message const>(std::move(other)));
        }
        }
    }
    signature signed_by(std::size_t k, place at, statement kind, digest const& hash) const {
        auto const& in = *peers[k]->state().members;
        auto const self = in.find(keys[k].key()).value();
        return sign_statement(keys[k], {setup.run, at}, kind, self, in.members(), hash, self);
    }

    std::map<std::pair<time_point, std::uint64_t>, event> queue;
    std::uint64_t order = 0, lies_told = 0;
    std::vector<time_point> last_arrival; // (from, to)
    std::map<std::size_t, std::vector<message_pointer>> history; // by kind, of the one who is spoiled
};

} // namespace peer_test
