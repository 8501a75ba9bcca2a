// btard/protocol/peer.hpp: one peer, over many steps: what it says, checks and concludes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

//   commit --> result --> reveal --------> testimony --> accuse --> (apply) --> commit ...
//                |           |   ^                          |
//     complaints |      void |   | new shares               | accusations, rows to show
//                v           v   |                          v
//              have        share-+                         vote --> open   when the sum or the distances
//                |                                                         of a part are not as they must be
//                v
//           result_again --> reveal
//
//   What comes in goes through: message -> proceedings (log/) -> agreed_log -> step_record -> judgement ->
//   verdicts -> membership -> step_context of the next step.
//
//   In each of them: what is needed is pushed by those who have it, and asked for when it does not come; when all of it
//   is here, or its time is over, the peer says its body; when all have spoken, or their time is over, the log is read.

#include <btard/aggregate/concept.hpp>
#include <btard/core/error.hpp>
#include <btard/core/shared_floats.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/actions.hpp>
#include <btard/protocol/applicants.hpp>
#include <btard/protocol/audit_list.hpp>
#include <btard/protocol/ban/chronicle.hpp>
#include <btard/protocol/bulk.hpp>
#include <btard/protocol/conduct.hpp>
#include <btard/protocol/log/introduction.hpp>
#include <btard/protocol/log/proceedings.hpp>
#include <btard/protocol/member_state.hpp>
#include <btard/protocol/membership.hpp>
#include <btard/protocol/need_list.hpp>
#include <btard/protocol/needs.hpp>
#include <btard/protocol/peer_outbox.hpp>
#include <btard/protocol/peer_setup.hpp>
#include <btard/protocol/phase_clock.hpp>
#include <btard/protocol/pushes.hpp>
#include <btard/protocol/signer.hpp>
#include <btard/protocol/speech.hpp>
#include <btard/protocol/step/agreed_deadlines.hpp>
#include <btard/protocol/step/joined_parts.hpp>
#include <btard/protocol/step/judgement.hpp>
#include <btard/protocol/step/mprng.hpp>
#include <btard/protocol/step/recent_steps.hpp>
#include <btard/protocol/step/run_rules.hpp>
#include <btard/protocol/step/state_check.hpp>
#include <btard/protocol/step/step_state.hpp>
#include <btard/protocol/step/tribunal.hpp>
#include <btard/protocol/step/verdicts.hpp>
#include <btard/protocol/wire/codec.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

/// A member of a run.  `docs/protocol.md`, "A step, read from its logs".
///
/// It has no clock, no socket and no gradients of its own: `poll_action` says what is to be done until it is empty,
/// `poll_deadline` when it wants to be called at the latest.
///
/// @tparam C what a Byzantine peer does in place of the right thing; see conduct.hpp
template <signer S, class B, verifiable_aggregator A, class C = upright>
class peer {
public:
    /// The signer stays where it is.
    peer(S const& key, peer_setup setup, court<B, A> bench, C conduct = {})
        : key_(&key), setup_(std::move(setup)), bench_(std::move(bench)), conduct_(std::move(conduct)),
          membership_(setup_.run, setup_.members, setup_.rules), proceedings_(key, setup_.self, setup_.run),
          bulk_(bench_.size), watch_(setup_.rules.far), clock_(setup_.rules.timing),
          state_(setup_.rules.state_every), given_(std::vector<float>(bench_.size)),
          applicants_(setup_.run, setup_.rules, setup_.secret) {
        check_setup(setup_, bench_);
        membership_.give({{0, bench_.size, hash_of(given_)}}, watch_.most(1));
    }

