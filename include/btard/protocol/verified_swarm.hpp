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
#include <btard/protocol/peer.hpp>
#include <btard/protocol/verification.hpp>
#include <btard/protocol/wire/tagged_hash.hpp>
#include <btard/train/learnable.hpp>
#include <btard/train/swarm_options.hpp>
#include <btard/train/swarm_state.hpp>
#include <btard/transport/loopback.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
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
class verified_swarm : public detail::swarm_state {
public:
    using peer_type = peer<Key, host, Rule, colluding<Conduct>>;

    verified_swarm(Task task, Rule rule, Attack attack, Conduct conduct, swarm_options options, verification checks,
                   std::vector<Key> keys)
        : swarm_state(std::move(options), task.size(), layout_of(task)), checks_(std::move(checks)), keys_(std::move(keys)),
          net_(std::make_unique<network>(seeded(checks_.network, options_.seed))), coalition_(std::make_unique<coalition>()) {
        validate(task);
        validate(rule);
        validate(attack);
        expects(keys_.size() == options_.peers, keys_.size(), " keys for ", options_.peers, " peers");
        expects(options_.bans == bans::validators, "a verified swarm has no other bans than those of validators");
        expects(!options_.worker_momentum, "worker momentum and validators: nobody can recompute a running mean of "
                                           "gradients from one step; leave one of them out");
        expects(options_.parts == 1, "each worker owns one part; parts is for swarms without validators");
        std::size_t const threads = options_.threads > 0 ? options_.threads : parallel::hardware();
        tasks_ = std::vector<Task>(std::min(threads, options_.peers), task);
        bool const understood = task.labelled() || !acts_on_labels(attack);
        expects(understood, "the attack changes labels, the task has none");
        check_size(attack, parameters_.size());
        if constexpr (looks_back<Attack>) expects(steps_back(attack) == 0, "replay is for swarms without validators");
        attacks_.assign(options_.peers, std::move(attack));
        task.initialize(derive(root(), "initialize"), parameters_);
        make_peers(rule, conduct);
    }

    verified_swarm(verified_swarm const&) = delete; // attackers point to it
    verified_swarm& operator=(verified_swarm const&) = delete;

    /// As of `swarm`.
    template <class Observer>
    std::size_t train(std::size_t steps, Observer&& observe) {
        for (std::size_t done = 0; done < steps; ++done) {
            step_report const report = advance();
            if constexpr (std::is_void_v<decltype(observe(report))>) observe(report);
            else if (!observe(report)) return done + 1;
        }
        return steps;
    }
    std::size_t train(std::size_t steps) {
        return train(steps, [](step_report const&) {});
    }

    [[nodiscard]] double evaluate() { return tasks_.front().evaluate(parameters_); }
    [[nodiscard]] evaluation measure() { return btard::measure(tasks_.front(), parameters_); }

    /// Byzantine peers attack from here on with this.
    void set_attack(Attack attack) {
        validate(attack);
        attacks_.assign(options_.peers, std::move(attack));
    }

    /// It falls silent: as if its power were cut.
    void crash(std::size_t peer) {
        net_->stop(endpoint_id(peer));
        running_[peer] = false;
        returns_[peer] = false;
    }
    /// It wants to be a member again, with nothing left of what it had: asks until the others let it in, and takes over
    /// what one of them knows.
    void restart(std::size_t peer) {
        expects(!running_[peer], "peer ", peer, " is still there");
        net_->start(endpoint_id(peer));
        returns_[peer] = true;
        ++lives_[peer];
    }
    /// The same after so many more events of the network, in the middle of whatever it does then.
    void crash(std::size_t peer, std::size_t events) { crashes_.emplace(events_.network + events, peer); }

    using network = loopback<wire::message>;
    [[nodiscard]] network& net() { return *net_; }
    [[nodiscard]] peer_type& at(std::size_t peer) { return *peers_[peer]; }
    [[nodiscard]] bool is_member(std::size_t peer) const { return weights_[peer] != 0; }
    [[nodiscard]] swarm_events const& events() const { return events_; }
    /// What third parties have to know of this run to check its bans.
    [[nodiscard]] trust_root root_of_trust() const {
        trust_root root{run_id(), {}};
        for (auto const& key : keys_) root.roster.push_back({key.key(), {}});
        return root;
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
    void make_peers(Rule const& rule, Conduct const& conduct) {
        setup_ = {.run = run_id(), .rules = checks_.rules(options_.peers)};
        for (std::size_t k = 0; k < options_.peers; ++k) {
            setup_.members.push_back({keys_[k].key(), {}});
            numbers_.emplace(keys_[k].key(), k);
            if (is_byzantine(k)) coalition_->members.push_back(keys_[k].key());
        }
        std::ranges::sort(coalition_->members);
        coalition_->shared = derive(root(), "attackers");
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
            colluding<Conduct> doing{conduct, is_byzantine(k) ? coalition_.get() : nullptr};
            court<host, Rule> bench{on, rule, parameters_.size(), layout_, checks_.tolerance};
            peers_.push_back(std::make_unique<peer_type>(keys_[k], setup_, std::move(bench), std::move(doing)));
            everybody_.emplace(keys_[k].key(), peers_.back().get());
            net_->add(keys_[k].key());
        }
        running_.assign(options_.peers, true);
        waits_.assign(options_.peers, true);
        acted_.assign(options_.peers, false);
        returns_.assign(options_.peers, false);
        lives_.assign(options_.peers, 0);
    }

    // ---- one step

