// btard/node/trainer_node.hpp: a trainer: a peer of the protocol with links, parameters, and a thread for gradients.
// SPDX-License-Identifier: Apache-2.0
#pragma once

//   contacting --charter--> preparing --ready--> waiting --founders complete--> training --last step--> finished
//                               |                                                  |  ^
//                               | the run has begun                     left behind|  |held, state, v0
//                               +------------------------------------------> following
//
//   frame -> decode -> peer.handle_message -> poll_action -> conduct -> encode -> tcp.post

#include <btard/attack/any_attack.hpp>
#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/node/gradient_thread.hpp>
#include <btard/node/misconduct.hpp>
#include <btard/node/run_node.hpp>
#include <btard/node/run_plan.hpp>
#include <btard/protocol/conduct.hpp>
#include <btard/protocol/peer.hpp>
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
        if (peer_ && peer_->running()) peer_->leave();
        else end(run_end::left);
    }
    [[nodiscard]] peer_type const* member() const { return peer_.get(); }
    [[nodiscard]] model_state const& state() const { return *state_; }
    /// For the operator: where it stands, and whom it waits for.
    [[nodiscard]] std::string status() const {
        if (!charter_) return "waiting for somebody who knows the run";
        if (!peer_) return "waiting for the other founders";
        return concat("step ", peer_->state().step(), ", ", name_of(peer_->where()));
    }

private:
    // ---- before the run

    void on_greeted(public_key const& from, acquaintance const& who) override {
        if (charter_ && !charter_->founders.empty()) {
            post(from, *charter_);
            post(from, book_.known());
        }
        if (who.role == run_role::coordinator) coordinators_.insert(from);
        if (peer_) drain();
        try_to_begin();
    }
    void on_link_lost(public_key const& key, time_point) override { coordinators_.erase(key); }

    void on_run_message(public_key const& from, wire::run_message& message, time_point now) override {
        if (auto const* const said = std::get_if<wire::charter>(&message)) hear_charter(from, *said);
        else if (auto const* const no = std::get_if<wire::refusal>(&message)) hear_refusal(from, no->why);
        else if (std::get_if<wire::addresses>(&message)) link_with_all();
        else if (auto const* const last = std::get_if<wire::finished>(&message)) hear_finished(from, *last);
        (void)now;
    }
    void hear_charter(public_key const& from, wire::charter const& said) {
        if (charter_ && !charter_->founders.empty()) return; // it has one
        if (plan_ && said.settings != charter_->settings) {
            say(concat(short_name(from), " has another configuration than the one before; it is not taken"));
            return;
        }
        charter_ = said;
        if (!plan_ && !prepare()) return;
        if (charter_->founders.empty()) {
            post(from, wire::ready{charter_->numerics});
            return say(concat("ready: ", plan_->task.size(), " parameters; waiting for the founders of the run"));
        }
        say(concat("run ", short_name(*run()), " of ", charter_->founders.size(), " founders"));
        log_member const me{self(), life_};
        if (std::ranges::find(charter_->founders, me) == charter_->founders.end())
            return end(run_end::not_possible, "the run has begun without this trainer");
        events_.began(*charter_);
        link_with_all();
        begins_at_ = net_->now() + patience_;
        wake();
        try_to_begin();
    }
    bool prepare() {
        say(concat("configuration:\n", charter_->settings.text()));
        plan_ = std::make_unique<plan_type>(read_plan_(charter_->settings.text()));
        state_ = std::make_unique<model_state>(plan_->first());
        layout_ = layout_of(plan_->task);
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
        auto const& roster = peer_ ? peer_->membership().context().roster : charter_->founders;
        for (auto const& one : roster) link_with(one.key);
    }
    void try_to_begin() {
        if (peer_ || !begins_at_ || ending_) return;
        std::size_t there = 1;
        for (auto const& one : charter_->founders) there += known().contains(one.key) && known().at(one.key).greeted;
        if (there < charter_->founders.size() && net_->now() < *begins_at_) return;
        say(concat("all begins, with ", there, " of ", charter_->founders.size(), " founders"));
        begins_at_.reset();
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
        thread_->forget_before(state_->step > 0 ? state_->step - 1 : 0);
        parameters_now_ = std::make_shared<std::vector<float> const>(state_->parameters);
        bool const checked = state_->step % plan_->rules.state_every == 0;
        peer_->begin_step(net_->now(), checked ? std::optional(root_of(*state_)) : std::nullopt);
        if (leaves_) peer_->leave();
        drain();
    }
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
        if (!peer_ || peer_->gone()) return;
        shorten(done.gradient, plan_->clip_gradient);
        if (done.job.urgent) {
            loss_ = done.loss, gradient_seconds_ = done.seconds;
            if (does_.acts()) does_.corrupt(peer_->state(), done, *plan_, done.gradient);
        }
        peer_->handle_gradient(done.job.step, done.job.whose, std::move(done.gradient), done.job.microbatches, net_->now());
        drain();
    }
    void on_protocol_message(public_key const& from, wire::message const& message, time_point now) override {
        if (!peer_) return keep_early(from, message);
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
        if (peer_) peer_->handle_timeout(now);
        try_to_begin();
        if (peer_) drain();
        wake();
    }
    void wake() {
        time_point first = time_point::max();
        for (auto const& one : {begins_at_, finished_at_, peer_ ? peer_->poll_deadline() : std::nullopt})
            if (one) first = std::min(first, *one);
        net_->wake_at(first);
    }
    /// All that the peer wants done.
    void drain() {
        while (peer_ && !ending_) {
            auto action = peer_->poll_action();
            if (!action) break;
            std::visit([&](auto& one) { carry_out(one); }, *action);
        }
        wake();
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
            if (auto const record = peer_->record_of(one.who, one.why)) events_.banned(*record);
        if (one.who != self()) return is_ban(one.why) ? net_->forget(one.who) : void();
        if (is_ban(one.why)) return end(run_end::banned);
        if (one.why == offence::leave) return end(failed_ ? run_end::failed : run_end::left);
        end(run_end::removed, name);
    }
    void carry_out(act::paused& one) {
        say(concat("paused: ", one.heard, " members are heard, ", one.quorum, " are needed"));
    }
    void carry_out(act::diverged& one) {
        end(run_end::failed, concat("our parameters differ from those of the others in step ", one.step));
    }
    void tell_step(std::uint64_t step) {
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
        post_all(wire::finished{state_->step, *final_root_});
        auto const& t = plan_->rules.timing;
        finished_at_ = net_->now() + t.body + 2 * t.interval; // others may still ask
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
        if (missing == 0) end(run_end::finished);
    }
    void end(run_end how, std::string const& why = "") {
        if (std::exchange(ending_, true)) return;
        if (!why.empty()) say(why);
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
    std::shared_ptr<std::vector<float> const> parameters_now_, parameters_before_;
    std::set<public_key> coordinators_;
    std::vector<std::pair<public_key, wire::message>> early_;
    std::map<public_key, std::size_t> early_of_;
    std::vector<wire::told_removal> removed_;
    std::optional<time_point> begins_at_, finished_at_;
    std::chrono::seconds patience_{20}; ///< until all founders are linked
    time_point begun_{};
    double loss_ = 0, gradient_seconds_ = 0;
    bool leaves_ = false, failed_ = false;
    std::optional<digest> final_root_;
    std::map<public_key, digest> others_finished_;
    std::unique_ptr<gradient_thread> thread_; // last: it ends first
};

} // namespace btard
