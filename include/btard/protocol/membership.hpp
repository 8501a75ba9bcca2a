// btard/protocol/membership.hpp: who is a member, who was one, and what a step changes about it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/actions.hpp>
#include <btard/protocol/log/agreed_log.hpp>
#include <btard/protocol/log/contest.hpp>
#include <btard/protocol/log/proceedings.hpp>
#include <btard/protocol/signer.hpp>
#include <btard/protocol/step/judgement.hpp>
#include <btard/protocol/step/mprng.hpp>
#include <btard/protocol/step/probation_log.hpp>
#include <btard/protocol/step/run_rules.hpp>
#include <btard/protocol/step/standing.hpp>
#include <btard/protocol/step/step_context.hpp>
#include <btard/protocol/step/step_record.hpp>
#include <btard/protocol/wire/encoding.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// What a membership has in it between two steps, beside the context of the next one: equal on all peers.
struct membership_books {
    standing_books standing = {};
    std::set<public_key> banned = {}, left = {}; ///< `left`: went once; some are back
    std::set<std::pair<public_key, std::array<std::byte, 16>>> lives = {}; ///< of all that are or were members

    static constexpr void members(auto& self, auto&& member) {
        member(self.standing);
        member(self.banned, &wire_limits::entries);
        member(self.left, &wire_limits::entries);
        member(self.lives, &wire_limits::entries);
    }
    friend bool operator==(membership_books const&, membership_books const&) = default;
};

/// The only one that changes the roster.  A function of the agreed logs: what a step has against members is gathered
/// while the step goes on, and takes effect when it is over, in no order.
class membership {
public:
    membership(digest const& run, std::vector<log_member> members, run_rules const& rules)
        : rules_(rules), standing_(rules.faults, rules.standing), members_(std::make_shared<roster const>(members)),
          context_{run, 0, 0, std::move(members), {}, genesis_value(run)} {
        for (auto const& one : context_.roster) lives_.emplace(one.key, one.incarnation);
    }
    /// It goes on where that of somebody else is, between two steps.
    membership(step_context next, membership_books kept, run_rules const& rules)
        : rules_(rules), standing_(rules.faults, rules.standing, std::move(kept.standing)),
          members_(std::make_shared<roster const>(next.roster)), context_(std::move(next)),
          banned_(std::move(kept.banned)), left_(std::move(kept.left)), lives_(std::move(kept.lives)) {}
    /// Between two steps: nothing is gathered then.
    [[nodiscard]] membership_books kept() const { return {standing_.kept(), banned_, left_, lives_}; }

    // ---- what a step has against members

    void against(offences const& list) {
        for (auto const& [who, what] : list) note(offences_, who, what);
    }
    void against(public_key const& whom, offence what) {
        if (auto const who = members_->find(whom)) note(offences_, *who, what);
        else if (is_ban(what) && left_.contains(whom) && !banned_.contains(whom)) gone_.emplace(whom, what);
    }
    /// Points for something that is no proof.
    void charge(peer_id who, std::uint64_t points = point) {
        if (standing_.charge(members_->key(who), points, step())) note(offences_, who, offence::points);
    }
    /// Who pays for a broadcast that did not close at once.
    ///
    /// @param then its members
    void contested(contest_verdict const& verdict, roster const& then) {
        for (auto const& [member, sender, millionths] : verdict.charges) {
            public_key const& pays = then.key(member);
            bool const spent = member == sender ? standing_.charge(pays, millionths, step())
                                                : standing_.charge_share(pays, then.key(sender), millionths, step());
            if (spent) against(pays, offence::points);
        }
        for (auto const& proof : verdict.proofs) against(then.key(proof.member), offence::equivocation);
        for (auto const& [key, proof] : verdict.earlier) against(key, offence::equivocation);
    }
    /// Between two members a step counts once, however many rows: who is slow in it is slow with all of them.
    ///
    /// @param blames each with who it is about, see `step_record::blames`
    void complained(std::span<missing_row const> blames) {
        std::map<std::pair<peer_id, peer_id>, bool> pairs;
        for (auto const& one : blames) pairs[std::minmax(one.owner, one.sender)] |= one.by_detour;
        for (auto const& [both, by_detour] : pairs)
            standing_.note_complaint(members_->key(both.first), members_->key(both.second), step(), by_detour);
    }
    /// Validators that had a gradient shown to all for nothing: like a complaint between the two, and a point once
    /// they are in dispute.
    void asked(std::span<std::pair<peer_id, public_key> const> needless) {
        std::vector<peer_id> pay;
        for (auto const& [by, target] : needless)
            if (in_dispute(members_->key(by), target)) pay.push_back(by);
        for (auto const& [by, target] : needless) standing_.note_complaint(members_->key(by), target, step());
        for (peer_id const by : pay) charge(by);
    }