    /// A peer that is a member from the next step on, and has lost everything or never had it.
    ///
    /// @param state  of a member, and its floats: `check_state` has found nothing wrong with them
    /// @param from   from when the time of the step counts; a member's `begins_from`
    peer(S const& key, peer_setup setup, court<B, A> bench, C conduct, member_state const& state,
         member_floats const& floats, time_point from)
        : key_(&key), setup_(std::move(setup)), bench_(std::move(bench)), conduct_(std::move(conduct)),
          membership_(state.context, state.membership, setup_.rules),
          chronicle_(state.links, state.last, state.logs), proceedings_(key, setup_.self, setup_.run),
          bulk_(bench_.size), watch_(setup_.rules.far, state.distances),
          clock_(setup_.rules.timing, state.deadlines, from), state_(setup_.rules.state_every), given_(floats.given),
          applicants_(setup_.run, setup_.rules, setup_.secret) {
        expects(is_member(), "a peer comes in between two steps, when the others have let it in");
        at_ = last_step_of(state, floats, bench_, setup_.rules);
        auto const& log = state.logs.back().certificate;
        auto const f = setup_.rules.faults_among(state.last.roster.size(), state.last.lost());
        proceedings_.inherit(log.at, log.list, f, state.epochs);
    }

    // ---- commands

    /// The first step, or the one after `act::apply`.
    ///
    /// @param state of parameters (and optimizer), for the check that all have the same
    void begin_step(time_point now, std::optional<digest> state = {}) {
        expects(!running_ && !gone_, "the step before is not over");
        if (last_) spare_ = std::move(last_->given);
        last_ = std::move(at_);
        at_ = std::make_unique<step_state>(membership_.context(), membership_.members(), self_now(),
                                           setup_.rules, given_);
        state_.begin_step(at_->step(), state);
        verdicts_.reset();
        reports_.clear();
        opened_.clear();
        running_ = true;
        bulk_.begin_step();
        auto const workers = at_->record.workers();
        works_ = std::ranges::find(workers, at_->self) != workers.end();
        if (works_ && computes_) // first: all wait for it in COMMIT, for audits in ACCUSE
            out_.put(act::compute{at_->step(), setup_.self, at_->record.gradient_seed_of(at_->self), 0});
        begin_audits(now);
        for (auto const& key : steps().untold()) out_.post(key, wire::introduction{{}, at_->context, {}});
        if (auto const about = applicants_.has_guests() ? chronicle_.introduction() : std::nullopt)
            for (auto const& key : applicants_.take_guests()) out_.post(key, *about);
        enter(phase::commit, now);
        pump(now);
    }
    /// What `act::compute` asked for.
    void handle_gradient(std::uint64_t step, public_key const& whose, shared_floats gradient,
                         std::uint32_t microbatches, time_point now) {
        expects(gradient.size() == bench_.size, "a gradient of ", gradient.size(),
                " numbers, the rule wants ", bench_.size);
        if (at_ && step == at_->step() && whose == setup_.self && works_ && computes_ && !at_->own) {
            at_->commit_to(std::move(gradient), microbatches);
        } else if (last_ && step == last_->step()) {
            audits_.take(whose, std::move(gradient), microbatches);
        }
        pump(now);
    }
    /// Its own gradient took so long: perhaps longer than COMMIT lasted, if it was begun before that.
    void note_gradient_time(std::chrono::nanoseconds took) { clock_.note_gradient(took); }
    /// To be out when the next step is over, in good order.
    void leave() { leaves_ = true; }
    /// The same, of a peer that can compute no gradient any more: it commits to none in that step, which is this one
    /// if it has not spoken in COMMIT yet.  From here on it asks for none, and has no opinion on those of others.
    void leave_without_gradient(time_point now) {
        leaves_ = true;
        computes_ = false;
        if (!gone_) pump(now);
    }

    // ---- what came in

    void handle_message(public_key const& from, wire::message const& message, time_point now) {
        if (gone_ || from == setup_.self) return;
        std::visit([&](auto const& m) { on(from, m, now); }, message);
        pump(now);
    }
    void handle_timeout(time_point now) {
        if (gone_) return;
        proceedings_.handle_timeout(now);
        bulk_.handle_timeout(now, setup_.rules.timing.question, out_);
        pump(now);
    }

    // ---- what goes out

    [[nodiscard]] std::optional<peer_action> poll_action() { return out_.poll(); }
    [[nodiscard]] std::optional<time_point> poll_deadline() const {
        if (!running_ || gone_) return {};
        std::optional<time_point> first = proceedings_.poll_deadline();
        auto const sooner = [&](std::optional<time_point> t) {
            if (t && (!first || *t < *first)) first = t;
        };
        sooner(bulk_.poll_deadline());
        if (!spoke_) sooner(clock_.speak_at());
        if (!spoke_ && bulk_.passes_on()) sooner(clock_.pass_by(*at_));
        return first;
    }

