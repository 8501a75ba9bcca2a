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
#include <btard/core/norm.hpp>
#include <btard/core/shared_floats.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/actions.hpp>
#include <btard/protocol/applicants.hpp>
#include <btard/protocol/audit.hpp>
#include <btard/protocol/audit_list.hpp>
#include <btard/protocol/ban/chronicle.hpp>
#include <btard/protocol/conduct.hpp>
#include <btard/protocol/exchange.hpp>
#include <btard/protocol/log/introduction.hpp>
#include <btard/protocol/log/proceedings.hpp>
#include <btard/protocol/member_state.hpp>
#include <btard/protocol/membership.hpp>
#include <btard/protocol/need_list.hpp>
#include <btard/protocol/needs.hpp>
#include <btard/protocol/phase_clock.hpp>
#include <btard/protocol/signer.hpp>
#include <btard/protocol/step/agreed_deadlines.hpp>
#include <btard/protocol/step/joined_parts.hpp>
#include <btard/protocol/step/judgement.hpp>
#include <btard/protocol/step/mprng.hpp>
#include <btard/protocol/step/run_rules.hpp>
#include <btard/protocol/step/step_state.hpp>
#include <btard/protocol/step/tribunal.hpp>
#include <btard/protocol/step/verdicts.hpp>
#include <btard/protocol/wire/codec.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

