// btard/protocol/peer_swarm.hpp: the peers of one run in one process, and the network between them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/concept.hpp>
#include <btard/aggregate/host.hpp>
#include <btard/core/error.hpp>
#include <btard/core/random.hpp>
#include <btard/core/shared_floats.hpp>
#include <btard/protocol/actions.hpp>
#include <btard/protocol/conduct.hpp>
#include <btard/protocol/honest_agreement.hpp>
#include <btard/protocol/member_state.hpp>
#include <btard/protocol/newcomer.hpp>
#include <btard/protocol/peer.hpp>
#include <btard/protocol/peer_setup.hpp>
#include <btard/protocol/swarm_keys.hpp>
#include <btard/protocol/verification.hpp>
#include <btard/protocol/wire/tagged_hash.hpp>
#include <btard/transport/loopback.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

/// What a swarm hears of its peers, and of its network.
struct network_events {
    std::size_t paused = 0, diverged = 0; ///< how often peers said so
    std::size_t network = 0;              ///< messages that arrived, and timers
};

/// Peers by number, each with a key of its own, over a network in memory whose delays are a function of the seed.  It
/// computes no gradients: what peers ask for is in `take_requests`.
template <verifiable_aggregator Rule, class Conduct, signer Key>
class peer_swarm {
public:
    using peer_type = peer<Key, host, Rule, colluding<Conduct>>;
    using network = loopback<wire::message>;
    struct request {
        std::size_t by;
        act::compute what;
    };

    /// @param byzantine numbers of the members of the coalition
    /// @param shared    the source of their randomness
    /// @param run       a number, of which everything else that is random is a function
    peer_swarm(std::vector<Key> keys, std::span<std::size_t const> byzantine, court<host, Rule> const& bench,
               Conduct conduct, verification const& checks, seed shared, std::uint64_t run)
        : run_(run), keys_(std::move(keys), byzantine, std::move(conduct), shared),
          net_(seeded(checks.network, run)) {
        setup_ = {.run = tagged_hash("run of a swarm in one process", run), .rules = checks.rules(keys_.size())};
        for (std::size_t k = 0; k < keys_.size(); ++k) setup_.members.push_back({key(k), {}});
        for (std::size_t k = 0; k < keys_.size(); ++k) {
            setup_.self = key(k);
            setup_.secret = tagged_hash("secret", run_, k);
            auto one = std::make_unique<peer_type>(keys_.signer_of(k), setup_, bench, keys_.conduct_of(k));
            seats_.push_back({std::move(one), true, true, true, 0});
            keys_.note_peer(k, *seats_.back().peer);
            net_.add(key(k));
        }
    }

    // ---- who is there

    /// It falls silent: as if its power were cut.
    void crash(std::size_t k) {
        net_.stop(endpoint_id(k));
        seats_[k].running = false;
        newcomers_.erase(k);
    }
    /// The same after so many more events of the network, in the middle of whatever it does then.
    void crash(std::size_t k, std::size_t events) { crashes_.emplace(events_.network + events, k); }
    /// It wants to be a member again, with nothing left of what it had.
    void restart(std::size_t k) {
        expects(!seats_[k].running, "peer ", k, " is still there");
        net_.start(endpoint_id(k));
        log_member who{key(k), {}};
        std::ranges::copy(detail::little_endian(++seats_[k].lives), who.incarnation.begin());
        ask_for(k, who, first_contact());
    }
    /// A peer with a key of its own that never was a member.
    ///
    /// @param byzantine one of the coalition
    /// @param contact whom it asks first
    /// @return its number
    std::size_t add_newcomer(Key one, bool byzantine, std::size_t contact) {
        std::size_t const k = keys_.add(std::move(one), byzantine);
        net_.add(key(k));
        seats_.push_back({nullptr, false, false, false, 0});
        ask_for(k, {key(k), {}}, contact);
        return k;
    }
    /// Newcomers of the coalition, where the conduct wants some.
    ///
    /// @param out  members of the coalition that are none of the run
    /// @param make `make(number)`: a key
    void bring_new_keys(std::size_t out, std::function<Key(std::size_t)> const& make) {
        auto const ours = [&](auto const& one) { return keys_.is_in_coalition(one.first); };
        auto there = std::size_t(std::ranges::count_if(newcomers_, ours));
        std::size_t const contact = first_contact();
        for (; there < keys_.brings(out); ++there) add_newcomer(make(keys_.size()), true, contact);
    }
    /// What everybody has agreed on: it is no member any more.
    void remove(std::size_t k, offence why) {
        seats_[k].is_member = false;
        if (is_ban(why)) newcomers_.erase(k); // else it was another life that is over
    }

