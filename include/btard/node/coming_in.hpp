// btard/node/coming_in.hpp: a trainer outside of its run, which comes in, for the first time or once more.
// SPDX-License-Identifier: Apache-2.0
#pragma once

//   enter --> entrant (entrant.hpp): follows the run, asks to come in --> all is here --> a member
//     ^                                                                                     |
//     +---- the others are ahead <---- scout: an entrant that only looks <---- a step lasts too long

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/node/entrant.hpp>
#include <btard/node/finishing.hpp>
#include <btard/node/gradient_thread.hpp>
#include <btard/node/run_node.hpp>
#include <btard/protocol/actions.hpp>
#include <btard/protocol/ban/transcript_check.hpp>
#include <btard/protocol/member_state.hpp>
#include <btard/run/model_state.hpp>
#include <btard/run/refusals.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

template <verifiable_aggregator Rule, class Conduct, class Attack>
class coming_in : public finishing<Rule, Conduct, Attack> {
    using base = finishing<Rule, Conduct, Attack>;

public:
    using base::run, base::self;

protected:
    using base::charter_, base::diverged_, base::layout_, base::leaves_, base::life_, base::net_, base::out_,
        base::peer_, base::plan_, base::stalls_at_, base::state_, base::thread_, base::who_;
    using base::concerns, base::draw_life, base::end, base::known, base::link_with, base::post, base::say;

    using base::base;

    /// A new life: the one before is over, if there was one.
    ///
    /// @return whether there is somebody to ask; else the next member that links is asked
    bool enter() {
        this->stop_being_a_member();
        stalls_at_.reset();
        entrant_.reset();
        scout_.reset();
        on_enter();
        if (std::exchange(diverged_, false)) state_.reset();
        if (leaves_) {
            end(this->left());
            return false;
        }
        auto const contact = somebody_to_ask();
        wants_in_ = !contact;
        if (!contact) {
            say("waiting for a member to ask");
            return false;
        }
        if (std::exchange(had_life_, true)) draw_life();
        entrant_ = made_entrant(*contact, false);
        tell_links(*entrant_);
        return true;
    }
    virtual void on_enter() = 0;   ///< what was heard in the life before is of no use
    virtual void on_come_in() = 0; ///< it is a member, and its first step has begun

    void scout() override {
        if (scout_ || !peer_) return;
        auto const contact = somebody_to_ask();
        if (!contact) return;
        say("looking whether the others have gone on without us");
        scout_ = made_entrant(*contact, true);
        tell_links(*scout_);
    }
    /// @return whether the peer may have something to do now
    bool go_in() {
        drain(*entrant_);
        compute_on_trial();
        this->link_with_all();
        if (entrant_->has_missed_it()) {
            say("the run went on before this trainer had come in; once more");
            return enter();
        }
        come_in();
        return peer_ != nullptr;
    }
    /// What the scout has seen; @return the same
    bool look_around() {
        if (!scout_) return false;
        drain(*scout_);
        if (!scout_->known() || !peer_ || scout_->known()->step <= state_->step + 1) return false;
        say(concat("the others are in step ", scout_->known()->step, ", we are in step ", state_->step,
                   "; coming back"));
        return enter();
    }
    void on_step() override { scout_.reset(); }
    /// To one that wants to come in, and cannot: else it would ask for ever.
    void answer_wish(public_key const& from) {
        if (auto const no = peer_ ? refusal_of(peer_->membership(), from) : std::nullopt) post(from, *no);
    }
    /// What a member says of our key.
    void hear_of_key(public_key const& from, wire::refusal const& said) {
        if (!plan_ || !run()) return;
        auto const* const learned = entrant_ ? entrant_->known() : nullptr;
        auto const* const now = learned ? learned : peer_ ? &peer_->membership().context() : nullptr;
        auto const& roster = now ? now->roster : charter_->founders;
        std::size_t const faults =
            now ? faults_in(*now, plan_->rules) : plan_->rules.faults_among(roster.size(), 0);
        auto const believed = told_of_key_.hear(from, said, roster, faults);
        if (!believed) return;
        std::string const members = concat(faults + 1, " members say that this trainer ");
        if (said.why == refusal_reason::banned)
            end(run_end::banned, members + "is banned from this run: its key cannot come in again");
        else if (said.why == refusal_reason::struck)
            end(run_end::removed, members + "was struck for the second time: its key cannot come in again");
        else if (now && said.step > now->step)
            say(concat(members, "was absent, and may be a member again with step ", said.step, ", in ",
                       said.step - now->step, " steps"));
    }
    bool hear_trial(gradient_result& done) override {
        if (!entrant_ || done.job.use != gradient_use::own) return false;
        entrant_->handle_gradient(done.job.step, std::move(done.gradient), done.job.microbatches);
        return true;
    }
    /// For each of the two that is there.
    template <class F>
    void for_outsiders(F&& call) {
        for (auto* const one : {entrant_.get(), scout_.get()})
            if (one) call(*one);
    }

