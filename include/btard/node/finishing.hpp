// btard/node/finishing.hpp: how a trainer ends: after the last step, on its own wish, or because it must.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/node/member_steps.hpp>
#include <btard/node/run_plan.hpp>
#include <btard/node/trainer_events.hpp>
#include <btard/run/messages.hpp>
#include <btard/run/model_state.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace btard {

template <verifiable_aggregator Rule, class Conduct, class Attack>
class finishing : public member_steps<Rule, Conduct, Attack> {
    using base = member_steps<Rule, Conduct, Attack>;

public:
    using base::self;

    /// In good order: at the end of the step that is going on.
    void leave() {
        leaves_ = true;
        if (peer_ && !final_root_) peer_->leave();
        else end(this->left());
    }

protected:
    using base::applied_, base::begun_, base::coordinators_, base::early_, base::ending_, base::events_,
        base::gradient_seconds_, base::keeper_, base::leaves_, base::net_, base::peer_, base::plan_,
        base::stalls_at_, base::state_, base::thread_;
    using base::concerns, base::known, base::say;

    using base::base;

    virtual void wake() = 0; ///< the loop, for what is due first

    void finish() override {
        say(concat("the last step is done: ", state_->step));
        final_root_ = root_of(*state_);
        keeper_.begin_step(peer_->membership().context(), std::exchange(applied_, {}), std::nullopt,
                           member_floats{}, *state_, net_->now()); // for those that follow
        this->post_all(wire::finished{state_->step, *final_root_});
        finished_at_ = net_->now() + time_to_finish(plan_->rules); // others may still ask
        stalls_at_.reset();
        check_finished();
        wake();
    }
    void hear_finished(public_key const& from, wire::finished const& said) {
        if (!plan_ || said.step != plan_->steps || !(concerns(from) || coordinators_.contains(from))) return;
        others_finished_[from] = said.root;
        std::size_t members = 0;
        for (auto const& [key, root] : others_finished_) members += concerns(key);
        // One of them is honest: the run is over, and this trainer has a little time to be so, too.
        if (members > plan_->rules.faults && !final_root_ && !finished_at_)
            finished_at_ = net_->now() + time_to_finish(plan_->rules);
        check_finished();
        if (!ending_) wake();
    }
    /// @return whether the time of the run is over
    bool end_in_time(time_point now) {
        if (!finished_at_ || now < *finished_at_) return false;
        if (final_root_) end(run_end::finished);
        else end(run_end::missed, "the run was over while this trainer was away");
        return true;
    }
    void end(run_end how, std::string const& why = "") override {
        if (std::exchange(ending_, true)) return;
        if (!why.empty()) say(why);
        this->tell_bans(true);
        if (early_.begun() > 0)
            say(concat(early_.begun(), " gradients were begun while the step before was judged, ",
                       early_.right(), " of them counted"));
        events_.ended(how, state_.get());
        if (thread_ && thread_->stop())
            say(concat("waiting for the gradient that is being computed, which cannot be broken off; the "
                       "last one took ",
                       gradient_seconds_, " s"));
        this->stop_net();
    }

    std::optional<time_point> finished_at_;
    std::optional<digest> final_root_;

private:
    void check_finished() {
        if (!final_root_) return;
        std::size_t missing = 0;
        for (auto const& one : peer_->membership().context().roster)
            missing += one.key != self() && known().contains(one.key) && !others_finished_.contains(one.key);
        for (auto const& key : coordinators_) // it fetches the last state; others may say that they do
            missing += this->was_contact(key) && !others_finished_.contains(key);
        if (missing == 0) end(run_end::finished);
    }

    std::map<public_key, digest> others_finished_;
};

} // namespace btard
