// btard/node/member_steps.hpp: what a trainer does as a member: one step after the other, as its peer wants it done.
// SPDX-License-Identifier: Apache-2.0
#pragma once

//   begin_step --> peer --compute--> thread of gradients --> peer --send--> outbox --> links
//       ^            |  --apply----> the parameters move, files and coordinators are told
//       +------------+--removed----> others: their links; this trainer: the end, or another life

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/node/computing.hpp>
#include <btard/node/early_step.hpp>
#include <btard/node/misconduct.hpp>
#include <btard/node/outbox.hpp>
#include <btard/node/run_node.hpp>
#include <btard/node/run_plan.hpp>
#include <btard/node/status_text.hpp>
#include <btard/node/trainer_events.hpp>
#include <btard/protocol/ban/transcript_check.hpp>
#include <btard/protocol/peer.hpp>
#include <btard/run/keeper.hpp>
#include <btard/run/model_state.hpp>

#include <asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace btard {

template <verifiable_aggregator Rule, class Conduct, class Attack>
class member_steps : public computing<Rule, Conduct, Attack> {
    using base = computing<Rule, Conduct, Attack>;

public:
    using base::self;
    using typename base::plan_type;

protected:
    using base::does_, base::drain, base::end, base::ending_, base::gradient_seconds_, base::leaves_,
        base::link_with, base::loss_, base::net_, base::peer_, base::plan_, base::post, base::say,
        base::state_;

    member_steps(asio::io_context& io, identity const& who, node_setup setup,
                 std::function<plan_type(std::string const&)> plan, misconduct<Conduct, Attack> does,
                 trainer_events events, verify_mode verify)
        : base(io, who, std::move(setup), std::move(plan), std::move(does), verify),
          events_(std::move(events)),
          out_(io, [this](public_key const& to, std::size_t channel, shared_frame const& frame) {
              deliver(to, channel, frame);
          }) {}

    // ---- for those that derive

    virtual void scout() = 0;         ///< looks whether the others have gone on without us
    virtual void on_step() = 0;       ///< they have not: a step begins
    virtual void link_with_all() = 0; ///< of the roster, or of the founders
    virtual void finish() = 0;        ///< the last step is done

    void on_prepared() override {
        speaks_at_ = net_->now() + status_every;
        base::on_prepared();
    }
    void begin_step() {
        if (state_->step >= plan_->steps) return finish();
        begun_ = net_->now();
        speaks_at_ = begun_ + status_every;
        auto const waits = peer_->deadlines().now();
        if (std::exchange(waits_, waits) != waits) say(deadlines_text(waits));
        this->begin_gradients();
        bool const checked = state_->step % plan_->rules.state_every == 0;
        bool const told = keeper_.followers() > 0 && state_->step > 0;
        keeper_.begin_step(peer_->membership().context(), std::exchange(applied_, {}),
                           told ? std::optional(peer_->state_for_newcomer()) : std::nullopt,
                           told ? peer_->floats_for_newcomer() : member_floats{}, *state_, begun_);
        on_step();
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

    // ---- what the peer wants done

    void carry_out(act::send& one) { send(one.to, one.message); }
    void carry_out(act::broadcast& one) {
        if (!does_.acts()) return out_.send(one.to, one.message);
        for (auto const& to : one.to) send(to, one.message);
    }
    void carry_out(act::compute& what) { this->compute(what); }
    void carry_out(act::apply& one) {
        applied_ = one.aggregate;
        this->move_parameters(one.aggregate);
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
        if (one.who != self()) {
            if (is_ban(one.why)) net_->forget(one.who);
            else net_->drop_waiting(one.who, bulk_channel); // rows that it does not read hold whole gradients
            return;
        }
        if (is_ban(one.why)) return end(run_end::banned);
        if (one.why == offence::leave) return end(this->left());
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

    trainer_events events_;
    outbox out_;
    keeper keeper_{{.followers = wire_limits{}.peers}};
    shared_floats applied_; // (size) in the step before
    std::set<public_key> coordinators_;
    deadline_table waits_{}; ///< as its operator was told
    std::optional<time_point> stalls_at_;
    static constexpr std::chrono::seconds status_every{10}; ///< while no step ends
    time_point begun_{}, speaks_at_{};
    bool gone_ = false, diverged_ = false;

private:
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
    template <class E>
    [[nodiscard]] static std::string name_of(E value) {
        return std::string(enum_names(value)[static_cast<std::size_t>(value)]);
    }

    std::vector<wire::told_removal> removed_;
    std::vector<ban_record> fresh_bans_; ///< that the next step will confirm
};

} // namespace btard