    /// Of whoever has greeted.
    void tell_links(entrant& one) {
        for (auto const& [key, link] : known())
            if (link.greeted && link.role == run_role::trainer) one.handle_linked(key, net_->now());
    }

    std::unique_ptr<entrant> entrant_; ///< null: it is a member, or about to be
    std::unique_ptr<entrant> scout_;   ///< looks at the run from outside, while the peer waits
    bool wants_in_ = false, had_life_ = false;

private:
    /// A member, or one that our operator has named: a stranger could only keep us waiting.
    [[nodiscard]] std::optional<public_key> somebody_to_ask() const {
        for (auto const& [key, one] : known())
            if (one.greeted && one.role == run_role::trainer && (concerns(key) || one.contact)) return key;
        return {};
    }
    [[nodiscard]] std::unique_ptr<entrant> made_entrant(public_key const& contact, bool observes) {
        follower_setup follow{.run = *run(),
                              .rules = plan_->rules,
                              .size = plan_->task.size(),
                              .optimizer = plan_->optimizer,
                              .schedule = plan_->schedule,
                              .layout = layout_,
                              .state = state_ ? std::optional(*state_) : std::nullopt};
        return std::make_unique<entrant>(who_,
                                         entrant_setup{.who = {self(), life_},
                                                       .root = {*run(), charter_->founders},
                                                       .follow = std::move(follow),
                                                       .contact = contact,
                                                       .observes = observes,
                                                       .begins = false},
                                         net_->now());
    }
    void drain(entrant& one) {
        while (auto action = one.poll_action()) {
            if (auto const* const sent = std::get_if<act::send>(&*action)) out_.send(sent->to, sent->message);
            if (auto const* const what = std::get_if<act::compute>(&*action)) on_trial_ = *what;
        }
        while (auto message = one.poll_message()) {
            if (post(message->first, message->second) != posted::unknown) continue;
            link_with(message->first);
            (void)post(message->first, message->second);
        }
    }
    /// Newcomers on probation compute, too.
    void compute_on_trial() {
        auto const* const at = entrant_->state();
        if (!on_trial_ || !at || at->step != on_trial_->step) return;
        gradient_job job{.step = on_trial_->step,
                         .whose = self(),
                         .from = on_trial_->from,
                         .microbatches = plan_->rules.quota,
                         .at = std::make_shared<std::vector<float> const>(at->parameters),
                         .use = gradient_use::own};
        on_trial_.reset();
        thread_->ask(std::move(job));
    }
    void come_in() {
        auto const* const all = entrant_->complete();
        if (!all) return;
        auto const now = net_->now();
        if (auto const bad =
                check_state(all->state, all->floats, who_, this->bench(), plan_->rules, *run(), self())) {
            say(concat("what a member says of the run cannot be: ", *bad));
            return entrant_->refuse(now);
        }
        epoch_rosters rosters; // how its roster came about, which its hash does not cover
        bool const bad_links =
            check_epochs(all->state.links, who_, plan_->rules, {*run(), charter_->founders}, rosters) ||
            all->state.last.epoch + 1 != rosters.size() || all->state.last.roster != rosters.back();
        if (bad_links) {
            say("a member sends epochs that do not lead to the roster");
            return entrant_->refuse(now);
        }
        state_ = std::make_unique<model_state>(*entrant_->state());
        this->become_member({}, all->state, all->floats, now);
        say(concat("a member of the run from step ", state_->step, " on"));
        entrant_.reset();
        this->link_with_all();
        this->begin_step();
        on_come_in();
    }

    std::optional<act::compute> on_trial_;
    heard_refusals told_of_key_;
};

} // namespace btard