    // ---- one step

    /// @param state of the parameters, for the check that all have the same
    /// @return who has come in with it
    std::vector<std::size_t> begin_step(std::uint64_t step, std::optional<digest> const& state) {
        step_ = step;
        state_ = state;
        agreed_.begin_step(step);
        std::vector<std::size_t> in;
        for (std::size_t k = 0; k < size(); ++k)
            if (newcomers_.contains(k) && come_in(k)) in.push_back(k);
        for (std::size_t k = 0; k < size(); ++k)
            if (takes_part(k) && seats_[k].waits) begin(k);
        return in;
    }
    /// A message arrives, or a time is over.
    ///
    /// @return false: there is nothing left to wait for
    bool run_next() {
        bool const more = net_.run_next(*this);
        ++events_.network;
        for (; !crashes_.empty() && crashes_.begin()->first <= events_.network; crashes_.erase(crashes_.begin()))
            crash(crashes_.begin()->second);
        return more;
    }
    /// Of the honest ones that take part.
    [[nodiscard]] bool all_done() const {
        for (std::size_t k = 0; k < size(); ++k)
            if (takes_part(k) && !lies(k) && !seats_[k].waits) return false;
        return agreed_.made().has_value();
    }
    /// Gradients that peers have asked for since the last call, in their order.
    [[nodiscard]] std::vector<request> take_requests() { return std::exchange(requests_, {}); }
    /// The answer to one; empty: it is of no use any more.
    void handle_gradient(request const& asked, shared_floats gradient) {
        auto const& [by, what] = asked;
        if (!gradient.empty())
            seats_[by].peer->handle_gradient(what.step, what.whose, std::move(gradient), 1, net_.now());
        drain(by);
    }
    void handle_gradient_on_trial(request const& asked, std::vector<float> gradient) {
        newcomers_.at(asked.by).handle_gradient(asked.what.step, std::move(gradient), 1);
        drain_newcomer(asked.by);
    }

    // ---- getters

    [[nodiscard]] std::size_t size() const { return seats_.size(); } ///< members, newcomers, and those that were
    [[nodiscard]] network& net() { return net_; }
    [[nodiscard]] peer_type& at(std::size_t k) { return *seats_[k].peer; }
    [[nodiscard]] bool is_running(std::size_t k) const { return seats_[k].running; }
    [[nodiscard]] std::size_t number(public_key const& of) const { return keys_.number(of); }
    [[nodiscard]] public_key const& key(std::size_t k) const { return keys_.key(k); }
    /// Null: it is none, or a member by now, or banned.
    [[nodiscard]] newcomer<Key> const* newcomer_at(std::size_t k) const {
        auto const at = newcomers_.find(k);
        return at == newcomers_.end() ? nullptr : &at->second;
    }
    /// What it commits to as a newcomer is no gradient.
    [[nodiscard]] bool lies_on_trial(std::size_t k) const { return keys_.lies_on_trial(k); }
    /// A member of the coalition that is or was one of the run.
    [[nodiscard]] bool lies(std::size_t k) const { return seats_[k].peer->conduct().acts(); }
    [[nodiscard]] honest_agreement const& agreed() const { return agreed_; }
    [[nodiscard]] network_events const& events() const { return events_; }
    /// What third parties have to know of this run to check its bans.
    [[nodiscard]] trust_root root_of_trust() const { return {setup_.run, setup_.members}; }
    /// From the first honest member that can tell.
    [[nodiscard]] std::optional<ban_record> record_of(public_key const& who, offence why) const {
        for (std::size_t k = 0; k < size(); ++k)
            if (is_honest_member(k))
                if (auto made = seats_[k].peer->record_of(who, why)) return made;
        return {};
    }
    [[nodiscard]] std::optional<epoch_link> confirmation_of(std::uint64_t step) const {
        for (std::size_t k = 0; k < size(); ++k)
            if (is_honest_member(k))
                if (auto found = seats_[k].peer->confirmation_of(step)) return found;
        return {};
    }

