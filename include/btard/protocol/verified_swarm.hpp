// btard/protocol/verified_swarm.hpp: a swarm whose peers check each other: the whole protocol in one process.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/concept.hpp>
#include <btard/aggregate/host.hpp>
#include <btard/aggregate/parts.hpp>
#include <btard/attack/concept.hpp>
#include <btard/attack/needs.hpp>
#include <btard/attack/scheduled.hpp>
#include <btard/core/error.hpp>
#include <btard/core/parallel.hpp>
#include <btard/core/random.hpp>
#include <btard/protocol/actions.hpp>
#include <btard/protocol/conduct.hpp>
#include <btard/protocol/member_state.hpp>
#include <btard/protocol/newcomer.hpp>
#include <btard/protocol/peer.hpp>
#include <btard/protocol/verification.hpp>
#include <btard/protocol/wire/tagged_hash.hpp>
#include <btard/train/learnable.hpp>
#include <btard/train/swarm_options.hpp>
#include <btard/train/task_swarm.hpp>
#include <btard/transport/loopback.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

/// What a swarm computes for its peers, and what it hears of them.
struct swarm_events {
    std::size_t paused = 0, diverged = 0;  ///< how often peers said so
    std::size_t recomputed = 0;            ///< gradients, for audits and votes
    std::size_t network = 0;               ///< messages that arrived, and timers
};

/// The interface of `swarm`, with real peers: each one a `peer`, with a key of its own, over a network in memory whose
/// delays are a function of the seed.  All honest peers must come to the same aggregate, bit for bit, and to the same
/// verdicts: anything else throws.
///
/// @tparam Conduct what Byzantine peers do to the protocol, beside what they do to gradients (`Attack`)
/// @tparam Key     a signer for each peer
template <learnable Task, verifiable_aggregator Rule, attack Attack, class Conduct, signer Key>
    requires std::copyable<Attack>
