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
#include <btard/protocol/peer_swarm.hpp>
#include <btard/protocol/verification.hpp>
#include <btard/protocol/wire/tagged_hash.hpp>
#include <btard/train/learnable.hpp>
#include <btard/train/swarm_options.hpp>
#include <btard/train/task_swarm.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// What a swarm computes for its peers, and what it hears of them.
struct swarm_events : network_events {
    std::size_t recomputed = 0; ///< gradients, for audits and votes
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

    using peers_type = peer_swarm<Rule, Conduct, Key>;

public:
    using peer_type = typename peers_type::peer_type;
    using network = typename peers_type::network;

    verified_swarm(Task task, Rule rule, Attack attack, Conduct conduct, swarm_options options,
                   verification checks, std::vector<Key> keys)
        : base(std::move(task), std::move(options)), checks_(std::move(checks)),
          first_byzantine_(byzantine_.size()) {
        validate(rule);
        validate(attack);
        expects(keys.size() == options_.peers, keys.size(), " keys for ", options_.peers, " peers");
        expects(options_.bans == bans::validators, "a verified swarm has no other bans than those of validators");
        expects(!options_.worker_momentum, "worker momentum and validators: nobody can recompute a running mean of "
                                           "gradients from one step; leave one of them out");
        expects(options_.parts == 1, "each worker owns one part; parts is for swarms without validators");
        if constexpr (looks_back<Attack>) expects(steps_back(attack) == 0, "replay is for swarms without validators");
        this->arm(std::move(attack));
        court<host, Rule> const bench{
            {.threads = tasks_.size()}, rule, parameters_.size(), layout_, checks_.tolerance};
        peers_.emplace(std::move(keys), byzantine_, bench, std::move(conduct), checks_,
                       derive(this->root(), "attackers"), options_.seed);
    }

    /// Byzantine peers attack from here on with this.
    void set_attack(Attack attack) { this->arm(std::move(attack)); }

    // ---- who is there

    /// It falls silent: as if its power were cut.
    void crash(std::size_t peer) { peers_->crash(peer); }
    /// The same after so many more events of the network, in the middle of whatever it does then.
    void crash(std::size_t peer, std::size_t events) { peers_->crash(peer, events); }
    /// It wants to be a member again, with nothing left of what it had: asks until the others let it in, and takes over
    /// what one of them knows.
    void restart(std::size_t peer) { peers_->restart(peer); }
    /// A peer with a key of its own that never was a member: asks, is tried, and is one if it is let in
    /// (`probation_rules`).
    ///
    /// @param byzantine one of the coalition
    /// @param contact whom it asks first
    /// @return its number
    std::size_t add_newcomer(Key key, bool byzantine = false, std::size_t contact = 0) {
        std::size_t const k = peers_->add_newcomer(std::move(key), byzantine, contact);
        make_room();
        return k;
    }
    /// Where keys come from that the conduct brings in (`brings_keys`): `make(number)`.
    void set_new_keys(std::function<Key(std::size_t)> make) { new_key_ = std::move(make); }
    /// Null: it is none, or a member by now, or banned.
    [[nodiscard]] newcomer<Key> const* newcomer_at(std::size_t peer) const { return peers_->newcomer_at(peer); }

    [[nodiscard]] network& net() { return peers_->net(); }
    [[nodiscard]] peer_type& at(std::size_t peer) { return peers_->at(peer); }
    [[nodiscard]] bool is_member(std::size_t peer) const { return weights_[peer] != 0; }
    [[nodiscard]] std::size_t size() const { return options_.peers; } ///< members, newcomers, and those that were
    [[nodiscard]] swarm_events events() const { return {peers_->events(), recomputed_count_}; }
    /// What third parties have to know of this run to check its bans.
    [[nodiscard]] trust_root root_of_trust() const { return peers_->root_of_trust(); }
    /// Why somebody was banned in the last step, from the first honest peer that can tell.
    [[nodiscard]] std::optional<ban_record> record_of(removal const& ban) const {
        auto const names = enum_names(offence{});
        auto const why = static_cast<offence>(std::ranges::find(names, ban.why) - names.begin());
        return peers_->record_of(peers_->key(ban.peer), why);
    }
    /// What a record lacks that was taken when its step was over: known when the next one is.
    [[nodiscard]] std::optional<epoch_link> confirmation_of(ban_record const& record) const {
        return peers_->confirmation_of(record.step);
    }
    /// Those removed so far, in order.
    [[nodiscard]] std::span<removal const> removals() const { return all_removed_; }

private:
    using request = typename peers_type::request;

    // ---- one step