/// Who a peer is, and in what it takes part.
struct peer_setup {
    public_key self{};
    digest run{};                         ///< the run id
    digest secret{}; ///< from which its shares of the joint randomness are made; nobody else has it
    std::vector<log_member> members = {}; ///< of the first epoch, this peer among them
    run_rules rules = {};
};

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
          exchange_(bench_.size), watch_(setup_.rules.far), clock_(setup_.rules.timing),
          given_(std::vector<float>(bench_.size)), applicants_(setup_.run, setup_.rules, setup_.secret) {
        setup_.rules.validate(setup_.members.size());
        expects(is_member(), "a peer that is no member of its run");
        expects(bench_.size >= setup_.members.size(), "a gradient of ", bench_.size, " numbers cannot be cut among ",
                setup_.members.size(), " members");
        expects(bench_.tolerance == setup_.rules.tolerance, "gradients are compared with a tolerance of ",
                bench_.tolerance, ", the rules of the run say ", setup_.rules.tolerance);
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
          exchange_(bench_.size), watch_(setup_.rules.far, state.distances),
          clock_(setup_.rules.timing, state.deadlines, from), given_(floats.given),
          applicants_(setup_.run, setup_.rules, setup_.secret) {
        expects(is_member(), "a peer comes in between two steps, when the others have let it in");
        auto record = record_of_last(state, bench_, setup_.rules);
        expects(record.has_value() && given_.size() == bench_.size && floats.before.size() == bench_.size,
                "the state of a member that was not checked");
        at_ = std::make_unique<step_state>(state.last, setup_.rules, *std::move(record), state.verdicts,
                                           floats.before);
        auto const cut = at_->cut();
        for (part_id const part : at_->judge->standing())
            if (at_->judge->stands(part))
                at_->aggregates[std::size_t(part)] = given_.slice(cut.begin(part), cut.size(part));
        for (auto const& one : floats.fallen) at_->aggregates.at(std::size_t(one.part)) = one.values;
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
        state_ = state;
        verdicts_.reset();
        reports_.clear();
        opened_.clear();
        running_ = true;
        exchange_.begin_step();
        auto const workers = at_->record.workers();
        works_ = std::ranges::find(workers, at_->self) != workers.end();
        if (works_ && computes_) // first: all wait for it in COMMIT, for audits in ACCUSE
            actions_.push_back(act::compute{at_->step(), setup_.self, at_->record.gradient_seed_of(at_->self), 0});
        begin_audits(now);
        for (auto const& one : at_->context.probation.tried)
            post(one.who.key, wire::introduction{{}, at_->context, {}});
        if (last_ && last_->context.epoch != at_->context.epoch) // who has come in does not know it yet
            for (auto const& one : at_->context.roster)
                if (one.key != setup_.self && !last_->members->find(one.key))
                    post(one.key, wire::introduction{{}, at_->context, {}});
        if (auto const about = applicants_.has_guests() ? chronicle_.introduction() : std::nullopt)
            for (auto const& key : applicants_.take_guests()) post(key, *about);
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
        exchange_.handle_timeout(now, setup_.rules.timing.question,
                                 [&](public_key const& whom, wire::wanted const& what) { post(whom, what); });
        pump(now);
    }

    // ---- what goes out

    [[nodiscard]] std::optional<peer_action> poll_action() {
        if (actions_.empty()) return {};
        peer_action next = std::move(actions_.front());
        actions_.pop_front();
        return next;
    }
    [[nodiscard]] std::optional<time_point> poll_deadline() const {
        if (!running_ || gone_) return {};
        std::optional<time_point> first = proceedings_.poll_deadline();
        auto const sooner = [&](std::optional<time_point> t) {
            if (t && (!first || *t < *first)) first = t;
        };
        sooner(exchange_.poll_deadline());
        if (!spoke_) sooner(clock_.speak_at());
        if (!spoke_ && needs_.passes_on()) sooner(clock_.pass_by(*at_));
        return first;
    }

    // ---- getters

    [[nodiscard]] public_key const& key() const { return setup_.self; }
    [[nodiscard]] run_rules const& rules() const { return setup_.rules; }
    [[nodiscard]] court<B, A> const& bench() const { return bench_; }
    [[nodiscard]] phase where() const { return phase_; }
    [[nodiscard]] bool running() const { return running_; } ///< inside a step
    [[nodiscard]] bool gone() const { return gone_; }
    [[nodiscard]] step_state const& state() const { return *at_; }             ///< of the step that is going on
    [[nodiscard]] step_state const* last_state() const {
        return last_.get();
    } ///< of the one before; null in the first
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
        member_floats floats{given_, at_->given, {}};
        for (part_id const part : at_->judge->standing())
            if (!at_->judge->stands(part))
                floats.fallen.push_back({at_->step(), part, at_->aggregates[std::size_t(part)]});
        return floats;
    }
    [[nodiscard]] shared_floats const& given() const { return given_; } ///< (size) v0 of the next step
    /// From when the time of the next step counts, by the clock of this member.
    [[nodiscard]] time_point begins_from() const { return clock_.base(); }
    [[nodiscard]] C& conduct() { return conduct_; }
    [[nodiscard]] C const& conduct() const { return conduct_; }
    /// What the rule says of the parts that this peer has made in this step.
    [[nodiscard]] std::map<part_id, aggregation_report> const& reports() const { return reports_; }
    [[nodiscard]] double worst_sum() const {
        return worst_sum_;
    } ///< the largest |sum| of testimonies over its tolerance
    /// Of a target, in the step before.
    [[nodiscard]] public_key const& key_before(peer_id target) const { return audits_.key(target); }
    /// What this peer puts into a draw.
    [[nodiscard]] mprng_share share(std::uint64_t step, std::uint64_t draw) const {
        return {tagged_hash("share", setup_.secret, step, draw).bytes,
                tagged_hash("salt", setup_.secret, step, draw).bytes};
    }