    // ---- getters

    [[nodiscard]] public_key const& key() const { return setup_.self; }
    [[nodiscard]] run_rules const& rules() const { return setup_.rules; }
    [[nodiscard]] court<B, A> const& bench() const { return bench_; }
    [[nodiscard]] phase where() const { return phase_; }
    [[nodiscard]] bool running() const { return running_; } ///< inside a step
    [[nodiscard]] bool gone() const { return gone_; }
    [[nodiscard]] step_state const& state() const { return *at_; } ///< of the step that is going on
    /// Of the one before; null in the first.
    [[nodiscard]] step_state const* last_state() const { return last_.get(); }
    [[nodiscard]] btard::membership const& membership() const { return membership_; }
    [[nodiscard]] proceedings<S> const& logs() const { return proceedings_; }
    [[nodiscard]] agreed_deadlines const& deadlines() const { return clock_.deadlines(); }
    /// Why somebody was banned in the last step, for third parties: until the next step begins.
    [[nodiscard]] std::optional<ban_record> record_of(public_key const& who, offence why) const {
        if (running_) return {};
        return chronicle_.record_of(who, why, bench_, setup_.rules, at_.get(), last_.get(), proceedings_);
    }
    /// What it still lacks, once the step after it is over, and for two steps more.
    [[nodiscard]] std::optional<epoch_link> confirmation_of(std::uint64_t step) const {
        return chronicle_.after(step);
    }
    /// Of the last step that is over, for whoever follows the run; nothing: none is.
    [[nodiscard]] std::optional<wire::introduction> introduction() const { return chronicle_.introduction(); }
    /// What one that comes in with the next step has to know: between two steps.
    [[nodiscard]] member_state state_for_newcomer() const {
        expects(at_ && !running_ && !gone_, "a member tells what it knows between two steps");
        return {membership_.context(), membership_.kept(), watch_.kept(),
                deadlines().now(),     proceedings_.epochs(), at_->context,
                chronicle_.logs(),     at_->judge->result(),  chronicle_.epochs()};
    }
    /// The same: what is to be sent beside it.
    [[nodiscard]] member_floats floats_for_newcomer() const {
        expects(at_ && !running_ && !gone_, "a member tells what it knows between two steps");
        return floats_of(*at_, given_);
    }
    [[nodiscard]] shared_floats const& given() const { return given_; } ///< (size) v0 of the next step
    /// From when the time of the next step counts, by the clock of this member.
    [[nodiscard]] time_point begins_from() const { return clock_.base(); }
    [[nodiscard]] C& conduct() { return conduct_; }
    [[nodiscard]] C const& conduct() const { return conduct_; }
    /// What the rule says of the parts that this peer has made in this step.
    [[nodiscard]] std::map<part_id, aggregation_report> const& reports() const { return reports_; }
    /// The largest |sum| of testimonies over its tolerance.
    [[nodiscard]] double worst_sum() const { return worst_sum_; }
    /// Of a target, in the step before.
    [[nodiscard]] public_key const& key_before(peer_id target) const { return audits_.key(target); }
    /// What this peer puts into a draw.
    [[nodiscard]] mprng_share share(std::uint64_t step, std::uint64_t draw) const { return setup_.share(step, draw); }

private:
    // ---- messages

    template <class M>
    static constexpr bool is_log_message = requires(wire::log_message& v, M m) { v = m; };

    template <class M>
        requires is_log_message<M>
    void on(public_key const& from, M const& m, time_point now) {
        proceedings_.handle_message(from, m, now);
    }
    void on(public_key const& from, wire::row const& m, time_point) { bulk_.take(from, m, steps(), out_); }
    void on(public_key const& from, wire::aggregate const& m, time_point) { bulk_.take(from, m, steps(), out_); }
    void on(public_key const& from, wire::evidence const& m, time_point) { bulk_.take(from, m, steps(), out_); }
    void on(public_key const& from, wire::wanted const& m, time_point) { bulk_.answer(from, m, steps(), out_); }
    void on(public_key const& from, wire::join const& m, time_point) {
        applicants_.hear(from, m, membership_, *key_);
    }
    void on(public_key const& from, wire::trial const& m, time_point) { applicants_.hear(from, m, membership_); }
    void on(public_key const&, wire::introduction const&, time_point) {} // it knows