    // ---- what the network delivers

    void on_frame(endpoint_id to, endpoint_id from, std::shared_ptr<wire::message const> message, time_point now) {
        auto const k = std::size_t(to);
        if (auto const at = newcomers_.find(k); at != newcomers_.end()) {
            at->second.handle_message(key(std::size_t(from)), *message, now);
            return drain_newcomer(k);
        }
        if (!seats_[k].running) return; // it has lost everything, and waits to be let in
        seats_[k].peer->handle_message(key(std::size_t(from)), *message, now);
        drain(k);
    }
    void on_timer(endpoint_id who, time_point now) {
        auto const k = std::size_t(who);
        if (auto const at = newcomers_.find(k); at != newcomers_.end()) {
            at->second.handle_timeout(now);
            return drain_newcomer(k);
        }
        if (!seats_[k].running) return;
        seats_[k].peer->handle_timeout(now);
        drain(k);
    }

private:
    struct seat {
        std::unique_ptr<peer_type> peer; // null: it never was a member
        bool running, waits, is_member;
        std::uint64_t lives; // how often it has been restarted
    };

    [[nodiscard]] static loopback_options seeded(loopback_options options, std::uint64_t run) {
        if (options.seed == 0) options.seed = run;
        return options;
    }
    [[nodiscard]] bool takes_part(std::size_t k) const {
        return seats_[k].running && seats_[k].is_member && !seats_[k].peer->gone();
    }
    [[nodiscard]] bool is_honest_member(std::size_t k) const {
        return seats_[k].running && !lies(k) && seats_[k].is_member;
    }
    [[nodiscard]] std::size_t first_contact() const {
        std::size_t contact = 0;
        while (contact + 1 < size() && !takes_part(contact)) ++contact;
        return contact;
    }

    void ask_for(std::size_t k, log_member const& who, std::size_t contact) {
        newcomer_setup setup{.who = who,
                             .root = root_of_trust(),
                             .rules = setup_.rules,
                             .size = seats_.front().peer->bench().size,
                             .contacts = {key(contact)},
                             .patience = 2 * setup_.rules.timing.question};
        newcomers_.emplace(k, newcomer<Key>(keys_.signer_of(k), std::move(setup), net_.now()));
        drain_newcomer(k);
    }
    /// It takes over what the first honest member knows, if that one has let it in.
    bool come_in(std::size_t k) {
        std::size_t donor = 0;
        while (donor < size() && (!takes_part(donor) || lies(donor) || !seats_[donor].waits)) ++donor;
        if (donor == size()) return false;
        auto const& from = *seats_[donor].peer;
        auto const& roster = from.membership().members()->members();
        log_member const who = newcomers_.at(k).who();
        if (std::ranges::find(roster, who) == roster.end()) return false; // the life before may not be missed yet
        setup_.self = who.key;
        setup_.secret = tagged_hash("secret", run_, k, step_);
        auto const state = decode<member_state>(encode(from.state_for_newcomer())).value();
        auto const floats = from.floats_for_newcomer();
        auto const bad = check_state(state, floats, keys_.signer_of(k), from.bench(), setup_.rules, setup_.run, who.key);
        expects(!bad, "peer ", donor, " hands on what no peer can be made of: ", bad.value_or(""));
        auto acts = seats_[k].peer ? seats_[k].peer->conduct() : keys_.conduct_of(k);
        seats_[k].peer = std::make_unique<peer_type>(keys_.signer_of(k), setup_, from.bench(), std::move(acts),
                                                     state, floats, from.begins_from());
        newcomers_.erase(k);
        keys_.note_peer(k, *seats_[k].peer);
        seats_[k].running = seats_[k].waits = seats_[k].is_member = true;
        return true;
    }
    void begin(std::size_t k) {
        seats_[k].waits = false;
        seats_[k].peer->begin_step(net_.now(), state_);
        drain(k);
    }