private:
    // ---- messages

    template <class M>
    static constexpr bool is_log_message = requires(wire::log_message& v, M m) { v = m; };

    template <class M>
        requires is_log_message<M>
    void on(public_key const& from, M const& m, time_point now) {
        proceedings_.handle_message(from, m, now);
    }
    void on(public_key const& from, wire::row const& m, time_point) {
        if (!on_bulk(from, m) || m.step != at_->step() || phase_ != phase::result) return;
        auto const* const way = at_->record.detour_of(m.part, m.sender);
        if (way && way->via == at_->self) post(at_->key(at_->part(m.part).owner), m);
    }
    void on(public_key const& from, wire::aggregate const& m, time_point) { on_bulk(from, m); }
    void on(public_key const& from, wire::evidence const& m, time_point) { on_bulk(from, m); }
    void on(public_key const& from, wire::wanted const& m, time_point) {
        step_state const* in = of(m.step);
        if (in == nullptr || !is_known(from, *in)) return;
        if (auto found = exchange::answer(*in, m)) post(from, *std::move(found));
    }
    void on(public_key const& from, wire::join const& m, time_point) {
        applicants_.hear(from, m, membership_, *key_);
    }
    void on(public_key const& from, wire::trial const& m, time_point) { applicants_.hear(from, m, membership_); }
    void on(public_key const&, wire::introduction const&, time_point) {} // it knows

    template <class M>
    bool on_bulk(public_key const& from, M const& m) {
        step_state* in = of(m.step);
        return in != nullptr && is_known(from, *in) && exchange_.take(*in, from, m);
    }
    /// A member of that step, or of this one: who came in since judges what was done before.
    [[nodiscard]] bool is_known(public_key const& key, step_state const& in) const {
        return in.members->find(key) || at_->members->find(key);
    }
    void retry_early() {
        exchange_.retry([&](public_key const& from, wire::message const& message) {
            std::visit(
                [&](auto const& m) {
                    if constexpr (!is_log_message<std::remove_cvref_t<decltype(m)>>) on(from, m, {});
                },
                message);
        });
    }
    /// Null: neither this step nor the one before.
    [[nodiscard]] step_state* of(std::uint64_t step) const {
        if (at_ && step == at_->step()) return at_.get();
        return last_ && step == last_->step() ? last_.get() : nullptr;
    }

    // ---- the flow

    void enter(phase next, time_point now) {
        phase_ = next;
        spoke_ = false;
        std::uint32_t const draw =
            next == phase::share || next == phase::reveal ? std::uint32_t(at_->record.draw()) : 0;
        proceedings_.begin(membership_.members(), {at_->context.epoch, at_->step(), std::uint8_t(next), draw},
                           membership_.faults(), clock_.enter(next, *at_, now));
        push();
        auto const there = [this](step_state const& in, peer_id who) { return has_slot(in, who); };
        needs_.begin(next, needs_of(next, *at_, last_.get(), audits_.targets(), opened_, bench_.tolerance > 0, there),
                     *at_, there);
        auto const patience = clock_.patience(next, *at_);
        for (auto const& one : needs_.all())
            exchange_.want(one, *of(one.what.step), one.is_pushed ? now + patience : now);
        retry_early();
    }
    /// The broadcast before was closed in a better way than it seemed: what counts from it is earlier.
    void hasten(time_point from) {
        auto const deadline = clock_.hasten(phase_, *at_, from);
        if (running_) proceedings_.hasten(deadline);
    }
    /// Everything that can go on goes on.
    void pump(time_point now) {
        if (running_ && !gone_ && needs_.passes_on() && !spoke_ && clock_.pass_by(*at_) <= now)
            needs_.stop_waiting_for_rows_to_pass_on(*at_);
        for (bool moved = true; moved;) {
            moved = false;
            while (auto out = proceedings_.poll(now)) post(*std::move(out));
            if (auto const from = proceedings_.poll_sooner()) hasten(*from);
            if (auto const pause = proceedings_.poll_pause())
                actions_.push_back(act::paused{pause->heard, pause->quorum});
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

    /// What this peer owes the others in this phase.
    void push() {
        switch (phase_) {
        case phase::result:
            if (at_->record.committed().contains(std::size_t(at_->self)))
                for (std::size_t j = 0; j < at_->record.parts().size(); ++j) send_part(part_id(j));
            return;
        case phase::have:
            push_complained();
            return;
        case phase::vote:
            for (auto const& [by, what] : at_->judge->accusations()) {
                auto const mine = at_->shown.find(what.evidence);
                if (by == at_->self && mine != at_->shown.end()) post_all(mine->second);
                if (what.of == wire::charge::gradient && !audits_.has(what.target)) ask_gradient(what.target);
            }
            for (auto const& row : at_->judge->shown()) push_row(row.of_before ? *last_ : *at_, row.part, row.sender);
            return;
        case phase::open:
            for (auto const& row : at_->judge->rows_of(opened_)) push_row(*at_, row.part, row.sender);
            return;
        default: return;
        }
    }
    /// Once, whoever complains about it.
    void push_complained() {
        std::set<part_id> parts;
        for (auto const& missed : at_->record.complaints())
            if (at_->is_own(missed.sender)) parts.insert(missed.part);
        for (part_id const part : parts) push_row(*at_, part, at_->self);
    }
    void push_row(step_state const& in, part_id part, peer_id sender) {
        if (in.is_own(sender)) post_all(in.own_row(part));
    }

    /// Is everything here that the own body is about?
    [[nodiscard]] bool ready() const {
        if (phase_ == phase::commit && works_ && computes_ && !at_->own) return false;
        if (phase_ == phase::accuse &&
            !std::ranges::all_of(audits_.targets(), [&](peer_id target) { return is_computed(target); }))
            return false;
        if (phase_ == phase::accuse && audits_.checks_newcomer() && !is_computed(on_trial)) return false;
        if (phase_ == phase::vote && !std::ranges::all_of(at_->judge->accusations(), [&](accused const& one) {
                return one.what.of != wire::charge::gradient || is_computed(one.what.target);
            }))
            return false;
        return needs_.are_settled(in_step());
    }
    /// It will never come, or is here.
    [[nodiscard]] bool is_computed(peer_id target) const { return !computes_ || audits_.has(target); }
    [[nodiscard]] bool has_standing() const {
        return std::ranges::all_of(at_->record.standing_parts(),
                                   [&](part_id part) { return !at_->aggregate(part).empty(); });
    }
    /// Of a member of this step, or of the one before.
    [[nodiscard]] std::optional<peer_id> number_now(step_state const& in, peer_id who) const {
        return at_->members->find(in.key(who));
    }
    [[nodiscard]] bool has_slot(step_state const& in, peer_id who) const {
        auto const now = number_now(in, who);
        return now && proceedings_.has_slot(*now);
    }
    [[nodiscard]] auto in_step() const {
        return [this](std::uint64_t step) -> step_state const& { return *of(step); };
    }

    // ---- what this peer says

    void speak() {
        switch (phase_) {
        case phase::commit: {
            if (works_ && computes_ && !at_->own) return; // too late: absent
            wire::commit said{.context = hash_of(at_->context), .leaves = leaves_, .joins = applicants_.take_wishes()};
            if (at_->own) said.root = at_->own->tree.root(), said.microbatches = at_->own->microbatches;
            if (checks_state()) said.state = state_;
            said.deadlines.is = clock_.proposal(at_->step());
            return say(std::move(said));
        }
        case phase::result: {
            wire::result made{.share = own_commitment(), .trials = applicants_.take_trials(at_->context, *key_)};
            for (part_id const part : at_->parts_of(at_->self)) make_part(part, made.parts, &made.complaints);
            if (needs_.passes_on()) needs_.stop_waiting_for_rows_to_pass_on(*at_);
            auto const late = needs_.not_passed();
            made.complaints.insert(made.complaints.end(), late.begin(), late.end());
            return say(std::move(made));
        }
        case phase::have: return say(wire::have{needs_.held(in_step())});
        case phase::result_again: {
            wire::result_again made;
            for (part_id const part : at_->parts_of(at_->self))
                if (at_->record.lacks_result(part)) make_part(part, made.parts, nullptr);
            return say(std::move(made));
        }
        case phase::share: {
            auto const drawing = at_->record.drawing();
            if (std::ranges::find(drawing, at_->self) == drawing.end()) return;
            return say(wire::share{own_commitment()});
        }
        case phase::reveal: {
            wire::reveal opened{share(at_->step(), at_->record.draw()), {}};
            if (at_->record.draw() == 0) {
                opened.aggregates = member_set(at_->aggregates.size());
                for (std::size_t j = 0; j < at_->aggregates.size(); ++j)
                    if (!at_->aggregates[j].empty()) opened.aggregates.insert(j);
            }
            return say(std::move(opened));
        }
        case phase::testimony: {
            if (!has_standing()) return; // it cannot go on before it has what most have
            wire::testify said;
            if (at_->record.committed().contains(std::size_t(at_->self)))
                for (part_id const part : at_->record.standing_parts())
                    said.parts.push_back(bench_.right_testimony(
                        at_->record, part, {at_->values(part, at_->self), at_->cut().size(part)},
                        at_->aggregate(part), &at_->norms_of_z[std::size_t(part)]));
            return say(std::move(said));
        }
        case phase::accuse:
            for (auto& made_up : detail::forge(conduct_, std::as_const(*this)))
                at_->shown.emplace(hash_of(made_up), made_up);
            return say(audits_.accusations(bench_, *at_, [this](peer_id target) {
                return !membership_.in_dispute(setup_.self, key_before(target));
            }));
        case phase::vote: {
            wire::vote cast{needs_.held(in_step()), {}};
            for (auto const& [by, what] : at_->judge->accusations()) {
                bool const mine = what.of == wire::charge::gradient && audits_.has(what.target);
                cast.ballots.push_back(
                    mine ? ballot_on(bench_, *at_, *last_, what, audits_.gradient_of(what.target))
                         : wire::ballot{});
            }
            return say(std::move(cast));
        }
        case phase::open: return say(wire::open{needs_.held(in_step())});
        }
    }
    template <class Body>
    void say(Body body) {
        if (detail::shape(conduct_, std::as_const(*this), body))
            proceedings_.submit(encode(wire::said<Body>{proceedings_.aftermath(), std::move(body)}));
    }
    [[nodiscard]] digest own_commitment() const {
        std::uint64_t const draw = at_->record.draw();
        return commitment_to(share(at_->step(), draw), {setup_.run, at_->context.epoch, at_->step(), draw},
                             setup_.self);
    }
    [[nodiscard]] bool checks_state() const { return at_->step() % setup_.rules.state_every == 0; }

    /// Aggregates a part and sends it to all, or complains about the rows that are not here.
    void make_part(part_id part, std::vector<wire::part_result>& made, std::vector<wire::complaint>* missed) {
        auto const rows = at_->all_values(part);
        if (!rows) {
            if (missed == nullptr) return;
            for (peer_id const sender : at_->senders(part))
                if (!at_->has_row(part, sender) && !at_->record.goes_to_all(part, sender))
                    missed->push_back({part, sender});
            return;
        }
        auto values = bench_.make_part(at_->record, part, *rows, at_->given_slice(part), &reports_[part]);
        detail::shape_part(conduct_, std::as_const(*this), part, values);
        square_sum squares;
        made.push_back({part, facts_of(values, &squares).hash});
        at_->hold(part, std::move(values), squares);
        post_all(wire::aggregate{at_->step(), part, at_->aggregates[std::size_t(part)]});
    }

    // ---- what this peer checks

    void begin_audits(time_point now) {
        audits_.begin_step(*at_, last_.get(), setup_.self, computes_);
        if (!last_ || !computes_) return;
        for (peer_id const target : audits_.targets()) ask_gradient(target);
        if (audits_.checks_newcomer()) ask_gradient(on_trial);
        auto const there = [this](step_state const& in, peer_id who) { return number_now(in, who).has_value(); };
        for (auto const& one : rows_to_audit(*last_, audits_.targets(), bench_.tolerance > 0, there))
            exchange_.want(one, *last_, now);
    }
    /// Of the step before.
    void ask_gradient(peer_id target) {
        if (computes_) actions_.push_back(audits_.question(target));
    }

    // ---- what everybody said

    /// The log is there; is what most have by it, here too?
    [[nodiscard]] bool gathered() {
        if (phase_ >= phase::testimony && !has_standing()) return false;
        if (phase_ == phase::vote) {
            if (!vote_) vote_ = proceedings_.template read<wire::vote>();
            auto const by_most = at_->judge->held_by_most(vote_->log);
            auto const held = needs_.held(in_step());
            for (std::size_t k = 0; k < by_most.size(); ++k)
                if (by_most[k] && !held.contains(k)) return false;
        }
        if (phase_ == phase::open) {
            if (!open_) open_ = proceedings_.template read<wire::open>();
            for (auto const& row : at_->judge->opened_by_most(open_->log, opened_))
                if (!at_->has_row(row.part, row.sender)) return false;
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
        if (checks_state() && state_) check_state(log);
        enter(phase::result, now);
    }
    void close_result(agreed_log<wire::result> const& log) {
        membership_.against(at_->record.read(log));
        membership_.read(*key_, log);
        membership_.complained(at_->record.blames());
        at_->resulted = true;
    }
    void check_state(agreed_log<wire::commit> const& log) {
        std::map<digest, std::size_t> votes;
        for (auto const& entry : log)
            if (entry.present() && entry.body.state) ++votes[*entry.body.state];
        for (auto const& [state, count] : votes)
            if (count >= quorum_of(at_->members->size(), membership_.faults()) && state != *state_)
                actions_.push_back(act::diverged{at_->step(), state});
    }
    /// To the owner, or to who passes it on.
    void send_part(part_id part) {
        peer_id const owner = at_->part(part).owner;
        if (owner == at_->self || !at_->part(part).rows.contains(std::size_t(at_->self))) return;
        if (at_->record.goes_to_all(part, at_->self)) return; // in HAVE
        auto const* const way = at_->record.detour_of(part, at_->self);
        post(at_->key(way ? way->via : owner), at_->own_row(part));
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
        actions_.insert(actions_.end(), removed.begin(), removed.end());
        renew_deadlines(removed, faults);
        running_ = false;
        gone_ = !is_member();
        if (!gone_) actions_.push_back(act::apply{at_->step(), std::move(aggregate)});
    }
    void renew_deadlines(std::span<act::removed const> removed, std::size_t faults) {
        auto const absent = std::ranges::count(removed, offence::absence, &act::removed::why);
        bool const comes_in = !std::ranges::all_of(membership_.members()->members(), [&](log_member const& one) {
            return at_->members->find(one.key).has_value();
        });
        clock_.end_step(at_->step(), std::size_t(absent), faults, comes_in);
    }
    [[nodiscard]] bool is_member() const { return membership_.members()->find(setup_.self).has_value(); }
    [[nodiscard]] peer_id self_now() const { return membership_.members()->find(setup_.self).value(); }

    // ---- sending

    void post(public_key const& to, wire::message message) { actions_.push_back(act::send{to, std::move(message)}); }
    void post_all(wire::message message) { actions_.push_back(act::broadcast{at_->others({}), std::move(message)}); }
    void post(typename proceedings<S>::outgoing out) {
        auto message = std::visit([](auto& m) { return wire::message(std::move(m)); }, out.message);
        if (out.to) return post(*out.to, std::move(message));
        std::vector<public_key> to;
        for (auto const& one : out.among->members())
            if (one.key != setup_.self) to.push_back(one.key);
        actions_.push_back(act::broadcast{std::move(to), std::move(message)});
    }

    S const* key_;
    peer_setup setup_;
    court<B, A> bench_;
    [[no_unique_address]] C conduct_;
    // over all steps
    btard::membership membership_;
    chronicle chronicle_;
    proceedings<S> proceedings_;
    exchange exchange_;
    distance_watch watch_;
    phase_clock clock_;
    shared_floats given_; // (size) the last aggregate that stood
    shared_floats spare_; // one that nothing rests on any more: its memory takes the next one
    applicants applicants_;
    double worst_sum_ = 0;
    bool leaves_ = false, computes_ = true, gone_ = false, running_ = false;
    std::deque<peer_action> actions_;
    // of the step
    std::unique_ptr<step_state> at_, last_;
    std::optional<digest> state_;
    bool works_ = false;
    audit_list audits_;
    std::map<part_id, aggregation_report> reports_;       // of the own parts
    std::optional<verdicts<B, A>> verdicts_;              // from TESTIMONY on
    std::vector<part_id> opened_;
    // of the phase
    phase phase_ = phase::commit;
    need_list needs_;
    bool spoke_ = false;
    std::optional<typename proceedings<S>::template minutes<wire::vote>> vote_;
    std::optional<typename proceedings<S>::template minutes<wire::open>> open_;
};

} // namespace btard