    step_report advance() {
        computed_.clear();
        if (new_key_) {
            peers_->bring_new_keys(first_byzantine_ - std::min(first_byzantine_, byzantine_.size()), new_key_);
            make_room();
        }
        acted_.assign(options_.peers, false);
        std::optional<digest> state;
        if (step_ % checks_.state_every == 0) state = hash_of(std::span<float const>(parameters_));
        for (std::size_t const k : peers_->begin_step(step_, state)) {
            if (peers_->lies(k) && !is_byzantine(k)) byzantine_.insert(std::ranges::upper_bound(byzantine_, k), k);
            weights_[k] = 1;
        }
        serve();
        time_point const patience = net().now() + std::chrono::hours(24 * 30);
        while (!peers_->all_done()) {
            bool const more = peers_->run_next();
            expects(more && net().now() < patience, "no step is agreed on: too few of the ", options_.peers,
                    " peers are left that others can hear");
            serve();
        }
        return report();
    }
    step_report report() {
        step_report report{.step = step_};
        std::vector<std::size_t> honest, attacking;
        std::map<part_id, aggregation_report> parts;
        for (std::size_t k = 0; k < options_.peers; ++k) {
            if (!peers_->is_running(k) || weights_[k] == 0) continue;
            if (!is_byzantine(k) && computed_.contains(k)) honest.push_back(k);
            if (acted_[k]) attacking.push_back(k);
            parts.insert(at(k).reports().begin(), at(k).reports().end());
        }
        std::vector<aggregation_report> reports;
        for (auto& [part, one] : parts) reports.push_back(std::move(one));
        if (!reports.empty()) report.aggregation = merged(reports, partition(parameters_.size(), reports.size()));
        previous_ = parameters_;
        std::ranges::copy(*peers_->agreed().made(), aggregate_.begin());
        this->finish(report, honest, attacking, tasks_.size());
        for (auto const& [who, why] : peers_->agreed().removed().value()) remove(report, peers_->number(who), why);
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
        peers_->remove(peer, why);
    }
    /// For peers that were added.
    void make_room() {
        options_.peers = peers_->size();
        this->rows_.resize(options_.peers * parameters_.size());
        this->losses_.resize(options_.peers);
        weights_.resize(options_.peers); // no members yet
        while (attacks_.size() < options_.peers) attacks_.push_back(attacks_.front());
        acted_.resize(options_.peers);
    }

    // ---- gradients

    /// All that peers have asked for, as long as they ask.
    void serve() {
        for (auto asked = peers_->take_requests(); !asked.empty(); asked = peers_->take_requests()) {
            compute_own(asked);
            for (auto const& one : asked) {
                auto const& [by, what] = one;
                if (peers_->newcomer_at(by) && what.step == step_) compute_on_trial(one);
                if (!peers_->is_running(by)) continue;
                shared_floats gradient;
                if (is_own(one)) gradient = shared_floats(row(by).begin(), row(by).end());
                else if (what.step + 1 == step_) gradient = recomputed(peers_->number(what.whose), what);
                peers_->handle_gradient(one, std::move(gradient));
            }
        }
    }
    [[nodiscard]] bool is_own(request const& asked) const {
        return asked.what.step == step_ && peers_->key(asked.by) == asked.what.whose;
    }
    void compute_own(std::vector<request> const& asked) {
        std::vector<std::pair<std::size_t, seed>> own;
        for (auto const& one : asked)
            if (is_own(one) && peers_->is_running(one.by)) own.emplace_back(one.by, one.what.from);
        if (own.empty()) return;
        parallel::run(own.size(), tasks_.size(), [&](std::size_t number, std::size_t slot) {
            std::size_t const peer = own[number].first;
            this->compute_gradient(peer, slot, own[number].second, this->context(peer, {}));
            this->clip(row(peer));
        });
        for (auto const& one : own) computed_.insert(one.first);
        let_them_attack(own);
    }
    void let_them_attack(std::vector<std::pair<std::size_t, seed>> const& own) {
        std::vector<float const*> honest;
        for (std::size_t const peer : computed_)
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
    void compute_on_trial(request const& asked) {
        std::vector<float> gradient(parameters_.size());
        (void)gradient_for(tasks_.front(), asked.by, parameters_, asked.what.from, {}, gradient);
        this->clip(gradient);
        if (peers_->lies_on_trial(asked.by))
            for (float& g : gradient) g = -g;
        peers_->handle_gradient_on_trial(asked, std::move(gradient));
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
            ++recomputed_count_;
        }
        return gradient;
    }

    verification checks_;
    std::size_t first_byzantine_;
    std::optional<peers_type> peers_;
    std::function<Key(std::size_t)> new_key_;
    std::vector<bool> acted_;       // (peers) in this step
    std::set<std::size_t> computed_; // who has a gradient in this step
    std::vector<removal> all_removed_;
    std::vector<float> previous_; // (size) parameters of the step before
    std::map<std::size_t, std::vector<float>> recomputed_;
    std::uint64_t recomputed_step_ = 0;
    std::size_t recomputed_count_ = 0;
};

} // namespace btard