    // ---- who comes and goes

    /// May this one be a member again?  It has been one, and its wait is over.
    [[nodiscard]] bool may_return(public_key const& key) const {
        return left_.contains(key) && !banned_.contains(key) && !standing_.is_struck(key) && !members_->find(key) &&
               standing_.may_return_at(key) <= step() + 1;
    }
    /// In this life?  One that was a member before is over: whoever shows its wish to join once more has kept it.
    [[nodiscard]] bool may_return(log_member const& who) const {
        return may_return(who.key) && !lives_.contains({who.key, who.incarnation});
    }
    /// May this one be tried?  It never was a member, and knows of a step: else it could not commit to anything yet, and would
    /// take a place in vain.  Whoever knows nothing asks with step 0, and is told.
    [[nodiscard]] bool may_try(wire::join const& one) const {
        public_key const& key = one.who.key;
        return one.step > 0 && is_fresh(one) && is_welcome(key) && !members_->find(key) &&
               context_.probation.find(key) == nullptr;
    }
    /// It may be, or is, on probation.
    [[nodiscard]] bool is_welcome(public_key const& key) const {
        return rules_.probation.lets_in(key) && !banned_.contains(key) && !left_.contains(key);
    }
    /// May it be told of the run?  It could be a member one day, by the rules or once more.
    [[nodiscard]] bool may_be_told(public_key const& key) const {
        return !members_->find(key) && (was_member(key) || is_welcome(key));
    }
    /// It was a member, and may be one again.
    [[nodiscard]] bool was_member(public_key const& key) const {
        return left_.contains(key) && !banned_.contains(key) && !standing_.is_struck(key);
    }
    /// Is the wish of these days?  An old one shows that somebody kept it, not that its owner is there.
    [[nodiscard]] bool is_fresh(wire::join const& one) const {
        return one.step <= step() && step() - one.step <= rules_.standing.wish_lasts;
    }
    /// May it come in, as one that comes back or as one that is to be tried?
    [[nodiscard]] bool may_come(wire::join const& one) const {
        return may_return(one.who) ? is_fresh(one) : may_try(one);
    }
    /// What the log of COMMIT says of those that leave, and of those that want to come in.
    template <signer S>
    void read(S const& with, agreed_log<wire::commit> const& log) {
        for (std::size_t k = 0; k < log.size(); ++k) {
            if (!log[k].present()) continue;
            if (log[k].body.leaves) note(offences_, peer_id(k), offence::leave);
            for (auto const& one : log[k].body.joins) {
                if (!may_come(one) || !proves(one, context_.run, with)) continue;
                if (may_return(one.who)) returning_.emplace(one.who.key, one.who);
                else newcomers_.ask(one.who);
            }
        }
    }
    /// What newcomers on probation have committed to.
    template <signer S>
    void read(S const& with, agreed_log<wire::result> const& log) {
        if (!context_.probation.tried.empty())
            newcomers_.read(with, log, context_.probation, hash_of(context_), rules_.quota);
    }

    /// What the step that comes next takes from those before it.
    ///
    /// @param far  Delta_max of a part of one coordinate
    /// @param logs of the step that is over
    void give(std::vector<tile> v0, std::optional<double> far, digest const& logs = {}) {
        context_.given = std::move(v0);
        context_.far = far;
        context_.logs = logs;
    }

    /// The end of a step.
    ///
    /// @return who is no member any more, and why
    std::vector<act::removed> finish(step_record const& record, judgement const& judge) {
        std::vector<act::removed> removed;
        note_quarrels();
        std::ranges::sort(offences_);
        std::vector<bool> out(members_->size());
        std::set<public_key> struck, absent, left;
        for (auto const& [who, what] : offences_) {
            public_key const key = members_->key(who);
            out[static_cast<std::size_t>(who)] = true;
            left_.insert(key);
            if (is_ban(what)) context_.banned += banned_.insert(key).second;
            else if (is_strike(what)) struck.insert(key);
            else if (what == offence::absence) absent.insert(key);
            else left.insert(key);
            removed.push_back({step(), key, what});
        }
        // Whatever the reasons, a member is removed once: one strike, one wait.
        for (auto const& key : struck) standing_.note_strike(key, step());
        for (auto const& key : absent)
            if (!struck.contains(key)) standing_.note_absence(key, step());
        for (auto const& key : left)
            if (!struck.contains(key) && !absent.contains(key)) standing_.note_leave(key, step());
        gone_.insert(judge.convicted_gone().begin(), judge.convicted_gone().end());
        for (auto const& [key, what] : gone_) {
            if (!banned_.insert(key).second) continue; // it is known
            removed.push_back({step(), key, what});
            context_.banned += left_.contains(key); // a newcomer that was no member yet does not lower f
        }
        go_on(record, judge, out);
        return removed;
    }

