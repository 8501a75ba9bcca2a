// btard/node/trainer_node.hpp: a trainer: a peer of the protocol with links, parameters, and a thread for gradients.
// SPDX-License-Identifier: Apache-2.0
#pragma once

//   founding (founding.hpp) --all founders are there--> training --last step--> finished
//       |                                                |    ^
//       | the run has begun          absent, left behind |    | let in, and all is here
//       +-----------------------------------------------> entering (entrant.hpp)
//
//   frame -> decode -> peer.handle_message -> poll_action -> conduct -> encode -> tcp.post

#include <btard/attack/any_attack.hpp>
#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/node/early_messages.hpp>
#include <btard/node/entrant.hpp>
#include <btard/node/founding.hpp>
#include <btard/node/gradient_thread.hpp>
#include <btard/node/misconduct.hpp>
#include <btard/node/outbox.hpp>
#include <btard/node/run_node.hpp>
#include <btard/node/run_plan.hpp>
#include <btard/node/status_text.hpp>
#include <btard/protocol/ban/transcript_check.hpp>
#include <btard/protocol/conduct.hpp>
#include <btard/protocol/member_state.hpp>
#include <btard/protocol/peer.hpp>
#include <btard/run/keeper.hpp>
#include <btard/run/model_state.hpp>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

/// What a trainer tells its program.
struct trainer_events {
    std::function<void(wire::charter const&)> began = [](auto const&) {
    }; ///< its run is known, with all founders
    /// A state of that run that its program has kept; where there is none, members are asked.
    std::function<std::optional<model_state>(wire::charter const&)> kept = [](auto const&) {
        return std::nullopt;
    };
    /// A step is over; parameters are those with which the next one begins.
    std::function<void(wire::metrics const&, model_state const&)> stepped = [](auto const&, auto const&) {};
    std::function<void(ban_record const&)> banned = [](auto const&) {}; ///< with what shows it to others
    /// The last thing that it says.
    std::function<void(run_end, model_state const*)> ended = [](run_end, auto const*) {};
};

template <verifiable_aggregator Rule, class Conduct, class Attack = any_attack>
class trainer_node final : public founding<Rule> {
    using base = founding<Rule>;
    using acquaintance = typename base::acquaintance;
    using base::begins_at_, base::book_, base::charter_, base::ending_, base::io_, base::layout_, base::life_,
        base::net_, base::plan_, base::start_, base::state_, base::who_;
    using base::draw_life, base::is_contact, base::known, base::link_with, base::post, base::post_all,
        base::say, base::stop_net;

public:
    using base::net, base::run, base::self;
    using peer_type = peer<identity, host, Rule, colluding<Conduct>>;
    using plan_type = run_plan<Rule>;

    /// @param plan what the settings of a charter mean; throws what `exit_status` knows
    trainer_node(asio::io_context& io, identity const& who, node_setup setup,
                 std::function<plan_type(std::string const&)> plan, misconduct<Conduct, Attack> does,
                 trainer_events events)
        : base(io, who, std::move(setup), std::move(plan)), does_(std::move(does)),
          events_(std::move(events)),
          out_(io, [this](public_key const& to, std::size_t channel, shared_frame const& frame) {
              deliver(to, channel, frame);
          }) {
        does_.with.sign = [](void const* key, public_key const& as, std::span<std::byte const> text) {
            auto const& own = *static_cast<identity const*>(key);
            return as == own.key() ? own.sign(text) : signature{}; // accomplices are other processes
        };
        does_.with.keys = &who_;
        does_.with.everybody = &everybody_;
        does_.join(self());
    }