    step_report advance() {
        removed_.reset();
        made_.reset();
        computed_.clear();
        acted_.assign(options_.peers, false);
        for (std::size_t k = 0; k < options_.peers; ++k)
            if (returns_[k]) come_back(k);
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
    void come_back(std::size_t k) {
        public_key const& key = keys_[k].key();
        log_member who{key, {}};
        std::ranges::copy(detail::little_endian(lives_[k]), who.incarnation.begin());
        for (std::size_t donor = 0; donor < options_.peers; ++donor) {
            if (!takes_part(donor) || lies(donor) || !waits_[donor]) continue;
            auto const& roster = peers_[donor]->membership().members()->members();
            if (std::ranges::find(roster, who) != roster.end()) { // in this life; the one before may not be missed yet
                setup_.self = key;
                setup_.secret = tagged_hash("secret", options_.seed, k, step_);
                auto doing = peers_[k]->conduct();
                peers_[k] = std::make_unique<peer_type>(keys_[k], setup_, peers_[donor]->bench(), std::move(doing), *peers_[donor]);
                everybody_[key] = peers_[k].get();
                running_[k] = waits_[k] = true;
                returns_[k] = false;
                weights_[k] = 1;
                return;
            }
            break;
        }
        auto const asks = std::make_shared<wire::message const>(ask_to_join(keys_[k], setup_.run, who, step_));
        for (std::size_t to = 0; to < options_.peers; ++to)
            if (takes_part(to)) net_->post(endpoint_id(k), endpoint_id(to), asks);
    }
    void begin(std::size_t k) {
        waits_[k] = false;
        peers_[k]->begin_step(net_->now(), step_ % checks_.state_every == 0 ? std::optional(state_hash()) : std::nullopt);
        drain(k);
    }
    [[nodiscard]] digest state_hash() {
        if (!state_ || state_->first != step_) state_.emplace(step_, hash_of(std::span<float const>(parameters_)));
        return state_->second;
    }
    [[nodiscard]] bool takes_part(std::size_t k) const { return running_[k] && weights_[k] != 0 && !peers_[k]->gone(); }
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
        aggregate_ = *made_;
        finish(report, honest, attacking, tasks_.size());
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
        if (one.banned && std::ranges::find(report.banned, peer) == report.banned.end()) report.banned.push_back(peer);
        weights_[peer] = 0;
        std::erase(byzantine_, peer);
    }

    // ---- gradients

    /// All that peers have asked for, as long as they ask.
    void serve() {
        while (!requests_.empty()) {
            auto const asked = std::exchange(requests_, {});
            compute_own(asked);
            for (auto const& [by, what] : asked) {
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
            auto const falsify = [&](std::span<std::int64_t> labels, std::int64_t classes) {
                corrupt_labels(attacks_[peer], context(peer, {}), labels, classes);
            };
            labels_hook hook;
            if (is_byzantine(peer) && acts_on_labels(attacks_[peer])) hook = labels_hook(falsify);
            losses_[peer] = gradient_for(tasks_[slot], peer, parameters_, own[number].second, hook, row(peer));
            clip(row(peer));
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
        std::vector<float> mine;
        if (!attackers.empty() && reads_accomplices(attacks_[attackers.front()]))
            for (std::size_t const peer : attackers) mine.insert(mine.end(), row(peer).begin(), row(peer).end());
        matrix_view<float const> const colluding(mine.data(), mine.empty() ? 0 : attackers.size(), parameters_.size());
        for (std::size_t const peer : attackers) {
            auto const at = context(peer, seen, colluding);
            watch_gradient(attacks_[peer], at, row(peer));
            acted_[peer] = acts_at(attacks_[peer], at);
            corrupt_gradient(attacks_[peer], at, row(peer));
        }
    }
    [[nodiscard]] attack_context context(std::size_t peer, matrix_view<float const> honest,
                                         matrix_view<float const> colluding = {}) const {
        return {step_, peer, byzantine_, honest, derive(root(), "attackers"), layout_, colluding};
    }
    /// Everybody who asks gets the same: it is a function of what is asked.
    [[nodiscard]] std::vector<float> recomputed(std::size_t whose, act::compute const& what) {
        if (recomputed_step_ != what.step) recomputed_.clear();
        recomputed_step_ = what.step;
        auto& gradient = recomputed_[whose];
        if (gradient.empty()) {
            gradient.resize(parameters_.size());
            (void)gradient_for(tasks_.front(), whose, previous_, what.from, {}, gradient);
            clip(gradient);
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
    void carry_out(std::size_t k, act::send& one) { post(k, one.to, std::make_shared<wire::message const>(std::move(one.message))); }
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
        if (!running_[k]) return; // it has lost everything, and waits to be let in
        peers_[k]->handle_message(keys_[std::size_t(from)].key(), *message, now);
        drain(k);
    }
    void on_timer(endpoint_id who, time_point now) {
        if (!running_[std::size_t(who)]) return;
        peers_[std::size_t(who)]->handle_timeout(now);
        drain(std::size_t(who));
    }

private:
    verification checks_;
    std::vector<Key> keys_;
    std::unique_ptr<network> net_;
    std::unique_ptr<coalition> coalition_;
    std::map<public_key, peer_type const*> everybody_;
    std::map<public_key, std::size_t> numbers_;
    std::vector<Task> tasks_; // one per thread
    std::vector<Attack> attacks_;
    std::vector<std::unique_ptr<peer_type>> peers_;
    peer_setup setup_; // what all have in common
    std::vector<bool> running_, waits_, acted_, returns_;
    std::multimap<std::size_t, std::size_t> crashes_; // (event, peer)
    std::vector<std::uint64_t> lives_; // how often each one has been restarted
    std::vector<request> requests_;
    std::map<std::size_t, bool> computed_; // who has a gradient in this step
    std::optional<std::vector<float>> made_;
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