class verified_swarm
    : public detail::task_swarm<verified_swarm<Task, Rule, Attack, Conduct, Key>, Task, Attack> {
    using base = detail::task_swarm<verified_swarm, Task, Attack>;
    friend base;
    using base::aggregate_, base::attacks_, base::byzantine_, base::is_byzantine, base::layout_, base::options_,
        base::parameters_, base::row, base::step_, base::tasks_, base::weights_;

public:
    using peer_type = peer<Key, host, Rule, colluding<Conduct>>;

    verified_swarm(Task task, Rule rule, Attack attack, Conduct conduct, swarm_options options,
                   verification checks, std::vector<Key> keys)
        : base(std::move(task), std::move(options)), checks_(std::move(checks)),
          keys_(keys.begin(), keys.end()),
          net_(std::make_unique<network>(seeded(checks_.network, options_.seed))),
          coalition_(std::make_unique<coalition>()), conduct_(std::move(conduct)) {
        validate(rule);
        validate(attack);
        expects(keys_.size() == options_.peers, keys_.size(), " keys for ", options_.peers, " peers");
        expects(options_.bans == bans::validators, "a verified swarm has no other bans than those of validators");
        expects(!options_.worker_momentum, "worker momentum and validators: nobody can recompute a running mean of "
                                           "gradients from one step; leave one of them out");
        expects(options_.parts == 1, "each worker owns one part; parts is for swarms without validators");
        if constexpr (looks_back<Attack>) expects(steps_back(attack) == 0, "replay is for swarms without validators");
        this->arm(std::move(attack));
        make_peers(rule);
    }

    verified_swarm(verified_swarm const&) = delete; // attackers point to it
    verified_swarm& operator=(verified_swarm const&) = delete;

    /// Byzantine peers attack from here on with this.
    void set_attack(Attack attack) { this->arm(std::move(attack)); }

    /// It falls silent: as if its power were cut.
    void crash(std::size_t peer) {
        net_->stop(endpoint_id(peer));
        running_[peer] = false;
        newcomers_.erase(peer);
    }
    /// It wants to be a member again, with nothing left of what it had: asks until the others let it in, and takes over
    /// what one of them knows.
    void restart(std::size_t peer) {
        expects(!running_[peer], "peer ", peer, " is still there");
        net_->start(endpoint_id(peer));
        log_member who{keys_[peer].key(), {}};
        std::ranges::copy(detail::little_endian(++lives_[peer]), who.incarnation.begin());
        std::size_t contact = 0;
        while (contact + 1 < options_.peers && !takes_part(contact)) ++contact;
        ask_for(peer, who, contact);
    }
    /// A peer with a key of its own that never was a member: asks, is tried, and is one if it is let in
    /// (`probation_rules`).
    ///
    /// @param byzantine one of the coalition
    /// @param contact whom it asks first
    /// @return its number
    std::size_t add_newcomer(Key key, bool byzantine = false, std::size_t contact = 0) {
        std::size_t const k = options_.peers++;
        keys_.push_back(std::move(key));
        public_key const& name = keys_[k].key();
        numbers_.emplace(name, k);
        net_->add(name);
        if (byzantine) coalition_->members.insert(std::ranges::upper_bound(coalition_->members, name), name);
        this->rows_.resize(options_.peers * parameters_.size());
        this->losses_.push_back(0);
        weights_.push_back(0);
        attacks_.push_back(attacks_.front());
        peers_.emplace_back();
        for (auto* flags : {&running_, &waits_, &acted_}) flags->push_back(false);
        lives_.push_back(0);
        ask_for(k, {name, {}}, contact);
        return k;
    }
    /// Where keys come from that the conduct brings in (`brings_keys`): `make(number)`.
    void set_new_keys(std::function<Key(std::size_t)> make) { new_key_ = std::move(make); }
    /// Null: it is none, or a member by now, or banned.
    [[nodiscard]] newcomer<Key> const* newcomer_at(std::size_t peer) const {
        auto const at = newcomers_.find(peer);
        return at == newcomers_.end() ? nullptr : &at->second;
    }

    /// The same after so many more events of the network, in the middle of whatever it does then.
    void crash(std::size_t peer, std::size_t events) { crashes_.emplace(events_.network + events, peer); }

    using network = loopback<wire::message>;
    [[nodiscard]] network& net() { return *net_; }
    [[nodiscard]] peer_type& at(std::size_t peer) { return *peers_[peer]; }
    [[nodiscard]] bool is_member(std::size_t peer) const { return weights_[peer] != 0; }
    [[nodiscard]] std::size_t size() const { return options_.peers; } ///< members, newcomers, and those that were
    [[nodiscard]] swarm_events const& events() const { return events_; }
    /// What third parties have to know of this run to check its bans.
    [[nodiscard]] trust_root root_of_trust() const {
        return {run_id(), setup_.members};
    }
    /// Why somebody was banned in the last step, from the first honest peer that can tell.
    [[nodiscard]] std::optional<ban_record> record_of(removal const& ban) const {
        auto const names = enum_names(offence{});
        auto const why = static_cast<offence>(std::ranges::find(names, ban.why) - names.begin());
        for (std::size_t k = 0; k < peers_.size(); ++k)
            if (running_[k] && !lies(k) && weights_[k] != 0)
                if (auto made = peers_[k]->record_of(keys_[ban.peer].key(), why)) return made;
        return {};
    }
    /// What a record lacks that was taken when its step was over: known when the next one is.
    [[nodiscard]] std::optional<epoch_link> confirmation_of(ban_record const& record) const {
        for (std::size_t k = 0; k < peers_.size(); ++k)
            if (running_[k] && !lies(k) && weights_[k] != 0)
                if (auto found = peers_[k]->confirmation_of(record.step)) return found;
        return {};
    }
    /// Those removed so far, in order.
    [[nodiscard]] std::span<removal const> removals() const { return all_removed_; }

private:
    struct request {
        std::size_t by;
        act::compute what;
    };

    [[nodiscard]] digest run_id() const { return tagged_hash("run of a swarm in one process", options_.seed); }
    [[nodiscard]] static loopback_options seeded(loopback_options options, std::uint64_t run) {
        if (options.seed == 0) options.seed = run;
        return options;
    }
    void make_peers(Rule const& rule) {
        first_byzantine_ = byzantine_.size();
        setup_ = {.run = run_id(), .rules = checks_.rules(options_.peers)};
        for (std::size_t k = 0; k < options_.peers; ++k) {
            setup_.members.push_back({keys_[k].key(), {}});
            numbers_.emplace(keys_[k].key(), k);
            if (is_byzantine(k)) coalition_->members.push_back(keys_[k].key());
        }
        std::ranges::sort(coalition_->members);
        coalition_->shared = derive(this->root(), "attackers");
        coalition_->everybody = &everybody_;
        coalition_->keys = this;
        coalition_->sign = [](void const* swarm, public_key const& as, std::span<std::byte const> text) {
            auto const& of = *static_cast<verified_swarm const*>(swarm);
            return of.keys_[of.numbers_.at(as)].sign(text);
        };
        host const on{.threads = tasks_.size()};
        for (std::size_t k = 0; k < options_.peers; ++k) {
            setup_.self = keys_[k].key();
            setup_.secret = tagged_hash("secret", options_.seed, k);
            peers_.push_back(std::make_unique<peer_type>(
                keys_[k], setup_, court<host, Rule>{on, rule, parameters_.size(), layout_, checks_.tolerance},
                doing(k)));
            everybody_.emplace(keys_[k].key(), peers_.back().get());
            net_->add(keys_[k].key());
        }
        running_.assign(options_.peers, true);
        waits_.assign(options_.peers, true);
        acted_.assign(options_.peers, false);
        lives_.assign(options_.peers, 0);
    }

    [[nodiscard]] colluding<Conduct> doing(std::size_t k) const {
        return {conduct_, coalition_->contains(keys_[k].key()) ? coalition_.get() : nullptr};
    }

    // ---- one step

    step_report advance() {
        removed_.reset();
        made_.reset();
        computed_.clear();
        bring_new_keys();
        acted_.assign(options_.peers, false);
        for (std::size_t k = 0; k < options_.peers; ++k)
            if (newcomers_.contains(k)) come_in(k);
        for (std::size_t k = 0; k < options_.peers; ++k)
            if (takes_part(k) && waits_[k]) begin(k);
        serve();
        time_point const patience = net_->now() + std::chrono::hours(24 * 30);
        while (!all_done()) {
            bool const more = net_->run_next(*this);
            ++events_.network;
            for (; !crashes_.empty() && crashes_.begin()->first <= events_.network; crashes_.erase(crashes_.begin()))
                crash(crashes_.begin()->second);
            expects(more && net_->now() < patience, "no step is agreed on: too few of the ", options_.peers,
                    " peers are left that others can hear");
            serve();
        }
        return report();
    }
    /// It takes over what the first honest member knows, if that one has let it in.
    void come_in(std::size_t k) {
        std::size_t donor = 0;
        while (donor < options_.peers && (!takes_part(donor) || lies(donor) || !waits_[donor])) ++donor;
        if (donor == options_.peers) return;
        auto const& from = *peers_[donor];
        auto const& roster = from.membership().members()->members();
        log_member const who = newcomers_.at(k).who();
        if (std::ranges::find(roster, who) == roster.end()) return; // the life before may not be missed yet
        setup_.self = who.key;
        setup_.secret = tagged_hash("secret", options_.seed, k, step_);
        auto const state = decode<member_state>(encode(from.state_for_newcomer())).value();
        auto const floats = from.floats_for_newcomer();
        auto const bad = check_state(state, floats, keys_[k], from.bench(), setup_.rules, setup_.run, who.key);
        expects(!bad, "peer ", donor, " hands on what no peer can be made of: ", bad.value_or(""));
        auto acts = peers_[k] ? peers_[k]->conduct() : doing(k);
        if (acts.acts() && !is_byzantine(k)) byzantine_.insert(std::ranges::upper_bound(byzantine_, k), k);
        peers_[k] = std::make_unique<peer_type>(keys_[k], setup_, from.bench(), std::move(acts), state, floats,
                                                from.begins_from());
        newcomers_.erase(k);
        everybody_[who.key] = peers_[k].get();
        running_[k] = waits_[k] = true;
        weights_[k] = 1;
    }
    void begin(std::size_t k) {
        waits_[k] = false;
        peers_[k]->begin_step(net_->now(),
                              step_ % checks_.state_every == 0 ? std::optional(state_hash()) : std::nullopt);
        drain(k);
    }
    [[nodiscard]] digest state_hash() {
        if (!state_ || state_->first != step_) state_.emplace(step_, hash_of(std::span<float const>(parameters_)));
        return state_->second;
    }
    [[nodiscard]] bool takes_part(std::size_t k) const {
        return running_[k] && weights_[k] != 0 && !peers_[k]->gone();
    }
    /// Removed or not.
    [[nodiscard]] bool lies(std::size_t k) const { return peers_[k]->conduct().acts(); }
    [[nodiscard]] bool all_done() const {
        for (std::size_t k = 0; k < options_.peers; ++k)
            if (takes_part(k) && !lies(k) && !waits_[k]) return false;
        return made_.has_value();
    }
    step_report report() {
        step_report report{.step = step_};
        std::vector<std::size_t> honest, attacking;
        std::map<part_id, aggregation_report> parts;
        for (std::size_t k = 0; k < options_.peers; ++k) {
            if (!running_[k] || weights_[k] == 0) continue;
            if (!is_byzantine(k) && computed_.contains(k)) honest.push_back(k);
            if (acted_[k]) attacking.push_back(k);
            parts.insert(peers_[k]->reports().begin(), peers_[k]->reports().end());
        }
        std::vector<aggregation_report> reports;
        for (auto& [part, one] : parts) reports.push_back(std::move(one));
        if (!reports.empty()) report.aggregation = merged(reports, partition(parameters_.size(), reports.size()));
        previous_ = parameters_;
        std::ranges::copy(*made_, aggregate_.begin());
        this->finish(report, honest, attacking, tasks_.size());
        for (auto const& [who, why] : removed_.value()) remove(report, numbers_.at(who), why);
        report.honest = report.byzantine = 0;
        for (std::size_t k = 0; k < options_.peers; ++k)
            if (weights_[k] != 0) ++(is_byzantine(k) ? report.byzantine : report.honest);
        return report;
    }
    void remove(step_report& report, std::size_t peer, offence why) {
        removal const one{peer, enum_names(why)[std::size_t(why)], is_ban(why)};
        report.removed.push_back(one);
        all_removed_.push_back(one);
        if (one.banned && std::ranges::find(report.banned, peer) == report.banned.end())
            report.banned.push_back(peer);
        weights_[peer] = 0;
        std::erase(byzantine_, peer);
        if (one.banned) newcomers_.erase(peer); // else it was another life that is over
    }

    // ---- newcomers

    void ask_for(std::size_t k, log_member const& who, std::size_t contact) {
        newcomer_setup setup{.who = who,
                             .root = root_of_trust(),
                             .rules = setup_.rules,
                             .size = parameters_.size(),
                             .contacts = {keys_[contact].key()},
                             .patience = 2 * setup_.rules.timing.question};
        newcomers_.emplace(k, newcomer<Key>(keys_[k], std::move(setup), net_->now()));
        drain_newcomer(k);
    }

    void bring_new_keys() {
        if constexpr (brings_keys<Conduct>) {
            if (!new_key_) return;
            auto const ours = [&](auto const& one) { return coalition_->contains(keys_[one.first].key()); };
            auto there = std::size_t(std::ranges::count_if(newcomers_, ours));
            std::size_t const out = first_byzantine_ - std::min(first_byzantine_, byzantine_.size());
            std::size_t contact = 0;
            while (contact + 1 < options_.peers && !takes_part(contact)) ++contact;
            for (; there < conduct_.brings(out); ++there) add_newcomer(new_key_(options_.peers), true, contact);
        }
    }
    void drain_newcomer(std::size_t k) {
        auto& of = newcomers_.at(k);
        while (auto action = of.poll_action()) {
            if (auto* to = std::get_if<act::send>(&*action))
                net_->post(endpoint_id(k), endpoint_id(numbers_.at(to->to)),
                           std::make_shared<wire::message const>(std::move(to->message)));
            if (auto* one = std::get_if<act::compute>(&*action)) requests_.push_back({k, *one});
        }
        if (auto const at = of.poll_deadline()) net_->wake_at(endpoint_id(k), *at);
    }
    void compute_on_trial(std::size_t k, act::compute const& what) {
        std::vector<float> gradient(parameters_.size());
        (void)gradient_for(tasks_.front(), k, parameters_, what.from, {}, gradient);
        this->clip(gradient);
        if constexpr (brings_keys<Conduct>)
            if (coalition_->contains(keys_[k].key()) && conduct_.lies_on_trial())
                for (float& g : gradient) g = -g;
        newcomers_.at(k).handle_gradient(what.step, std::move(gradient), 1);
        drain_newcomer(k);
    }

    // ---- gradients

    /// All that peers have asked for, as long as they ask.
    void serve() {
        while (!requests_.empty()) {
            auto const asked = std::exchange(requests_, {});
            compute_own(asked);
            for (auto const& [by, what] : asked) {
                if (newcomers_.contains(by) && what.step == step_) compute_on_trial(by, what);
                if (!running_[by]) continue;
                std::size_t const whose = numbers_.at(what.whose);
                if (what.step == step_ && whose == by) {
                    peers_[by]->handle_gradient(step_, what.whose, {row(by).begin(), row(by).end()}, 1, net_->now());
                } else if (what.step + 1 == step_) {
                    peers_[by]->handle_gradient(what.step, what.whose, recomputed(whose, what), 1, net_->now());
                }
                drain(by);
            }
        }
    }
    void compute_own(std::vector<request> const& asked) {
        std::vector<std::pair<std::size_t, seed>> own;
        for (auto const& [by, what] : asked)
            if (what.step == step_ && keys_[by].key() == what.whose && running_[by]) own.emplace_back(by, what.from);
        if (own.empty()) return;
        parallel::run(own.size(), tasks_.size(), [&](std::size_t number, std::size_t slot) {
            std::size_t const peer = own[number].first;
            this->compute_gradient(peer, slot, own[number].second, this->context(peer, {}));
            this->clip(row(peer));
        });
        for (auto const& one : own) computed_.emplace(one.first, true);
        let_them_attack(own);
    }
    void let_them_attack(std::vector<std::pair<std::size_t, seed>> const& own) {
        std::vector<float const*> honest;
        for (auto const& [peer, unused] : computed_)
            if (!is_byzantine(peer)) honest.push_back(row(peer).data());
        matrix_view<float const> const seen(std::span<float const* const>(honest), parameters_.size());
        std::vector<std::size_t> attackers;
        for (auto const& one : own)
            if (is_byzantine(one.first)) attackers.push_back(one.first);
        auto const context_of = [this](std::size_t peer, auto honest_rows, auto colluding) {
            return this->context(peer, honest_rows, colluding);
        };
        for (std::size_t const peer : attackers) acted_[peer] = false;
        for (std::size_t const peer : this->corrupt_rows(attackers, seen, context_of)) acted_[peer] = true;
    }
    /// Everybody who asks gets the same: it is a function of what is asked.
    [[nodiscard]] std::vector<float> recomputed(std::size_t whose, act::compute const& what) {
        if (recomputed_step_ != what.step) recomputed_.clear();
        recomputed_step_ = what.step;
        auto& gradient = recomputed_[whose];
        if (gradient.empty()) {
            gradient.resize(parameters_.size());
            (void)gradient_for(tasks_.front(), whose, previous_, what.from, {}, gradient);
            this->clip(gradient);
            ++events_.recomputed;
        }
        return gradient;
    }

    // ---- messages

    void drain(std::size_t k) {
        while (auto action = peers_[k]->poll_action()) std::visit([&](auto& one) { carry_out(k, one); }, *action);
        if (peers_[k]->gone() && !heard_[k].empty()) check_verdicts(k); // it has heard all of them, not itself alone
        if (auto const at = peers_[k]->poll_deadline()) net_->wake_at(endpoint_id(k), *at);
    }
    void carry_out(std::size_t k, act::send& one) {
        post(k, one.to, std::make_shared<wire::message const>(std::move(one.message)));
    }
    void carry_out(std::size_t k, act::broadcast& one) {
        auto const shared = std::make_shared<wire::message const>(std::move(one.message));
        for (auto const& to : one.to) post(k, to, shared);
    }
    void post(std::size_t k, public_key const& to, std::shared_ptr<wire::message const> message) {
        fate goes;
        if constexpr (passes_messages<Conduct, peer_type>) {
            if (peers_[k]->conduct().acts()) {
                auto changed = std::make_shared<wire::message>(*message);
                coalition_->now = net_->now();
                goes = peers_[k]->conduct().pass(*peers_[k], to, *changed);
                message = std::move(changed);
            }
        }
        auto const from = endpoint_id(k), receiver = endpoint_id(numbers_.at(to));
        if (goes.sent) net_->post(from, receiver, std::move(message), goes.delay);
        for (auto& [more, delay] : goes.more)
            net_->post(from, receiver, std::make_shared<wire::message const>(std::move(more)), delay);
    }
    void carry_out(std::size_t k, act::compute& one) { requests_.push_back({k, one}); }
    void carry_out(std::size_t k, act::apply& one) {
        waits_[k] = true;
        if (lies(k)) {
            if (one.step < step_ && takes_part(k)) begin(k); // the others did not wait for it
            return;
        }
        expects(one.step == step_, "peer ", k, " is in step ", one.step, ", the swarm in ", step_);
        if (!made_) made_ = std::move(one.aggregate);
        else expects(*made_ == one.aggregate, "honest peers have made different aggregates in step ", step_);
        check_verdicts(k);
    }
    void carry_out(std::size_t k, act::removed& one) {
        if (lies(k)) return;
        heard_[k].emplace_back(one.who, one.why);
    }
    void check_verdicts(std::size_t k) {
        auto mine = std::exchange(heard_[k], {});
        if (!removed_) removed_ = std::move(mine);
        else expects(*removed_ == mine, "honest peers have reached different verdicts in step ", step_);
    }
    void carry_out(std::size_t, act::paused&) { ++events_.paused; }
    void carry_out(std::size_t, act::diverged&) { ++events_.diverged; }

public:
    void on_frame(endpoint_id to, endpoint_id from, std::shared_ptr<wire::message const> message, time_point now) {
        auto const k = std::size_t(to);
        if (auto const at = newcomers_.find(k); at != newcomers_.end()) {
            at->second.handle_message(keys_[std::size_t(from)].key(), *message, now);
            return drain_newcomer(k);
        }
        if (!running_[k]) return; // it has lost everything, and waits to be let in
        peers_[k]->handle_message(keys_[std::size_t(from)].key(), *message, now);
        drain(k);
    }
    void on_timer(endpoint_id who, time_point now) {
        if (auto const at = newcomers_.find(std::size_t(who)); at != newcomers_.end()) {
            at->second.handle_timeout(now);
            return drain_newcomer(std::size_t(who));
        }
        if (!running_[std::size_t(who)]) return;
        peers_[std::size_t(who)]->handle_timeout(now);
        drain(std::size_t(who));
    }

private:
    verification checks_;
    std::deque<Key> keys_; // peers point to them
    std::unique_ptr<network> net_;
    std::unique_ptr<coalition> coalition_;
    Conduct conduct_; // of attackers that come in later
    std::size_t first_byzantine_ = 0;
    std::map<std::size_t, newcomer<Key>> newcomers_;
    std::function<Key(std::size_t)> new_key_;
    std::map<public_key, peer_type const*> everybody_;
    std::map<public_key, std::size_t> numbers_;
    std::vector<std::unique_ptr<peer_type>> peers_;
    peer_setup setup_; // what all have in common
    std::vector<bool> running_, waits_, acted_;
    std::multimap<std::size_t, std::size_t> crashes_; // (event, peer)
    std::vector<std::uint64_t> lives_; // how often each one has been restarted
    std::vector<request> requests_;
    std::map<std::size_t, bool> computed_; // who has a gradient in this step
    std::optional<shared_floats> made_;
    std::optional<std::vector<std::pair<public_key, offence>>> removed_;
    std::map<std::size_t, std::vector<std::pair<public_key, offence>>> heard_;
    std::vector<removal> all_removed_;
    std::vector<float> previous_; // (size) parameters of the step before
    std::map<std::size_t, std::vector<float>> recomputed_;
    std::uint64_t recomputed_step_ = 0;
    std::optional<std::pair<std::size_t, digest>> state_;
    swarm_events events_;
};

} // namespace btard
