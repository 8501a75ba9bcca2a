// btard/node/trainer_node.hpp: a trainer: a peer of the protocol with links, parameters, and a thread for gradients.
// SPDX-License-Identifier: Apache-2.0
#pragma once

//   contacting --charter--> preparing --ready--> waiting --founders complete--> training --last step--> finished
//                               |                                                |    ^
//                               | the run has begun          absent, left behind |    | let in, and all is here
//                               +-----------------------------------------------> entering
//
//   frame -> decode -> peer.handle_message -> poll_action -> conduct -> encode -> tcp.post

#include <btard/attack/any_attack.hpp>
#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/node/entrant.hpp>
#include <btard/node/gradient_thread.hpp>
#include <btard/node/misconduct.hpp>
#include <btard/node/run_node.hpp>
#include <btard/node/run_plan.hpp>
#include <btard/node/start_download.hpp>
#include <btard/protocol/conduct.hpp>
#include <btard/protocol/member_state.hpp>
#include <btard/protocol/peer.hpp>
#include <btard/run/keeper.hpp>
#include <btard/run/model_state.hpp>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

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
    std::function<void(wire::charter const&)> began = [](auto const&) {}; ///< its run is known, with all founders
    /// A step is over; parameters are those with which the next one begins.
    std::function<void(wire::metrics const&, model_state const&)> stepped = [](auto const&, auto const&) {};
    std::function<void(ban_record const&)> banned = [](auto const&) {}; ///< with what shows it to others
    /// The last thing that it says.
    std::function<void(run_end, model_state const*)> ended = [](run_end, auto const*) {};
};

template <verifiable_aggregator Rule, class Conduct>
class trainer_node final : public run_node {
public:
    using peer_type = peer<identity, host, Rule, colluding<Conduct>>;
    using plan_type = run_plan<Rule>;