    // ---- the flow

    void enter(phase next, time_point now) {
        phase_ = next;
        spoke_ = false;
        std::uint32_t const draw =
            next == phase::share || next == phase::reveal ? std::uint32_t(at_->record.draw()) : 0;
        proceedings_.begin(membership_.members(), {at_->context.epoch, at_->step(), std::uint8_t(next), draw},
                           membership_.faults(), clock_.enter(next, *at_, now));
        push_what_is_due(next, steps(), audits_, opened_, computes_, out_);
        auto const there = [this](step_state const& in, peer_id who) {
            auto const number = steps().number_now(in, who);
            return number && proceedings_.has_slot(*number);
        };
        bulk_.enter(next, needs_of(next, *at_, last_.get(), audits_.targets(), opened_, bench_.tolerance > 0, there),
                    steps(), there, now, clock_.patience(next, *at_), out_);
    }
    /// The broadcast before was closed in a better way than it seemed: what counts from it is earlier.
    void hasten(time_point from) {
        auto const deadline = clock_.hasten(phase_, *at_, from);
        if (running_) proceedings_.hasten(deadline);
    }
    /// Everything that can go on goes on.
    void pump(time_point now) {
        if (running_ && !gone_ && bulk_.passes_on() && !spoke_ && clock_.pass_by(*at_) <= now)
            bulk_.stop_waiting_for_rows_to_pass_on(*at_);
        for (bool moved = true; moved;) {
            moved = false;
            while (auto out = proceedings_.poll(now)) out_.post(*std::move(out), setup_.self);
            if (auto const from = proceedings_.poll_sooner()) hasten(*from);
            if (auto const pause = proceedings_.poll_pause()) out_.put(act::paused{pause->heard, pause->quorum});
            if (!running_ || gone_) return;
            if (!spoke_ && !proceedings_.closed() && (ready() || clock_.speak_at() <= now)) {
                spoke_ = moved = true;
                speak();
            } else if (is_waited_for()) {
                speak();
                moved = proceedings_.current().spoke();
            } else if (proceedings_.closed() && gathered()) {
                moved = true;
                close(now);
            }
        }
    }

    /// Its gradient came too late; but so did those of others, and COMMIT stands still until there is a quorum.
    [[nodiscard]] bool is_waited_for() const {
        if (phase_ != phase::commit || !spoke_ || !at_->own || proceedings_.closed()) return false;
        auto const& machine = proceedings_.current();
        return machine.where() == broadcast_stage::alone && !machine.spoke();
    }

    /// Is everything here that the own body is about?
    [[nodiscard]] bool ready() const {
        if (phase_ == phase::commit && works_ && computes_ && !at_->own) return false;
        if (computes_ && !audits_.are_computed(phase_)) return false;
        return bulk_.is_settled(steps());
    }
    [[nodiscard]] recent_steps steps() const { return {at_.get(), last_.get()}; }

    // ---- what this peer says

