// btard/protocol/audit_list.hpp: whom one peer audits in a step, and the gradients that it recomputes for that.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/concept.hpp>
#include <btard/core/shared_floats.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/actions.hpp>
#include <btard/protocol/audit.hpp>
#include <btard/protocol/step/commitment.hpp>
#include <btard/protocol/step/step_state.hpp>
#include <btard/protocol/step/tribunal.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// Targets have the numbers of the step before, in which they did their work; `on_trial` is the newcomer whose gradient
/// of then is checked now.
class audit_list {
public:
    /// @param at   begins; stays where it is until the next step, as the one before
    /// @param last null: there is none
    /// @param does false: this peer computes no gradients any more, and so has nobody to audit
    void begin_step(step_state const& at, step_state const* last, public_key const& self, bool does) {
        at_ = &at;
        last_ = last;
        self_ = self;
        targets_.clear();
        recomputed_.clear();
        if (last_ == nullptr || !does) return;
        for (auto const& [validator, target] : last_->record.pairs())
            if (last_->key(validator) == self && std::ranges::find(targets_, target) == targets_.end())
                targets_.push_back(target); // two cycles may draw the same
    }
    [[nodiscard]] std::span<peer_id const> targets() const { return targets_; }
    [[nodiscard]] bool checks_newcomer() const {
        auto const& tried = at_->record.checked();
        return tried && last_ && tried->validator == self_;
    }

    /// What has to be computed to judge its gradient.
    [[nodiscard]] act::compute question(peer_id target) const {
        if (target == on_trial) {
            auto const& tried = at_->record.checked().value();
            return {last_->step(), tried.who.key, last_->record.gradient_seed_of(tried.who.key), tried.microbatches};
        }
        return {last_->step(), last_->key(target), last_->record.gradient_seed_of(target),
                std::uint32_t(last_->record.weight(target))};
    }
    /// The answer.  Who declared no microbatches must have sent zeros.
    void take(public_key const& whose, shared_floats gradient, std::uint32_t microbatches) {
        auto const& tried = at_->record.checked();
        if (auto const who = last_->members->find(whose))
            microbatches = std::min(microbatches, std::uint32_t(last_->record.weight(*who)));
        else if (tried && tried->who.key == whose) microbatches = std::min(microbatches, tried->microbatches);
        recomputed_.insert_or_assign(whose, fixed_gradient(std::move(gradient), microbatches, last_->cut()));
    }
    [[nodiscard]] public_key const& key(peer_id target) const {
        return target == on_trial ? at_->record.checked().value().who.key : last_->key(target);
    }
    [[nodiscard]] bool has(peer_id target) const { return recomputed_.contains(key(target)); }
    [[nodiscard]] fixed_gradient const& gradient_of(peer_id target) const { return recomputed_.at(key(target)); }

    /// All that this peer recomputes to say something in that phase is here.
    [[nodiscard]] bool are_computed(phase of) const {
        if (of == phase::accuse)
            return std::ranges::all_of(targets_, [this](peer_id target) { return has(target); }) &&
                   (!checks_newcomer() || has(on_trial));
        return of != phase::vote || std::ranges::all_of(at_->judge->accusations(), [&](accused const& one) {
                   return one.what.of != wire::charge::gradient || has(one.what.target);
               });
    }
    /// What it says of each accusation in VOTE: of gradients alone, which it has recomputed.
    template <class B, verifiable_aggregator A>
    [[nodiscard]] std::vector<wire::ballot> ballots(court<B, A> const& bench) const {
        std::vector<wire::ballot> all;
        for (auto const& [by, what] : at_->judge->accusations()) {
            bool const mine = what.of == wire::charge::gradient && has(what.target);
            all.push_back(mine ? ballot_on(bench, *at_, *last_, what, gradient_of(what.target)) : wire::ballot{});
        }
        return all;
    }

    /// What this peer has to say in ACCUSE; what it shows for that goes into `at`.
    ///
    /// @param at      the step that was begun
    /// @param may_ask `may_ask(target)`: that its rows be shown to all
    template <class B, verifiable_aggregator A>
    [[nodiscard]] wire::accuse accusations(court<B, A> const& bench, step_state& at, auto&& may_ask) const {
        wire::accuse said;
        auto const take = [&](audit_finding found) {
            for (auto& [what, shown] : found.accusations) {
                if (shown) at.shown.emplace(what.evidence, *std::move(shown));
                said.accusations.push_back(what);
            }
            for (part_id const part : found.demands) said.demands.push_back(part);
        };
        audit_finding own;
        for (part_id const part : at.parts_of(at.self)) examine_rows(bench, at, part, own);
        take(std::move(own));
        for (peer_id const target : targets_) {
            if (!has(target)) continue; // neither right nor wrong: it could not be computed in time
            auto found = examine_target(bench, *last_, at.step(), target, gradient_of(target));
            if (!may_ask(target))
                std::erase_if(found.accusations,
                              [&](auto const& one) { return at.judge->asks_to_show(one.first); });
            if (found.clean) said.cleans.push_back({target, last_->step()});
            take(std::move(found));
        }
        if (checks_newcomer() && has(on_trial)) {
            auto const says = opinion_on_trial(bench, *at.record.checked(), gradient_of(on_trial));
            if (says == wire::opinion::slander) said.cleans.push_back({on_trial, last_->step()});
            if (says == wire::opinion::guilty)
                said.accusations.push_back({on_trial, last_->step(), wire::charge::gradient, {}, {}});
        }
        return said;
    }

private:
    step_state const* at_ = nullptr;
    step_state const* last_ = nullptr;
    public_key self_{};
    std::vector<peer_id> targets_;
    std::map<public_key, fixed_gradient> recomputed_;
};

} // namespace btard