    /// In good order: at the end of the step that is going on.
    void leave() {
        leaves_ = true;
        if (peer_ && !final_root_) peer_->leave();
        else end(run_end::left);
    }
    [[nodiscard]] peer_type const* member() const { return peer_.get(); }
    /// For the operator: where it stands, and whom it waits for.
    [[nodiscard]] std::string status() const {
        if (!charter_) return "waiting for somebody who knows the run";
        if (entrant_) return entrant_->progress_text();
        if (!peer_)
            return begins_at_ ? "waiting for links with the other founders"
                              : "waiting for the other founders";
        return status_text(*peer_, [this](public_key const& key) { return net_->has_link(key); });
    }

private:
    // ---- before the run

    void on_greeted(public_key const& from, acquaintance const& who) override {
        if (run()) {
            post(from, *charter_);
            post(from, book_.known([this](public_key const& key) { return concerns(key); }));
        } else if (who.role == run_role::trainer && !who.run && who.contact) {
            say(concat(short_name(from),
                       " is a trainer without a run, as this one; give the address of the coordinator"));
        }
        if (who.role == run_role::coordinator) {
            if (coordinators_.size() < 4) coordinators_.insert(from);
            if (coordinators_.contains(from))
                keeper_.handle_message(from, wire::follow{}, net_->now()); // from the first step on
        } else if (peer_ && peer_->running() && concerns(from) &&
                   net_->now() - begun_ > patience_for_a_link()) {
            scout(); // it was away, or we were
        }
        if (wants_in_ && who.role == run_role::trainer) (void)enter();
        for (auto* const one : {entrant_.get(), scout_.get()})
            if (one) one->handle_linked(from, net_->now());
        this->try_to_begin();
        drain();
    }
    void on_link_lost(public_key const& key, time_point now) override {
        coordinators_.erase(key);
        if (start_) start_->ask_again();
        keeper_.handle_lost(key);
        for (auto* const one : {entrant_.get(), scout_.get()})
            if (one) one->handle_lost(key, now);
        drain();
    }

    void on_run_message(public_key const& from, wire::run_message& message, time_point now) override {
        if (auto const* const said = std::get_if<wire::charter>(&message)) {
            if (is_contact(from)) this->hear_charter(from, *said);
        } else if (auto const* const no = std::get_if<wire::refusal>(&message)) {
            this->hear_refusal(from, no->why);
        } else if (start_ && is_contact(from)) {
            this->hear_start(from, message);
        } else if (std::get_if<wire::addresses>(&message)) {
            link_with_all();
        } else if (auto const* const last = std::get_if<wire::finished>(&message)) {
            hear_finished(from, *last);
        } else if (charter_ && plan_) {
            if (peer_ && may_follow(from)) keeper_.handle_message(from, message, now);
            for (auto* const one : {entrant_.get(), scout_.get()})
                if (one) one->handle_message(from, message, now);
            drain();
        }
    }
    /// Members, founders, and those that may come in.
    [[nodiscard]] bool concerns(public_key const& key) const override {
        if (!charter_) return false;
        auto const* const learned = entrant_ ? entrant_->known() : nullptr;
        return is_among(charter_->founders, key) || (learned && is_among(learned->roster, key)) ||
               (peer_ && is_among(peer_->membership().context().roster, key));
    }
    /// Those that were members have their places; others only some, for which keys cost nothing.
    [[nodiscard]] bool may_follow(public_key const& key) const {
        return concerns(key) || coordinators_.contains(key) ||
               (peer_->membership().may_be_told(key) && keeper_.followers() < charter_->founders.size() + 32);
    }
    /// Of the roster, or of the founders.
    void link_with_all() {
        if (!charter_) return;
        auto const* const learned = entrant_ ? entrant_->known() : nullptr;
        auto const& roster = learned ? learned->roster
                             : peer_ ? peer_->membership().context().roster
                                     : charter_->founders;
        for (auto const& one : roster) link_with(one.key);
    }
    void on_prepared() override {
        speaks_at_ = net_->now() + status_every;
        does_.prepare(plan_->task, layout_);
        thread_ = std::make_unique<gradient_thread>(
            plan_->task, [this, alive = std::weak_ptr(alive_)](gradient_result one) {
                auto const shared = std::make_shared<gradient_result>(std::move(one));
                asio::post(io_, [this, alive, shared] {
                    if (alive.lock()) hear_gradient(std::move(*shared));
                });
            });
    }
    void on_founded(bool comes_later) override {
        events_.began(*charter_);
        link_with_all();
        if (comes_later) {
            if (auto kept = events_.kept(*charter_)) state_ = std::make_unique<model_state>(*std::move(kept));
            (void)enter();
        }
        this->try_to_begin();
        drain();
    }
    void begin() override {
        had_life_ = true;
        peer_setup setup{self(), *run(), secret(), charter_->founders, plan_->rules};
        peer_ = std::make_unique<peer_type>(who_, std::move(setup), bench(),
                                            colluding<Conduct>{does_.conduct, does_.coalition_or_null()});
        everybody_[self()] = peer_.get();
        begin_step();
        replay_early();
        drain();
    }
    [[nodiscard]] court<host, Rule> bench() const {
        return {host{.threads = 1}, plan_->rule, plan_->task.size(), layout_, plan_->rules.tolerance};
    }
    /// Nobody else can know it: a signature of its own over something that is never sent.
    [[nodiscard]] digest secret() const {
        auto const signed_life =
            who_.sign(tagged_hash("secret of a life", *run(), std::span<std::byte const>(life_)).bytes);
        return tagged_hash("secret", signed_life);
    }