    void speak() {
        switch (phase_) {
        case phase::commit: {
            if (works_ && computes_ && !at_->own) return; // too late: absent
            auto said = own_commit(*at_);
            said.leaves = leaves_, said.joins = applicants_.take_wishes();
            said.state = state_.said();
            said.deadlines.is = clock_.proposal(at_->step());
            return say(std::move(said));
        }
        case phase::result: {
            if (bulk_.passes_on()) bulk_.stop_waiting_for_rows_to_pass_on(*at_);
            wire::result made{.share = own_commitment(*at_, setup_), .complaints = missing_rows(*at_)};
            auto const late = bulk_.not_passed();
            made.complaints.insert(made.complaints.end(), late.begin(), late.end());
            made.trials = applicants_.take_trials(at_->context, *key_);
            made.parts = make(at_->parts_of(at_->self));
            return say(std::move(made));
        }
        case phase::have: return say(wire::have{bulk_.held(steps())});
        case phase::result_again: return say(wire::result_again{make(parts_to_make_again(*at_))});
        case phase::share: {
            auto const drawing = at_->record.drawing();
            if (std::ranges::find(drawing, at_->self) == drawing.end()) return;
            return say(wire::share{own_commitment(*at_, setup_)});
        }
        case phase::reveal: return say(opening(*at_, setup_));
        case phase::testimony:
            if (!at_->has_standing()) return; // it cannot go on before it has what most have
            return say(own_testimonies(bench_, *at_));
        case phase::accuse:
            for (auto& made_up : detail::forge(conduct_, std::as_const(*this)))
                at_->shown.emplace(hash_of(made_up), made_up);
            return say(audits_.accusations(bench_, *at_, [this](peer_id target) {
                return !membership_.in_dispute(setup_.self, key_before(target));
            }));
        case phase::vote: return say(wire::vote{bulk_.held(steps()), audits_.ballots(bench_)});
        case phase::open: return say(wire::open{bulk_.held(steps())});
        }
    }
    template <class Body>
    void say(Body body) {
        if (detail::shape(conduct_, std::as_const(*this), body))
            proceedings_.submit(encode(wire::said<Body>{proceedings_.aftermath(), std::move(body)}));
    }
    [[nodiscard]] std::vector<wire::part_result> make(std::vector<part_id> const& parts) {
        return make_parts(parts, bench_, *at_, reports_, out_, [this](part_id part, std::vector<float>& values) {
            detail::shape_part(conduct_, std::as_const(*this), part, values);
        });
    }

    // ---- what this peer checks

    void begin_audits(time_point now) {
        audits_.begin_step(*at_, last_.get(), setup_.self, computes_);
        if (!last_ || !computes_) return;
        for (peer_id const target : audits_.targets()) out_.put(audits_.question(target));
        if (audits_.checks_newcomer()) out_.put(audits_.question(on_trial));
        auto const there = [this](step_state const& in, peer_id who) {
            return steps().number_now(in, who).has_value();
        };
        bulk_.want(rows_to_audit(*last_, audits_.targets(), bench_.tolerance > 0, there), steps(), now);
    }

    // ---- what everybody said

    /// The log is there; is what most have by it, here too?
    [[nodiscard]] bool gathered() {
        if (phase_ >= phase::testimony && !at_->has_standing()) return false;
        if (phase_ == phase::vote) {
            if (!vote_) vote_ = proceedings_.template read<wire::vote>();
            return bulk_.has(at_->judge->held_by_most(vote_->log), steps());
        }
        if (phase_ == phase::open) {
            if (!open_) open_ = proceedings_.template read<wire::open>();
            return std::ranges::all_of(at_->judge->opened_by_most(open_->log, opened_), [&](shown_row const& row) {
                return at_->has_row(row.part, row.sender);
            });
        }
        return true;
    }
    void close(time_point now) {
        auto const has_spoken = [](log_list::value_type const& one) { return one.kind == entry_kind::body; };
        clock_.close(phase_, std::ranges::all_of(proceedings_.current().log(), has_spoken), now,
                     proceedings_.next_from(now), proceedings_.short_from());
        switch (phase_) {
        case phase::commit: return close_commit(read<wire::commit>(), now);
        case phase::result:
            close_result(read<wire::result>());
            return enter(at_->record.complaints().empty() ? phase::reveal : phase::have, now);
        case phase::have:
            membership_.against(at_->record.read(read<wire::have>()));
            return enter(phase::result_again, now);
        case phase::result_again:
            membership_.against(at_->record.read(read<wire::result_again>()));
            return enter(phase::reveal, now);
        case phase::share:
            membership_.against(at_->record.read(read<wire::share>()));
            return enter(phase::reveal, now);
        case phase::reveal:
            membership_.against(at_->record.read(read<wire::reveal>(), setup_.run, at_->context.epoch));
            return enter(at_->record.value() ? phase::testimony : phase::share, now);
        case phase::testimony:
            verdicts_.emplace(bench_, *at_, last_.get(), watch_, membership_.faults());
            membership_.against(verdicts_->read(read<wire::testify>()));
            return enter(phase::accuse, now);
        case phase::accuse:
            membership_.against(verdicts_->read(read<wire::accuse>()));
            if (at_->judge->needs_vote()) return enter(phase::vote, now);
            return check_parts(now);
        case phase::vote:
            contested(vote_->reports);
            conclude(verdicts_->read(std::exchange(vote_, {})->log));
            return check_parts(now);
        case phase::open:
            contested(open_->reports);
            conclude(verdicts_->read(std::exchange(open_, {})->log, opened_));
            return finish();
        }
    }
    /// Reads the log, and what it says of the broadcast before it.
    template <class Body>
    [[nodiscard]] agreed_log<Body> read() {
        auto minutes = proceedings_.template read<Body>();
        contested(minutes.reports);
        return std::move(minutes.log);
    }
    void contested(std::span<wire::aftermath const> reports) {
        if (!proceedings_.has_last()) return;
        membership_.contested(proceedings_.judge_last(reports), proceedings_.last_members());
    }
    void conclude(findings const& found) {
        membership_.against(found.against);
        for (peer_id const who : found.charged) membership_.charge(who);
        membership_.asked(at_->judge->needless());
        for (double const unit : found.trusted) watch_.trust(unit);
    }

