// btard/node/trainer_node.hpp: a trainer: a peer of the protocol with links, parameters, and a thread for gradients.
// SPDX-License-Identifier: Apache-2.0
#pragma once

//   founding (founding.hpp) --all founders are there--> training --last step--> finished (finishing.hpp)
//       |                                     (member_steps.hpp)
//       |                                                |    ^
//       | the run has begun          absent, left behind |    | let in, and all is here
//       +-----------------------------------------------> entering (coming_in.hpp)
//
//   frame -> decode -> peer.handle_message -> poll_action -> conduct -> encode -> tcp.post

#include <btard/attack/any_attack.hpp>
#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/node/coming_in.hpp>
#include <btard/node/early_messages.hpp>
#include <btard/node/early_step.hpp>
#include <btard/node/misconduct.hpp>
#include <btard/node/run_node.hpp>
#include <btard/node/status_text.hpp>
#include <btard/node/trainer_events.hpp>

#include <asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace btard {

/// What comes in over links and when, and what follows from it.
template <verifiable_aggregator Rule, class Conduct, class Attack = any_attack>
class trainer_node final : public coming_in<Rule, Conduct, Attack> {
    using base = coming_in<Rule, Conduct, Attack>;
    using acquaintance = typename base::acquaintance;
    using base::begins_at_, base::begun_, base::book_, base::charter_, base::coordinators_, base::ending_,
        base::entrant_, base::events_, base::final_root_, base::finished_at_, base::gone_, base::had_life_,
        base::keeper_, base::net_, base::out_, base::peer_, base::plan_, base::speaks_at_, base::stalls_at_,
        base::start_, base::state_, base::status_every, base::wants_in_;
    using base::enter, base::for_outsiders, base::is_contact, base::known, base::link_with, base::post,
        base::say, base::scout, base::scout_, base::was_contact;

public:
    using base::run;
    using typename base::plan_type;

    /// @param plan   what the settings of a charter mean; throws what `exit_status` knows
    /// @param verify when it computes the gradient of the next step; a matter of this trainer alone
    trainer_node(asio::io_context& io, identity const& who, node_setup setup,
                 std::function<plan_type(std::string const&)> plan, misconduct<Conduct, Attack> does,
                 trainer_events events, verify_mode verify = verify_mode::strict)
        : base(io, who, std::move(setup), std::move(plan), std::move(does), std::move(events), verify) {}

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
    // ---- links

    void on_greeted(public_key const& from, acquaintance const& who) override {
        if (run()) {
            post(from, *charter_);
            post(from, book_.known([this](public_key const& key) { return concerns(key); }));
        } else if (who.role == run_role::trainer && !who.run && who.contact) {
            say(concat(short_name(from),
                       " is a trainer without a run, as this one; give the address of the coordinator"));
        }
        if (run() && concerns(from)) // it may know of no coordinator, and be elsewhere than before
            for (auto const& key : coordinators_)
                post(key, book_.known([&](public_key const& one) { return one == from; }));
        if (who.role == run_role::coordinator) {
            take_coordinator(from);
        } else if (peer_ && peer_->running() && concerns(from) &&
                   net_->now() - begun_ > patience_for_a_link()) {
            scout(); // it was away, or we were
        }
        if (wants_in_ && who.role == run_role::trainer) (void)enter();
        for_outsiders([&](entrant& one) { one.handle_linked(from, net_->now()); });
        this->try_to_begin();
        drain();
    }
    /// Whoever says so: one that the operator has named always, of the others a few.
    void take_coordinator(public_key const& key) {
        std::size_t claimed = 0;
        for (auto const& one : coordinators_) claimed += !was_contact(one);
        if (!was_contact(key) && claimed >= keeper_options{}.coordinators) return;
        coordinators_.insert(key);
        auto kind = std::optional(was_contact(key) ? follower_kind::known : follower_kind::coordinator);
        if (peer_) kind = kind_of(key);
        if (kind) keeper_.handle_message(key, wire::follow{}, net_->now(), *kind); // from the first step on
    }
    void on_link_lost(public_key const& key, time_point now) override {
        coordinators_.erase(key);
        if (start_) start_->ask_again();
        keeper_.handle_lost(key);
        for_outsiders([&](entrant& one) { one.handle_lost(key, now); });
        drain();
    }
    /// Members, founders, and those that may come in.
    [[nodiscard]] bool concerns(public_key const& key) const override {
        if (!charter_) return false;
        auto const* const learned = entrant_ ? entrant_->known() : nullptr;
        return is_among(charter_->founders, key) || (learned && is_among(learned->roster, key)) ||
               (peer_ && is_among(peer_->membership().context().roster, key));
    }
    /// Those that have sent, or may send, parts of gradients; states while somebody here wants one.
    [[nodiscard]] std::uint64_t most_from(public_key const& key, std::size_t channel) const override {
        if (!plan_) return 0;
        bool const tells = start_ && was_contact(key);
        auto const* const seen = scout_ ? scout_->known() : nullptr;
        bool const is_seen = seen && is_among(seen->roster, key);
        bool const heard = concerns(key) || is_seen || (peer_ && may_send_parts(key));
        bool const wanted = channel == bulk_channel ? heard : tells || ((entrant_ || scout_) && heard);
        return wanted ? this->most_of(channel, plan_->task.size()) : 0;
    }
    /// On probation, or on its way back: perhaps a member for those that are a step ahead.
    [[nodiscard]] bool may_send_parts(public_key const& key) const {
        auto const& members = peer_->membership();
        return members.was_member(key) || members.context().probation.find(key) != nullptr;
    }
    void link_with_all() override {
        if (!charter_) return;
        auto const* const learned = entrant_ ? entrant_->known() : nullptr;
        auto const& roster = learned ? learned->roster
                             : peer_ ? peer_->membership().context().roster
                                     : charter_->founders;
        for (auto const& one : roster) link_with(one.key);
    }
    /// A step that lasts longer than that when a link comes back may have gone on without us.
    [[nodiscard]] std::chrono::nanoseconds patience_for_a_link() const {
        auto const& t = plan_->rules.timing;
        return t.gradient + t.body + 3 * t.interval;
    }