    // ---- what peers want to be done

    void drain(std::size_t k) {
        auto& of = *seats_[k].peer;
        while (auto action = of.poll_action()) std::visit([&](auto& one) { carry_out(k, one); }, *action);
        if (of.gone()) agreed_.leave(k);
        if (auto const at = of.poll_deadline()) net_.wake_at(endpoint_id(k), *at);
    }
    void drain_newcomer(std::size_t k) {
        auto& of = newcomers_.at(k);
        while (auto action = of.poll_action()) {
            if (auto* to = std::get_if<act::send>(&*action))
                net_.post(endpoint_id(k), endpoint_id(number(to->to)),
                          std::make_shared<wire::message const>(std::move(to->message)));
            if (auto* one = std::get_if<act::compute>(&*action)) requests_.push_back({k, *one});
        }
        if (auto const at = of.poll_deadline()) net_.wake_at(endpoint_id(k), *at);
    }
    void carry_out(std::size_t k, act::send& one) {
        post(k, one.to, std::make_shared<wire::message const>(std::move(one.message)));
    }
    void carry_out(std::size_t k, act::broadcast& one) {
        auto const shared = std::make_shared<wire::message const>(std::move(one.message));
        for (auto const& to : one.to) post(k, to, shared);
    }
    void carry_out(std::size_t k, act::compute& one) { requests_.push_back({k, one}); }
    void carry_out(std::size_t k, act::apply& one) {
        seats_[k].waits = true;
        if (!lies(k)) agreed_.apply(k, one.step, std::move(one.aggregate));
        else if (one.step < step_ && takes_part(k)) begin(k); // the others did not wait for it
    }
    void carry_out(std::size_t k, act::removed& one) {
        if (!lies(k)) agreed_.hear_removal(k, one.who, one.why);
    }
    void carry_out(std::size_t, act::paused&) { ++events_.paused; }
    void carry_out(std::size_t, act::diverged&) { ++events_.diverged; }
    void post(std::size_t k, public_key const& to, std::shared_ptr<wire::message const> message) {
        fate goes;
        if constexpr (passes_messages<Conduct, peer_type>) {
            if (lies(k)) {
                auto changed = std::make_shared<wire::message>(*message);
                goes = keys_.pass(*seats_[k].peer, to, *changed, net_.now());
                message = std::move(changed);
            }
        }
        auto const from = endpoint_id(k), receiver = endpoint_id(number(to));
        if (goes.sent) net_.post(from, receiver, std::move(message), goes.delay);
        for (auto& [more, delay] : goes.more)
            net_.post(from, receiver, std::make_shared<wire::message const>(std::move(more)), delay);
    }

    std::uint64_t run_;
    swarm_keys<peer_type, Conduct, Key> keys_;
    network net_;
    peer_setup setup_; // what all have in common
    std::vector<seat> seats_;
    std::map<std::size_t, newcomer<Key>> newcomers_;
    std::multimap<std::size_t, std::size_t> crashes_; // (event, peer)
    std::vector<request> requests_;
    std::uint64_t step_ = 0;
    std::optional<digest> state_;
    honest_agreement agreed_;
    network_events events_;
};

} // namespace btard