    void close_commit(agreed_log<wire::commit> const& log, time_point now) {
        membership_.against(at_->record.read(log));
        membership_.read(*key_, log);
        at_->end_commit();
        clock_.read(log);
        state_.read(log, quorum_of(at_->members->size(), membership_.faults()),
                    [this](digest const& theirs) { out_.put(act::diverged{at_->step(), theirs}); });
        enter(phase::result, now);
    }
    void close_result(agreed_log<wire::result> const& log) {
        membership_.against(at_->record.read(log));
        membership_.read(*key_, log);
        membership_.complained(at_->record.blames());
        at_->resulted = true;
    }
    /// VB and VC.
    void check_parts(time_point now) {
        opened_ = verdicts_->check_parts();
        worst_sum_ = std::max(worst_sum_, verdicts_->worst_sum());
        if (opened_.empty()) return finish();
        enter(phase::open, now);
    }
    void finish() {
        auto const stood = standing_tiles(*at_);
        shared_floats aggregate = joined_parts(*at_, {}, std::move(spare_).reuse());
        given_ = stood.size() == at_->cut().parts() ? aggregate : shared_floats(joined_parts(*at_, given_));
        watch_.note(verdicts_->units());
        auto logs = proceedings_.logs_of(at_->step());
        membership_.give(tiled(at_->context.given, stood, given_), watch_.most(1), hash_of_logs(logs));
        chronicle_.note(at_->context, std::move(logs), setup_.rules);
        std::size_t const faults = membership_.faults();
        auto const removed = membership_.finish(at_->record, *at_->judge);
        for (auto const& one : removed) out_.put(one);
        clock_.end_step(*at_, removed, faults, *membership_.members());
        running_ = false;
        gone_ = !is_member();
        if (!gone_) out_.put(act::apply{at_->step(), std::move(aggregate)});
    }
    [[nodiscard]] bool is_member() const { return membership_.members()->find(setup_.self).has_value(); }
    [[nodiscard]] peer_id self_now() const { return membership_.members()->find(setup_.self).value(); }

    S const* key_;
    peer_setup setup_;
    court<B, A> bench_;
    [[no_unique_address]] C conduct_;
    // over all steps
    btard::membership membership_;
    chronicle chronicle_;
    proceedings<S> proceedings_;
    bulk bulk_;
    distance_watch watch_;
    phase_clock clock_;
    state_check state_;
    shared_floats given_; // (size) the last aggregate that stood
    shared_floats spare_; // one that nothing rests on any more: its memory takes the next one
    applicants applicants_;
    double worst_sum_ = 0;
    bool leaves_ = false, computes_ = true, gone_ = false, running_ = false;
    peer_outbox out_;
    // of the step
    std::unique_ptr<step_state> at_, last_;
    bool works_ = false;
    audit_list audits_;
    std::map<part_id, aggregation_report> reports_;       // of the own parts
    std::optional<verdicts<B, A>> verdicts_;              // from TESTIMONY on
    std::vector<part_id> opened_;
    // of the phase
    phase phase_ = phase::commit;
    bool spoke_ = false;
    std::optional<typename proceedings<S>::template minutes<wire::vote>> vote_;
    std::optional<typename proceedings<S>::template minutes<wire::open>> open_;
};

} // namespace btard