    /// @param plan what the settings of a charter mean; throws what `exit_status` knows
    trainer_node(asio::io_context& io, identity const& who, node_setup setup,
                 std::function<plan_type(std::string const&)> plan, misconduct<Conduct> does, trainer_events events)
        : run_node(io, who, run_role::trainer, std::move(setup)), read_plan_(std::move(plan)),
          does_(std::move(does)), events_(std::move(events)) {
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
    [[nodiscard]] model_state const* state() const { return state_.get(); }
    /// For the operator: where it stands, and whom it waits for.
    [[nodiscard]] std::string status() const {
        if (!charter_) return "waiting for somebody who knows the run";
        if (entrant_) return entrant_->progress_text();
        if (!peer_) return begins_at_ ? "waiting for links with the other founders" : "waiting for the other founders";
        auto const& logs = peer_->logs();
        auto const& roster = peer_->membership().members()->members();
        std::string all = concat("step ", peer_->state().step(), ", ", name_of(peer_->where()));
        std::size_t silent = 0;
        std::string names;
        for (std::size_t k = 0; k < roster.size() && logs.begun() && !logs.closed(); ++k) {
            if (roster[k].key == self() || logs.current().has_spoken(peer_id(k))) continue;
            if (++silent <= 4) names += concat(" ", short_name(roster[k].key), net_->has_link(roster[k].key) ? "" : " (no link)");
        }
        if (silent > 0) all += concat(": waits for ", silent, " of ", roster.size(), " members:", names, silent > 4 ? " ..." : "");
        else if (logs.begun()) all += ": waits for parts, gradients or signatures";
        return all + concat("; bears with ", peer_->membership().faults(), " liars among ", roster.size());
    }

private:
    // ---- before the run

    void on_greeted(public_key const& from, acquaintance const& who) override {
        if (charter_ && !charter_->founders.empty()) {
            post(from, *charter_);
            post(from, book_.known());
        }
        if (who.role == run_role::coordinator) {
            coordinators_.insert(from);
            keeper_.handle_message(from, wire::follow{}, net_->now()); // from the first step on
        } else if (peer_ && peer_->running() && net_->now() - begun_ > patience_for_a_link()) {
            scout(); // it was away, or we were
        }
        if (wants_in_ && who.role == run_role::trainer) enter();
        for (auto* const one : {entrant_.get(), scout_.get()})
            if (one) one->handle_linked(from, net_->now());
        try_to_begin();
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
        if (auto const* const said = std::get_if<wire::charter>(&message)) hear_charter(from, *said);
        else if (auto const* const no = std::get_if<wire::refusal>(&message)) hear_refusal(from, no->why);
        else if (start_) hear_start(from, message);
        else if (std::get_if<wire::addresses>(&message)) link_with_all();
        else if (auto const* const last = std::get_if<wire::finished>(&message)) hear_finished(from, *last);
        else if (charter_ && plan_) {
            if (peer_) keeper_.handle_message(from, message, now);
            for (auto* const one : {entrant_.get(), scout_.get()})
                if (one) one->handle_message(from, message, now);
            drain();
        }
    }
    void hear_charter(public_key const& from, wire::charter const& said) {
        if (charter_ && !charter_->founders.empty()) return; // it has one
        if (plan_ && charter_ && said.settings != charter_->settings) {
            say(concat(short_name(from), " has another configuration than the one before; it is not taken"));
            return;
        }
        charter_ = said;
        if (!plan_ && !prepare()) return;
        auto const& founders = charter_->founders;
        bool const comes_later =
            !founders.empty() && std::ranges::find(founders, log_member{self(), life_}) == founders.end();
        if (comes_later && start_) start_.reset(), state_.reset(); // members have a later one
        if (start_) return fetch_start(from);
        if (founders.empty()) return tell_ready(from);
        say(concat("run ", short_name(*run()), " of ", founders.size(), " founders"));
        events_.began(*charter_);
        link_with_all();
        if (comes_later) {
            bool const was_one = std::ranges::find(founders, self(), &log_member::key) != founders.end();
            if (!was_one && plan_->rules.probation.admits == admission::nobody)
                return end(run_end::not_possible,
                           "the run has begun, and lets nobody in: its setting probation.admits is nobody");
            return enter();
        }
        begins_at_ = net_->now() + patience_;
        wake();
        try_to_begin();
    }
    void tell_ready(public_key const& to) {
        post(to, wire::ready{charter_->numerics});
        say(concat("ready: ", plan_->task.size(), " parameters; waiting for the founders of the run"));
    }
    void fetch_start(public_key const& from) {
        if (auto const next = start_->poll_question()) post(from, *next);
    }
    void hear_start(public_key const& from, wire::run_message const& message) {
        if (!start_->handle_message(message))
            return end(run_end::not_possible, concat(short_name(from), " sends another state than that of its charter"));
        if (auto state = start_->state()) {
            state_ = std::make_unique<model_state>(*std::move(state));
            start_.reset();
            if (charter_->founders.empty()) return tell_ready(from);
            auto const complete = std::exchange(charter_, {});
            return hear_charter(from, *complete);
        }
        fetch_start(from);
    }
    bool prepare() {
        say(concat("configuration:\n", charter_->settings.text()));
        plan_ = std::make_unique<plan_type>(read_plan_(charter_->settings.text()));
        speaks_at_ = net_->now() + status_every;
        state_ = std::make_unique<model_state>(plan_->first());
        layout_ = layout_of(plan_->task);
        if (root_of(*state_) != charter_->start) {
            say("the run begins with a state of its own, which is fetched");
            start_.emplace(charter_->start, plan_->optimizer, plan_->task.size());
        }
        auto const mine = numerics_of(*plan_, plan_->rules.tolerance == 0);
        if (mine != charter_->numerics) {
            end(run_end::not_possible, "this machine computes other bits than the one that began the run: other data, "
                                       "another build of LibTorch, or another processor; gradients of this machine would "
                                       "look like lies");
            return false;
        }
        does_.prepare(plan_->task, layout_);
        thread_ = std::make_unique<gradient_thread>(plan_->task, [this, alive = std::weak_ptr(alive_)](gradient_result one) {
            auto const shared = std::make_shared<gradient_result>(std::move(one));
            asio::post(io_, [this, alive, shared] {
                if (alive.lock()) hear_gradient(std::move(*shared));
            });
        });
        return true;
    }
    void hear_refusal(public_key const& from, refusal_reason why) {
        constexpr std::string_view texts[] = {
            "our join token is missing, or another one: give the one of the run as --token",
            "our key is not on its list",
            "it is of another run",
            "this machine computes other bits than the others",
            "it knows of no run itself: give the address of the coordinator, or of a member",
        };
        say(concat(short_name(from), " refuses us: ", texts[static_cast<std::size_t>(why)]));
        if (!peer_ && why != refusal_reason::no_run_yet) end(run_end::not_possible, "refused");
    }
    /// Of the roster, or of the founders.
    void link_with_all() {
        if (!charter_) return;
        auto const* const known = entrant_ ? entrant_->known() : nullptr;
        auto const& roster = known   ? known->roster
                             : peer_ ? peer_->membership().context().roster
                                     : charter_->founders;
        for (auto const& one : roster) link_with(one.key);
    }
    void try_to_begin() {
        if (peer_ || !begins_at_ || ending_) return;
        std::size_t there = 1;
        for (auto const& one : charter_->founders) there += known().contains(one.key) && known().at(one.key).greeted;
        if (there < charter_->founders.size() && net_->now() < *begins_at_) return;
        say(concat("all begins, with ", there, " of ", charter_->founders.size(), " founders"));
        begins_at_.reset();
        had_life_ = true;
        peer_setup setup{self(), *run(), secret(), charter_->founders, plan_->rules};
        peer_ = std::make_unique<peer_type>(who_, std::move(setup), bench(), colluding<Conduct>{does_.conduct, does_.coalition_or_null()});
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
        auto const signed_life = who_.sign(tagged_hash("secret of a life", *run(), std::span<std::byte const>(life_)).bytes);
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
    void enter() {
        public_key contact{};
        bool found = false;
        for (auto const& [key, one] : known())
            if (!found && one.greeted && one.role == run_role::trainer) contact = key, found = true;
        wants_in_ = !found;
        if (!found) return say("waiting for a member to ask");
        if (had_life_) draw_life();
        had_life_ = true;
        peer_.reset();
        everybody_.clear();
        scout_.reset();
        stalls_at_.reset();
        entrant_ = made_entrant(contact, false);
        tell_links(*entrant_);
    }
    [[nodiscard]] std::unique_ptr<entrant> made_entrant(public_key const& contact, bool observes) {
        follower_setup follow{.run = *run(),
                              .rules = plan_->rules,
                              .size = plan_->task.size(),
                              .optimizer = plan_->optimizer,
                              .schedule = plan_->schedule,
                              .layout = layout_,
                              .state = state_ ? std::optional(*state_) : std::nullopt};
        return std::make_unique<entrant>(who_, entrant_setup{.who = {self(), life_},
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
            if (auto const* const sent = std::get_if<act::send>(&*action)) send_later(sent->to, sent->message, {});
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
        if (auto const bad = check_state(all->state, all->floats, who_, bench(), plan_->rules, *run(), self())) {
            say(concat("what a member says of the run cannot be: ", *bad));
            return entrant_->refuse(now);
        }
        state_ = std::make_unique<model_state>(*entrant_->state());
        peer_setup setup{self(), *run(), secret(), {}, plan_->rules};
        peer_ = std::make_unique<peer_type>(who_, std::move(setup), bench(),
                                            colluding<Conduct>{does_.conduct, does_.coalition_or_null()}, all->state,
                                            all->floats, now);
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
            say(concat("cannot compute gradients any more: ", done.failed, "; leaving the run"));
            failed_ = true;
            return leave();
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
        peer_->handle_gradient(done.job.step, done.job.whose, std::move(done.gradient), done.job.microbatches, net_->now());
        drain();
    }
    void on_protocol_message(public_key const& from, wire::message const& message, time_point now) override {
        for (auto* const one : {entrant_.get(), scout_.get()})
            if (one) one->handle_message(from, message, now);
        if (!peer_) {
            keep_early(from, message);
            return drain();
        }
        peer_->handle_message(from, message, now);
        drain();
    }
    /// Of others that have begun a little sooner.  What is lost here they say again when they are asked, which is late.
    void keep_early(public_key const& from, wire::message const& message) {
        constexpr std::size_t most = 64; // of one founder, in one step
        if (channel_of(message) == 0 && early_of_[from]++ < most && early_.size() < most * most)
            early_.emplace_back(from, message);
    }
    void replay_early() {
        for (auto const& [from, message] : std::exchange(early_, {})) peer_->handle_message(from, message, net_->now());
        early_of_.clear();
    }
    void on_timer(time_point now) override {
        if (ending_) return;
        if (finished_at_ && *finished_at_ <= now) return end(run_end::finished);
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
        try_to_begin();
        drain();
    }
    void wake() {
        time_point first = plan_ ? speaks_at_ : time_point::max();
        for (auto const& one : {begins_at_, finished_at_, stalls_at_, peer_ ? peer_->poll_deadline() : std::nullopt,
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
            if (std::exchange(gone_, false)) enter();
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
                enter();
                return true;
            }
            come_in();
            return peer_ != nullptr;
        }
        while (auto message = keeper_.poll_message()) post(message->first, message->second);
        while (auto const who = keeper_.poll_introduction())
            if (auto const about = peer_ ? peer_->introduction() : std::nullopt) send_later(*who, *about, {});
        if (scout_) {
            drain(*scout_);
            if (scout_->known() && peer_ && scout_->known()->step > state_->step + 1) {
                say(concat("the others are in step ", scout_->known()->step, ", we are in step ", state_->step,
                           "; coming back"));
                enter();
                return true;
            }
        }
        return false;
    }
    void carry_out(act::send& one) { send(one.to, one.message); }
    void carry_out(act::broadcast& one) {
        if (does_.acts()) {
            for (auto const& to : one.to) send(to, one.message);
            return;
        }
        auto const frame = std::make_shared<std::vector<std::byte> const>(encode_frame(one.message));
        for (auto const& to : one.to) deliver(to, channel_of(one.message), frame);
    }
    void send(public_key const& to, wire::message const& message) {
        fate goes;
        wire::message changed = message;
        if (does_.acts()) {
            does_.with.now = net_->now();
            goes = peer_->conduct().pass(*peer_, to, changed);
        }
        if (goes.sent) send_later(to, changed, goes.delay);
        for (auto& [more, delay] : goes.more) send_later(to, more, delay);
    }
    void send_later(public_key const& to, wire::message const& message, std::chrono::nanoseconds delay) {
        auto const frame = std::make_shared<std::vector<std::byte> const>(encode_frame(message));
        if (delay.count() == 0) return deliver(to, channel_of(message), frame);
        auto const timer = std::make_shared<asio::steady_timer>(io_, delay);
        timer->async_wait([this, alive = std::weak_ptr(alive_), timer, to, channel = channel_of(message), frame](std::error_code failed) {
            if (!failed && alive.lock() && !ending_) deliver(to, channel, frame);
        });
    }
    void deliver(public_key const& to, std::size_t channel, shared_frame const& frame) {
        if (net_->post(to, channel, frame) == posted::unknown) {
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
        if (one.why == offence::leave) return end(failed_ ? run_end::failed : run_end::left);
        if (peer_->membership().standing().is_struck(self())) return end(run_end::removed, "struck for the second time");
        gone_ = true;
    }
    void carry_out(act::paused& one) {
        say(concat("paused: ", one.heard, " members are heard, ", one.quorum, " are needed"));
        scout();
    }
    void carry_out(act::diverged& one) {
        say(concat("our state differs from that of a quorum in step ", one.step, "; taking theirs"));
        state_.reset();
        gone_ = true;
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
        wire::metrics told{step, loss_, gradient_seconds_,
                           std::chrono::duration<double>(net_->now() - begun_).count(), counts.sent_bytes,
                           counts.received_bytes, std::exchange(removed_, {})};
        events_.stepped(told, *state_);
        for (auto const& key : coordinators_) post(key, told);
    }

    // ---- the end

    void finish() {
        say(concat("the last step is done: ", state_->step));
        final_root_ = root_of(*state_);
        keeper_.begin_step(peer_->membership().context(), std::exchange(applied_, {}), std::nullopt, member_floats{},
                           *state_, net_->now()); // for those that follow
        post_all(wire::finished{state_->step, *final_root_});
        auto const& t = plan_->rules.timing;
        finished_at_ = net_->now() + t.body + 2 * t.interval; // others may still ask
        stalls_at_.reset();
        check_finished();
        wake();
    }
    void hear_finished(public_key const& from, wire::finished const& said) {
        others_finished_[from] = said.root;
        check_finished();
    }
    void check_finished() {
        if (!final_root_) return;
        std::size_t missing = 0;
        for (auto const& one : peer_->membership().context().roster)
            missing += one.key != self() && known().contains(one.key) && !others_finished_.contains(one.key);
        for (auto const& key : coordinators_) missing += !others_finished_.contains(key); // it fetches the last state
        if (missing == 0) end(run_end::finished);
    }
    void end(run_end how, std::string const& why = "") {
        if (std::exchange(ending_, true)) return;
        if (!why.empty()) say(why);
        tell_bans(true);
        events_.ended(how, state_.get());
        net_->stop(std::chrono::seconds(2));
    }

    template <class E>
    [[nodiscard]] static std::string name_of(E value) {
        return std::string(enum_names(value)[static_cast<std::size_t>(value)]);
    }

    std::function<plan_type(std::string const&)> read_plan_;
    misconduct<Conduct> does_;
    trainer_events events_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true); ///< what other threads and timers look at
    std::unique_ptr<plan_type> plan_;
    std::vector<tensor_layout> layout_;
    std::unique_ptr<model_state> state_;
    std::unique_ptr<peer_type> peer_;
    std::map<public_key, peer_type const*> everybody_; ///< that an attacker looks into: itself alone
    std::optional<start_download> start_; ///< while it comes
    std::unique_ptr<entrant> entrant_; ///< null: it is a member, or about to be
    std::unique_ptr<entrant> scout_;   ///< looks at the run from outside, while the peer waits
    keeper keeper_;
    shared_floats applied_; // (size) in the step before
    std::optional<act::compute> on_trial_;
    std::shared_ptr<std::vector<float> const> parameters_now_, parameters_before_;
    std::set<public_key> coordinators_;
    std::vector<std::pair<public_key, wire::message>> early_;
    std::map<public_key, std::size_t> early_of_;
    std::vector<wire::told_removal> removed_;
    std::vector<ban_record> fresh_bans_; ///< that the next step will confirm
    std::optional<time_point> begins_at_, finished_at_, stalls_at_;
    std::chrono::seconds patience_{20}; ///< until all founders are linked
    static constexpr std::chrono::seconds status_every{10}; ///< while no step ends
    time_point begun_{}, speaks_at_{};
    double loss_ = 0, gradient_seconds_ = 0;
    bool leaves_ = false, failed_ = false, gone_ = false, wants_in_ = false, had_life_ = false, draining_ = false;
    std::optional<digest> final_root_;
    std::map<public_key, digest> others_finished_;
    std::unique_ptr<gradient_thread> thread_; // last: it ends first
};

} // namespace btard