    // ---- steps

    void begin_step() {
        if (state_->step >= plan_->steps) return finish();
        begun_ = net_->now();
        speaks_at_ = begun_ + status_every;
        thread_->forget_before(state_->step > 0 ? state_->step - 1 : 0);
        parameters_now_ = std::make_shared<std::vector<float> const>(state_->parameters);
        bool const checked = state_->step % plan_->rules.state_every == 0;
        bool const told = keeper_.followers() > 0 && state_->step > 0;
        keeper_.begin_step(peer_->membership().context(), std::exchange(applied_, {}),
                           told ? std::optional(peer_->state_for_newcomer()) : std::nullopt,
                           told ? peer_->floats_for_newcomer() : member_floats{}, *state_, begun_);
        scout_.reset();
        stalls_at_ = begun_ + patience_for_a_step();
        peer_->begin_step(net_->now(), checked ? std::optional(root_of(*state_)) : std::nullopt);
        if (leaves_) peer_->leave();
        drain();
    }
    /// Longer than a step lasts in which nearly all goes wrong that may.
    [[nodiscard]] std::chrono::nanoseconds patience_for_a_step() const {
        auto const& t = plan_->rules.timing;
        return 3 * t.gradient + 8 * t.bulk + 10 * (t.body + 3 * t.interval);
    }

    /// A step that lasts longer than that when a link comes back may have gone on without us.
    [[nodiscard]] std::chrono::nanoseconds patience_for_a_link() const {
        auto const& t = plan_->rules.timing;
        return t.gradient + t.body + 3 * t.interval;
    }

    // ---- from outside into the run