    // ---- getters

    [[nodiscard]] std::shared_ptr<roster const> const& members() const { return members_; }
    [[nodiscard]] step_context const& context() const {
        return context_;
    } ///< of the step that is going on, or comes next
    [[nodiscard]] std::uint64_t step() const { return context_.step; }
    [[nodiscard]] std::size_t faults() const { return rules_.faults_among(members_->size(), context_.lost()); }
    [[nodiscard]] std::set<public_key> const& banned() const { return banned_; }
    [[nodiscard]] btard::standing const& standing() const { return standing_; }
    [[nodiscard]] bool in_dispute(public_key const& a, public_key const& b) const {
        return standing_.in_dispute(a, b, step());
    }

private:
    void note_quarrels() {
        std::vector<public_key> keys;
        for (auto const& one : members_->members()) keys.push_back(one.key);
        for (std::size_t k = 0; k < keys.size(); ++k)
            if (standing_.quarrels_too_much(keys[k], keys, step())) note(offences_, peer_id(k), offence::quarrels);
    }
    void note_disputes(std::uint64_t next) {
        context_.disputes.clear();
        for (auto const& [both, quarrel] : standing_.kept().pairs) {
            if (next >= quarrel.ends) continue;
            auto const a = members_->find(both.first), b = members_->find(both.second);
            if (a && b) context_.disputes.push_back({std::min(*a, *b), std::max(*a, *b)});
        }
        std::ranges::sort(context_.disputes);
    }
    /// Roster, idle validators, disputes and randomness of the step that follows.
    void go_on(step_record const& record, judgement const& judge, std::vector<bool> const& out) {
        auto const pairs = record.pairs();
        auto const then = members_;
        std::uint64_t const next = step() + 1;
        std::erase_if(returning_, [&](auto const& one) { return banned_.contains(one.first); });
        admit(record, judge, members_->size() - std::size_t(std::ranges::count(out, true)) + returning_.size());
        if (std::ranges::find(out, true) != out.end() || !returning_.empty()) {
            ++context_.epoch;
            std::erase_if(context_.roster, [&](log_member const& one) {
                return out[static_cast<std::size_t>(*then->find(one.key))];
            });
            for (auto const& [key, who] : returning_) {
                context_.roster.push_back(who);
                lives_.emplace(who.key, who.incarnation);
                standing_.note_return(key, next);
            }
            members_ = std::make_shared<roster const>(context_.roster);
        }
        auto& checked = context_.probation.checked;
        if (checked && !members_->find(checked->validator)) checked.reset();
        context_.idle.clear();
        for (auto const& pair : pairs.first(std::min(pairs.size(), rules_.validators)))
            if (auto const who = members_->find(then->key(pair.validator)))
                if (std::ranges::find(context_.idle, *who) == context_.idle.end()) context_.idle.push_back(*who);
        std::ranges::sort(context_.idle);
        note_disputes(next);
        context_.step = next;
        context_.before = record.value().value();
        offences_.clear();
        gone_.clear();
        returning_.clear();
    }

    /// The probation of the next step, and who has passed it.
    ///
    /// @param members of the next step, without it
    void admit(step_record const& record, judgement const& judge, std::size_t members) {
        auto& now = context_.probation;
        std::uint64_t const size =
            context_.given.empty() ? wire_limits{}.peers : context_.given.back().end; // a part for each
        bool const room = members < std::min<std::uint64_t>(size, wire_limits{}.peers);
        auto const in = newcomers_.finish(
            now, rules_.probation, record, judge, members, room,
            [&](public_key const& key) { return !is_welcome(key); },
            [&](public_key const& key) { return banned_.contains(key); });
        if (in) returning_.emplace(in->key, *in);
    }

    run_rules rules_;
    btard::standing standing_;
    std::shared_ptr<roster const> members_;
    step_context context_;
    offences offences_;                         // of this step
    std::set<std::pair<public_key, offence>> gone_; // the same, of those that are no members any more
    std::map<public_key, log_member> returning_; // with the next step
    probation_log newcomers_;                    // of this step
    std::set<public_key> banned_, left_;
    std::set<std::pair<public_key, std::array<std::byte, 16>>> lives_; // of all that are or were members
};

} // namespace btard