    // ---- messages

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
            this->hear_finished(from, *last);
        } else if (charter_ && plan_) {
            if (auto const kind = peer_ ? kind_of(from) : std::nullopt)
                keeper_.handle_message(from, message, now, *kind);
            for_outsiders([&](entrant& one) { one.handle_message(from, message, now); });
            drain();
        }
    }
    /// Nothing: it may not follow.
    [[nodiscard]] std::optional<follower_kind> kind_of(public_key const& key) const {
        return kind_of_follower(peer_->membership(), key, was_contact(key), coordinators_.contains(key));
    }
    void on_protocol_message(public_key const& from, wire::message const& message, time_point now) override {
        for_outsiders([&](entrant& one) { one.handle_message(from, message, now); });
        if (!peer_) {
            if (concerns(from)) heard_early_.keep(from, message);
            return drain();
        }
        peer_->handle_message(from, message, now);
        drain();
    }
    void replay_early() {
        for (auto const& [from, message] : heard_early_.take())
            peer_->handle_message(from, message, net_->now());
    }

    // ---- from outside to a member

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
        this->become_member(charter_->founders);
        this->begin_step();
        replay_early();
        drain();
    }
    void on_enter() override { heard_early_ = {}; }
    void on_come_in() override { replay_early(); }

    // ---- times

    void on_timer(time_point now) override {
        if (ending_ || this->end_in_time(now)) return;
        if (plan_ && now >= speaks_at_) {
            if (!final_root_) say(status());
            speaks_at_ = now + status_every;
        }
        if (peer_) peer_->handle_timeout(now);
        for_outsiders([&](entrant& one) { one.handle_timeout(now); });
        if (stalls_at_ && *stalls_at_ <= now) {
            stalls_at_ = now + this->patience_for_a_step();
            scout();
        }
        this->try_to_begin();
        drain();
    }
    void wake() override {
        time_point first = plan_ ? speaks_at_ : time_point::max();
        for (auto const& one :
             {begins_at_, finished_at_, stalls_at_, peer_ ? peer_->poll_deadline() : std::nullopt,
              entrant_ ? entrant_->poll_deadline() : std::nullopt,
              scout_ ? scout_->poll_deadline() : std::nullopt})
            if (one) first = std::min(first, *one);
        net_->wake_at(first);
    }
    void drain() override {
        if (std::exchange(draining_, true)) return; // whoever began will see to it
        while (!ending_) {
            auto action = peer_ ? peer_->poll_action() : std::nullopt;
            if (action) std::visit([&](auto& one) { this->carry_out(one); }, *action);
            if (std::exchange(gone_, false)) (void)enter();
            if (action) continue;
            if (!drain_others()) break;
        }
        draining_ = false;
        if (ending_) return;
        this->begin_early();
        wake();
    }
    /// @return whether the peer may have something to do now
    bool drain_others() {
        if (entrant_) return this->go_in();
        while (auto message = keeper_.poll_message()) post(message->first, message->second);
        while (auto const who = keeper_.poll_introduction())
            if (auto const about = peer_ ? peer_->introduction() : std::nullopt) out_.send(*who, *about);
        return this->look_around();
    }

    early_messages heard_early_;
    bool draining_ = false;
};

} // namespace btard