    /// A new life: the one before is over, if there was one.
    ///
    /// @return whether there is somebody to ask; else the next member that links is asked
    bool enter() {
        peer_.reset();
        entrant_.reset();
        scout_.reset();
        everybody_.clear();
        stalls_at_.reset();
        early_ = {};
        if (std::exchange(diverged_, false)) state_.reset();
        if (leaves_) {
            end(run_end::left);
            return false;
        }
        std::optional<public_key> contact;
        for (auto const& [key, one] : known())
            if (!contact && one.greeted && one.role == run_role::trainer && (concerns(key) || one.contact))
                contact = key;
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
    void tell_links(entrant& one) {
        for (auto const& [key, link] : known())
            if (link.greeted && link.role == run_role::trainer) one.handle_linked(key, net_->now());
    }
    /// Looks whether the others have gone on without us.
    void scout() {
        if (scout_ || !peer_) return;
        for (auto const& [key, one] : known()) {
            if (!one.greeted || one.role != run_role::trainer) continue;
            say("looking whether the others have gone on without us");
            scout_ = made_entrant(key, true);
            return tell_links(*scout_);
        }
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
        auto const* const at = entrant_ ? entrant_->state() : nullptr;
        if (!on_trial_ || !at || at->step != on_trial_->step) return;
        gradient_job job{.step = on_trial_->step,
                         .whose = self(),
                         .from = on_trial_->from,
                         .microbatches = plan_->rules.quota,
                         .at = std::make_shared<std::vector<float> const>(at->parameters),
                         .urgent = true};
        on_trial_.reset();
        thread_->ask(std::move(job));
    }
    void come_in() {
        auto const* const all = entrant_->complete();
        if (!all) return;
        auto const now = net_->now();
        if (auto const bad =
                check_state(all->state, all->floats, who_, bench(), plan_->rules, *run(), self())) {
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
        peer_setup setup{self(), *run(), secret(), {}, plan_->rules};
        peer_ = std::make_unique<peer_type>(who_, std::move(setup), bench(),
                                            colluding<Conduct>{does_.conduct, does_.coalition_or_null()},
                                            all->state, all->floats, now);
        everybody_[self()] = peer_.get();
        parameters_now_ = nullptr, parameters_before_ = nullptr;
        say(concat("a member of the run from step ", state_->step, " on"));
        entrant_.reset();
        link_with_all();
        begin_step();
        replay_early();
    }

    // ---- gradients

    void compute(act::compute const& what) {
        bool const before = what.step + 1 == state_->step;
        if (!before && what.step != state_->step) return; // it is over
        bool const own = what.whose == self() && !before;
        gradient_job job{.step = what.step,
                         .whose = what.whose,
                         .from = what.from,
                         .microbatches = what.microbatches > 0 ? what.microbatches : plan_->rules.quota,
                         .at = before ? parameters_before_ : parameters_now_,
                         .urgent = own};
        if (own && does_.acts()) job.labels = does_.labels(static_cast<std::size_t>(what.step));
        if (job.at) thread_->ask(std::move(job));
    }
    void hear_gradient(gradient_result done) {
        if (ending_) return;
        if (!done.failed.empty()) {
            return end(run_end::failed,
                       concat("cannot compute gradients any more: ", done.failed, "; leaving the run"));
        }
        shorten(done.gradient, plan_->clip_gradient);
        if (entrant_ && done.job.urgent) {
            entrant_->handle_gradient(done.job.step, std::move(done.gradient), done.job.microbatches);
            return drain();
        }
        if (!peer_ || peer_->gone()) return;
        if (done.job.urgent) {
            loss_ = done.loss, gradient_seconds_ = done.seconds;
            if (does_.acts()) does_.corrupt(peer_->state(), done, *plan_, done.gradient);
        }
        peer_->handle_gradient(done.job.step, done.job.whose, std::move(done.gradient), done.job.microbatches,
                               net_->now());
        drain();
    }
    void on_protocol_message(public_key const& from, wire::message const& message, time_point now) override {
        for (auto* const one : {entrant_.get(), scout_.get()})
            if (one) one->handle_message(from, message, now);
        if (!peer_) {
            if (concerns(from)) early_.keep(from, message);
            return drain();
        }
        peer_->handle_message(from, message, now);
        drain();
    }
    void replay_early() {
        for (auto const& [from, message] : early_.take()) peer_->handle_message(from, message, net_->now());
    }
    void on_timer(time_point now) override {
        if (ending_) return;
        if (finished_at_ && *finished_at_ <= now && final_root_) return end(run_end::finished);
        if (finished_at_ && *finished_at_ <= now)
            return end(run_end::missed, "the run was over while this trainer was away");
        if (plan_ && now >= speaks_at_) {
            if (!final_root_) say(status());
            speaks_at_ = now + status_every;
        }
        if (peer_) peer_->handle_timeout(now);
        for (auto* const one : {entrant_.get(), scout_.get()})
            if (one) one->handle_timeout(now);
        if (stalls_at_ && *stalls_at_ <= now) {
            stalls_at_ = now + patience_for_a_step();
            scout();
        }
        this->try_to_begin();
        drain();
    }
    void wake() {
        time_point first = plan_ ? speaks_at_ : time_point::max();
        for (auto const& one :
             {begins_at_, finished_at_, stalls_at_, peer_ ? peer_->poll_deadline() : std::nullopt,
              entrant_ ? entrant_->poll_deadline() : std::nullopt,
              scout_ ? scout_->poll_deadline() : std::nullopt})
            if (one) first = std::min(first, *one);
        net_->wake_at(first);
    }
    /// All that is to be done now.
    void drain() {
        if (std::exchange(draining_, true)) return; // whoever began will see to it
        while (!ending_) {
            auto action = peer_ ? peer_->poll_action() : std::nullopt;
            if (action) std::visit([&](auto& one) { carry_out(one); }, *action);
            if (std::exchange(gone_, false)) (void)enter();
            if (action) continue;
            if (!drain_others()) break;
        }
        draining_ = false;
        if (!ending_) wake();
    }
    /// @return whether the peer may have something to do now
    bool drain_others() {
        if (entrant_) {
            drain(*entrant_);
            compute_on_trial();
            link_with_all();
            if (entrant_->has_missed_it()) {
                say("the run went on before this trainer had come in; once more");
                return enter();
            }
            come_in();
            return peer_ != nullptr;
        }
        while (auto message = keeper_.poll_message()) post(message->first, message->second);
        while (auto const who = keeper_.poll_introduction())
            if (auto const about = peer_ ? peer_->introduction() : std::nullopt) out_.send(*who, *about);
        if (scout_) {
            drain(*scout_);
            if (scout_->known() && peer_ && scout_->known()->step > state_->step + 1) {
                say(concat("the others are in step ", scout_->known()->step, ", we are in step ",
                           state_->step, "; coming back"));
                return enter();
            }
        }
        return false;
    }
    void carry_out(act::send& one) { send(one.to, one.message); }
    void carry_out(act::broadcast& one) {
        if (!does_.acts()) return out_.send(one.to, one.message);
        for (auto const& to : one.to) send(to, one.message);
    }
    void send(public_key const& to, wire::message const& message) {
        if (!does_.acts()) return out_.send(to, message);
        wire::message changed = message;
        does_.with.now = net_->now();
        fate const goes = peer_->conduct().pass(*peer_, to, changed);
        if (goes.sent) out_.send(to, changed, goes.delay);
        for (auto const& [more, delay] : goes.more) out_.send(to, more, delay);
    }
    void deliver(public_key const& to, std::size_t channel, shared_frame const& frame) {
        if (!ending_ && net_->post(to, channel, frame) == posted::unknown) {
            link_with(to);
            (void)net_->post(to, channel, frame);
        }
    }
    void carry_out(act::compute& one) { compute(one); }
    void carry_out(act::apply& one) {
        parameters_before_ = parameters_now_;
        applied_ = one.aggregate;
        move(*state_, plan_->optimizer, plan_->schedule, layout_, one.aggregate);
        tell_step(one.step);
        link_with_all();
        begin_step();
    }
    void carry_out(act::removed& one) {
        removed_.push_back({one.who, one.why});
        std::string const name = name_of(one.why);
        say(concat("step ", one.step, ": ", one.who == self() ? "this trainer" : short_name(one.who),
                   is_ban(one.why) ? " is banned: " : " is no member any more: ", name));
        if (is_ban(one.why))
            if (auto record = peer_->record_of(one.who, one.why)) fresh_bans_.push_back(*std::move(record));
        if (one.who != self()) return is_ban(one.why) ? net_->forget(one.who) : void();
        if (is_ban(one.why)) return end(run_end::banned);
        if (one.why == offence::leave) return end(run_end::left);
        if (peer_->membership().standing().is_struck(self()))
            return end(run_end::removed, "struck for the second time");
        gone_ = true;
    }
    void carry_out(act::paused& one) {
        say(concat("paused: ", one.heard, " members are heard, ", one.quorum, " are needed"));
        scout();
    }
    void carry_out(act::diverged& one) {
        say(concat("our state differs from that of a quorum in step ", one.step, "; taking theirs"));
        diverged_ = gone_ = true;
    }
    /// The step after a ban confirms its evidence; what has no such step is told all the same.
    void tell_bans(bool all) {
        std::erase_if(fresh_bans_, [&](ban_record& one) {
            if (peer_) one.next = peer_->confirmation_of(one.step);
            if (!all && !is_confirmed(one) && state_->step < one.step + 4) return false;
            events_.banned(one);
            return true;
        });
    }
    void tell_step(std::uint64_t step) {
        tell_bans(false);
        auto const counts = net_->counts();
        wire::metrics told{step,
                           loss_,
                           gradient_seconds_,
                           std::chrono::duration<double>(net_->now() - begun_).count(),
                           counts.sent_bytes,
                           counts.received_bytes,
                           std::exchange(removed_, {})};
        events_.stepped(told, *state_);
        for (auto const& key : coordinators_) post(key, told);
    }

    // ---- the end

    void finish() {
        say(concat("the last step is done: ", state_->step));
        final_root_ = root_of(*state_);
        keeper_.begin_step(peer_->membership().context(), std::exchange(applied_, {}), std::nullopt,
                           member_floats{}, *state_, net_->now()); // for those that follow
        post_all(wire::finished{state_->step, *final_root_});
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
    void check_finished() {
        if (!final_root_) return;
        std::size_t missing = 0;
        for (auto const& one : peer_->membership().context().roster)
            missing += one.key != self() && known().contains(one.key) && !others_finished_.contains(one.key);
        for (auto const& key : coordinators_)
            missing += !others_finished_.contains(key); // it fetches the last state
        if (missing == 0) end(run_end::finished);
    }
    void end(run_end how, std::string const& why = "") override {
        if (std::exchange(ending_, true)) return;
        if (!why.empty()) say(why);
        tell_bans(true);
        events_.ended(how, state_.get());
        stop_net();
    }

    template <class E>
    [[nodiscard]] static std::string name_of(E value) {
        return std::string(enum_names(value)[static_cast<std::size_t>(value)]);
    }

    misconduct<Conduct, Attack> does_;
    trainer_events events_;
    outbox out_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true); ///< what other threads and timers look at
    std::unique_ptr<peer_type> peer_;
    std::map<public_key, peer_type const*> everybody_; ///< that an attacker looks into: itself alone
    std::unique_ptr<entrant> entrant_;                 ///< null: it is a member, or about to be
    std::unique_ptr<entrant> scout_; ///< looks at the run from outside, while the peer waits
    keeper keeper_{{.followers = wire_limits{}.peers}}; ///< whose number `may_follow` bounds
    shared_floats applied_;                             // (size) in the step before
    std::optional<act::compute> on_trial_;
    std::shared_ptr<std::vector<float> const> parameters_now_, parameters_before_;
    std::set<public_key> coordinators_;
    early_messages early_;
    std::vector<wire::told_removal> removed_;
    std::vector<ban_record> fresh_bans_; ///< that the next step will confirm
    std::optional<time_point> finished_at_, stalls_at_;
    static constexpr std::chrono::seconds status_every{10}; ///< while no step ends
    time_point begun_{}, speaks_at_{};
    double loss_ = 0, gradient_seconds_ = 0;
    bool leaves_ = false, gone_ = false, wants_in_ = false, had_life_ = false, diverged_ = false,
         draining_ = false;
    std::optional<digest> final_root_;
    std::map<public_key, digest> others_finished_;
    std::unique_ptr<gradient_thread> thread_; // last: it ends first
};

} // namespace btard
