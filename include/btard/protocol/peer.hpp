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
//   In each of them: what is needed is pushed by those who have it, and asked for when it does not come; when all of it
//   is here, or its time is over, the peer says its body; when all have spoken, or their time is over, the log is read.

#include <btard/aggregate/concept.hpp>
#include <btard/core/error.hpp>
#include <btard/core/norm.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/actions.hpp>
#include <btard/protocol/audit.hpp>
#include <btard/protocol/codec.hpp>
#include <btard/protocol/conduct.hpp>
#include <btard/protocol/exchange.hpp>
#include <btard/protocol/judgement.hpp>
#include <btard/protocol/messages.hpp>
#include <btard/protocol/mprng.hpp>
#include <btard/protocol/proceedings.hpp>
#include <btard/protocol/run_rules.hpp>
#include <btard/protocol/signer.hpp>
#include <btard/protocol/standing.hpp>
#include <btard/protocol/step_context.hpp>
#include <btard/protocol/step_state.hpp>
#include <btard/protocol/testimony.hpp>
#include <btard/protocol/tribunal.hpp>

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
    digest secret{};                      ///< from which its shares of the joint randomness are made; nobody else has it
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
        : setup_(std::move(setup)), bench_(std::move(bench)), conduct_(std::move(conduct)),
          standing_(setup_.rules.faults, setup_.rules.standing), proceedings_(key, setup_.self, setup_.run),
          exchange_(bench_.size) {
        setup_.rules.validate(setup_.members.size());
        members_ = std::make_shared<roster const>(setup_.members);
        next_ = {setup_.run, 0, 0, setup_.members, {}, genesis_value(setup_.run)};
        given_.assign(bench_.size, 0.0f);
        expects(members_->find(setup_.self).has_value(), "a peer that is no member of its run");
    }

    // ---- commands

    /// The first step, or the one after `act::apply`.
    ///
    /// @param state of parameters and optimizer, for the check that all have the same
    void begin_step(time_point now, std::optional<digest> state = {}) {
        expects(!running_ && !gone_, "the step before is not over");
        last_ = std::move(at_);
        at_ = std::make_unique<step_state>(next_, members_, members_->find(setup_.self).value(), setup_.rules, given_);
        state_ = state;
        offences_.clear();
        recomputed_.clear();
        reports_.clear();
        microbatches_ = 0;
        running_ = true;
        exchange_.begin_step();
        begin_audits(now);
        auto const workers = at_->record.workers();
        works_ = std::ranges::find(workers, at_->self) != workers.end();
        if (works_) ask_gradient(*at_, at_->self, 0);
        enter(phase::commit, now);
        pump(now);
    }
    /// What `act::compute` asked for.
    void handle_gradient(std::uint64_t step, public_key const& whose, std::vector<float> gradient,
                         std::uint32_t microbatches, time_point now) {
        expects(gradient.size() == bench_.size, "a gradient of ", gradient.size(), " numbers, the rule wants ", bench_.size);
        if (at_ && step == at_->step() && whose == setup_.self && works_ && at_->gradient.empty()) {
            clean_gradient(gradient, microbatches);
            at_->gradient = std::move(gradient);
            microbatches_ = microbatches;
            at_->tree.emplace(at_->gradient, partition(bench_.size, std::max<std::size_t>(1, at_->record.workers().size())));
        } else if (last_ && step == last_->step()) {
            if (auto const who = last_->members->find(whose)) // who declared none must have sent zeros
                microbatches = std::min(microbatches, std::uint32_t(last_->record.weight(*who)));
            clean_gradient(gradient, microbatches);
            recomputed_[whose] = std::move(gradient);
        }
        pump(now);
    }
    /// To be out when the next step is over, in good order.
    void leave() { leaves_ = true; }

    // ---- what came in

    void handle_message(public_key const& from, wire::message const& message, time_point now) {
        if (gone_ || from == setup_.self) return;
        std::visit([&](auto const& m) { on(from, m, now); }, message);
        pump(now);
    }
    void handle_timeout(time_point now) {
        if (gone_) return;
        proceedings_.handle_timeout(now);
        exchange_.handle_timeout(now, setup_.rules.timing.question, [&](public_key const& whom, wire::wanted const& what) {
            post(whom, what);
        });
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
        if (!spoke_) sooner(speak_at_);
        return first;
    }

    // ---- getters

    [[nodiscard]] public_key const& key() const { return setup_.self; }
    [[nodiscard]] run_rules const& rules() const { return setup_.rules; }
    [[nodiscard]] court<B, A> const& bench() const { return bench_; }
    [[nodiscard]] phase where() const { return phase_; }
    [[nodiscard]] bool running() const { return running_; } ///< inside a step
    [[nodiscard]] bool gone() const { return gone_; }
    [[nodiscard]] step_state const& state() const { return *at_; }          ///< of the step that is going on
    [[nodiscard]] step_state const* last_state() const { return last_.get(); } ///< of the one before; null in the first
    [[nodiscard]] step_context const& next() const { return next_; }        ///< what the step after `act::apply` starts from
    [[nodiscard]] btard::standing const& standing() const { return standing_; }
    [[nodiscard]] std::set<public_key> const& banned() const { return banned_; }
    [[nodiscard]] std::size_t faults() const { return setup_.rules.faults_among(members_->size(), banned_.size()); }
    [[nodiscard]] proceedings<S> const& logs() const { return proceedings_; }
    [[nodiscard]] C& conduct() { return conduct_; }
    [[nodiscard]] C const& conduct() const { return conduct_; }
    /// What the rule says of the parts that this peer has made in this step.
    [[nodiscard]] std::map<part_id, aggregation_report> const& reports() const { return reports_; }
    [[nodiscard]] double worst_sum() const { return worst_sum_; } ///< the largest |sum| of testimonies over its tolerance
    /// The share that this peer puts into a draw.
    [[nodiscard]] mprng_share share(std::uint64_t step, std::uint64_t draw) const {
        return {tagged_hash("share", setup_.secret, step, draw).bytes, tagged_hash("salt", setup_.secret, step, draw).bytes};
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
    template <class M>
    void on_bulk(public_key const& from, M const& m) {
        if (at_ && m.step == at_->step()) {
            (void)exchange_.take(*at_, from, m);
        } else if (last_ && m.step == last_->step()) {
            (void)exchange_.take(*last_, from, m);
        }
    }
    void on(public_key const& from, wire::row const& m, time_point) {
        if (at_ && at_->committed && m.step == at_->step() && carries(from, m)) return;
        on_bulk(from, m);
    }
    void on(public_key const& from, wire::aggregate const& m, time_point) { on_bulk(from, m); }
    void on(public_key const& from, wire::evidence const& m, time_point) { on_bulk(from, m); }
    void on(public_key const& from, wire::wanted const& m, time_point) {
        step_state const* in = at_ && m.step == at_->step() ? at_.get() : last_ && m.step == last_->step() ? last_.get() : nullptr;
        if (in == nullptr || !in->members->find(from)) return;
        if (auto found = exchange::answer(*in, m)) post(from, *std::move(found));
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

    // ---- the flow

    void enter(phase next, time_point now) {
        auto const& t = setup_.rules.timing;
        time_point const from = proceedings_.begun() ? std::max(base_, now) : now;
        auto const work = work_of(next);
        phase_ = next;
        spoke_ = false;
        speak_at_ = from + work;
        halfway_ = now + std::max(t.question, work / 2);
        std::uint32_t const draw = next == phase::share || next == phase::reveal ? std::uint32_t(at_->record.draw()) : 0;
        proceedings_.begin(members_, {next_.epoch, at_->step(), std::uint8_t(next), draw}, faults(),
                           {speak_at_ + t.body, std::max(now, short_base_) + work + t.body, t.interval, t.question});
        prepare();
        retry_early();
    }
    [[nodiscard]] std::chrono::nanoseconds work_of(phase of) const {
        auto const& t = setup_.rules.timing;
        switch (of) {
        case phase::commit: return t.gradient;
        case phase::accuse: return t.gradient + t.bulk;
        case phase::vote: return t.gradient + t.bulk;
        case phase::share: return t.body;
        default: return t.bulk;
        }
    }

    /// Everything that can go on goes on.
    void pump(time_point now) {
        for (bool moved = true; moved;) {
            moved = false;
            while (auto out = proceedings_.poll(now)) post(*std::move(out));
            if (auto const pause = proceedings_.poll_pause()) actions_.push_back(act::paused{pause->heard, pause->quorum});
            if (!running_ || gone_) return;
            if (!spoke_ && !proceedings_.closed() && (ready() || speak_at_ <= now)) {
                spoke_ = moved = true;
                speak();
            } else if (proceedings_.closed() && gathered()) {
                moved = true;
                close(now);
            }
        }
    }

    /// What this phase needs, asked for; what it owes, sent.
    void prepare() {
        switch (phase_) {
        case phase::result:
            for (part_id const part : at_->parts_of(at_->self))
                for (peer_id const sender : at_->senders(part))
                    exchange_.want_row(*at_, part, sender, {at_->key(sender)}, halfway_);
            return;
        case phase::have:
            for (auto const& missed : at_->record.complaints()) {
                if (at_->is_own(missed.sender)) post_all(at_->own_row(missed.part));
                exchange_.want_row(*at_, missed.part, missed.sender, at_->others({missed.sender}), halfway_);
            }
            return;
        case phase::result_again:
            for (part_id const part : at_->parts_of(at_->self))
                for (peer_id const sender : at_->senders(part))
                    exchange_.want_row(*at_, part, sender, at_->others({sender}), halfway_);
            return;
        case phase::reveal:
        case phase::testimony:
            for (std::size_t j = 0; j < at_->record.parts().size(); ++j)
                if (auto const& part = at_->record.parts()[j]; part.aggregate)
                    exchange_.want_aggregate(*at_, part_id(j), at_->others({part.owner}), halfway_);
            return;
        case phase::vote: return prepare_vote();
        case phase::open:
            for (auto const& [sender, part, before] : at_->judge->rows_of(opened_)) {
                if (at_->is_own(sender)) post_all(at_->own_row(part));
                exchange_.want_row(*at_, part, sender, at_->others({sender, at_->part(part).owner}), halfway_);
            }
            return;
        case phase::commit:
        case phase::share:
        case phase::accuse: return;
        }
    }
    void prepare_vote() {
        auto const accusations = at_->judge->accusations();
        for (auto const& [by, what] : accusations) {
            if (what.of == wire::charge::gradient) {
                if (!recomputed_.contains(last_->key(what.target))) ask_gradient(*last_, what.target, last_->record.weight(what.target));
                continue;
            }
            if (by == at_->self) {
                auto const mine = at_->shown.find(what.evidence);
                if (mine != at_->shown.end()) post_all(mine->second);
            }
            exchange_.want_evidence(*at_, what.evidence, at_->others({by}), halfway_);
        }
        for (auto const& row : at_->judge->shown()) {
            auto const& in = row.of_before ? *last_ : *at_;
            if (in.is_own(row.sender)) post_all(in.own_row(row.part));
            exchange_.want_row(in, row.part, row.sender, in.others({row.sender, in.part(row.part).owner}), halfway_);
        }
    }

    /// Is everything here that the own body is about?
    [[nodiscard]] bool ready() const {
        switch (phase_) {
        case phase::commit: return !works_ || at_->tree.has_value();
        case phase::result: return has_parts(false);
        case phase::result_again: return has_parts(true);
        case phase::have:
            return std::ranges::all_of(at_->record.complaints(), [&](missing_row const& one) {
                return at_->has_row(one.part, one.sender) || at_->malformed.contains({one.part, one.sender});
            });
        case phase::share: return true;
        case phase::reveal: {
            auto const parts = at_->record.parts();
            for (std::size_t j = 0; j < parts.size(); ++j)
                if (parts[j].aggregate && at_->aggregates[j].empty()) return false;
            return true;
        }
        case phase::testimony: return has_standing();
        case phase::accuse: return audits_done();
        case phase::vote: return has_evidence(std::vector<bool>(pieces(), true)) && has_gradients();
        case phase::open: return has_rows(at_->judge->rows_of(opened_));
        }
        return true;
    }
    [[nodiscard]] bool has_parts(bool complained) const {
        for (part_id const part : at_->parts_of(at_->self)) {
            if (complained && !at_->part(part).complained) continue;
            for (peer_id const sender : at_->senders(part))
                if (!at_->has_row(part, sender) && !at_->malformed.contains({part, sender})) return false;
        }
        return true;
    }
    [[nodiscard]] bool has_standing() const {
        return std::ranges::all_of(at_->record.standing_parts(), [&](part_id part) { return !at_->aggregate(part).empty(); });
    }
    [[nodiscard]] bool has_gradients() const {
        return std::ranges::all_of(at_->judge->accusations(), [&](accused const& one) {
            return one.what.of != wire::charge::gradient || recomputed_.contains(last_->key(one.what.target));
        });
    }
    [[nodiscard]] std::size_t pieces() const { return at_->judge->accusations().size() + at_->judge->shown().size(); }
    [[nodiscard]] bool has_piece(std::size_t k) const {
        auto const accusations = at_->judge->accusations();
        if (k < accusations.size()) {
            auto const& what = accusations[k].what;
            return what.of == wire::charge::gradient || at_->shown.contains(what.evidence);
        }
        auto const& row = at_->judge->shown()[k - accusations.size()];
        return (row.of_before ? *last_ : *at_).has_row(row.part, row.sender);
    }
    [[nodiscard]] bool has_evidence(std::vector<bool> const& asked) const {
        for (std::size_t k = 0; k < asked.size(); ++k)
            if (asked[k] && !has_piece(k)) return false;
        return true;
    }
    [[nodiscard]] bool has_rows(std::vector<shown_row> const& rows) const {
        return std::ranges::all_of(rows, [&](shown_row const& one) { return at_->has_row(one.part, one.sender); });
    }

    // ---- what this peer says

    void speak() {
        switch (phase_) {
        case phase::commit:
            if (works_ && !at_->tree) return; // too late: absent
            return say(wire::commit{hash_of(at_->context), works_ ? std::optional(at_->tree->root()) : std::nullopt,
                                    works_ ? microbatches_ : 0, checks_state() ? state_ : std::nullopt, leaves_});
        case phase::result: {
            wire::result made;
            make_parts(made.parts, &made.complaints, false);
            made.share = own_commitment();
            return say(std::move(made));
        }
        case phase::have: {
            auto const complaints = at_->record.complaints();
            wire::have holds{member_set(complaints.size())};
            for (std::size_t k = 0; k < complaints.size(); ++k)
                if (at_->has_row(complaints[k].part, complaints[k].sender)) holds.rows.insert(k);
            return say(std::move(holds));
        }
        case phase::result_again: {
            wire::result_again made;
            make_parts(made.parts, nullptr, true);
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
                opened.aggregates = member_set(at_->record.parts().size());
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
                        at_->record, part, {at_->values(part, at_->self), at_->cut().size(part)}, at_->aggregate(part)));
            return say(std::move(said));
        }
        case phase::accuse:
            for (auto& made_up : detail::forge(conduct_, std::as_const(*this))) at_->shown.emplace(hash_of(made_up), made_up);
            return say(accusations());
        case phase::vote: {
            wire::vote cast{member_set(pieces()), {}};
            for (std::size_t k = 0; k < pieces(); ++k)
                if (has_piece(k)) cast.evidence.insert(k);
            for (auto const& one : at_->judge->accusations()) cast.ballots.push_back(ballot_on(one.what));
            return say(std::move(cast));
        }
        case phase::open: {
            auto const rows = at_->judge->rows_of(opened_);
            wire::open holds{member_set(rows.size())};
            for (std::size_t k = 0; k < rows.size(); ++k)
                if (at_->has_row(rows[k].part, rows[k].sender)) holds.rows.insert(k);
            return say(std::move(holds));
        }
        }
    }
    template <class Body>
    void say(Body body) {
        if (detail::shape(conduct_, std::as_const(*this), body))
            proceedings_.submit(encode(wire::said<Body>{proceedings_.aftermath(), std::move(body)}));
    }
    [[nodiscard]] digest own_commitment() const {
        std::uint64_t const draw = at_->record.draw();
        return commitment_to(share(at_->step(), draw), {setup_.run, next_.epoch, at_->step(), draw}, setup_.self);
    }
    [[nodiscard]] bool checks_state() const { return at_->step() % setup_.rules.state_every == 0; }

    /// Aggregates the own parts and sends them to all; complains about rows that are not here.
    void make_parts(std::vector<wire::part_result>& made, std::vector<wire::complaint>* missed, bool complained) {
        for (part_id const part : at_->parts_of(at_->self)) {
            if (complained && !at_->part(part).complained) continue;
            auto const rows = at_->all_values(part);
            if (!rows) {
                if (missed == nullptr) continue;
                for (peer_id const sender : at_->senders(part))
                    if (!at_->has_row(part, sender)) missed->push_back({part, sender});
                continue;
            }
            auto values = bench_.make_part(at_->record, part, *rows, at_->given_slice(part), &reports_[part]);
            detail::shape_part(conduct_, std::as_const(*this), part, values);
            made.push_back({part, hash_of(std::span<float const>(values))});
            post_all(wire::aggregate{at_->step(), part, values});
            at_->aggregates[std::size_t(part)] = std::move(values);
        }
    }

    // ---- audits

    void begin_audits(time_point now) {
        audits_.clear();
        if (!last_) return;
        for (auto const& [validator, target] : last_->record.pairs()) {
            if (last_->key(validator) != setup_.self) continue;
            if (std::ranges::find(audits_, target) != audits_.end()) continue; // two cycles may draw it twice
            audits_.push_back(target);
            ask_gradient(*last_, target, last_->record.weight(target));
            for (part_id const part : last_->parts_of(target)) {
                if (!last_->part(part).aggregate) continue;
                for (peer_id const sender : last_->senders(part))
                    exchange_.want_row(*last_, part, sender, last_->others({target, sender}), now);
            }
        }
    }
    [[nodiscard]] bool audits_done() const {
        for (peer_id const target : audits_) {
            if (!recomputed_.contains(last_->key(target))) return false;
            for (part_id const part : last_->parts_of(target))
                if (last_->part(part).aggregate && !last_->all_values(part)) return false;
        }
        return true;
    }
    void ask_gradient(step_state const& in, peer_id whose, double microbatches) {
        actions_.push_back(act::compute{in.step(), in.key(whose), in.record.gradient_seed_of(whose), std::uint32_t(microbatches)});
    }
    [[nodiscard]] wire::accuse accusations() {
        wire::accuse said;
        auto const accuse = [&](wire::accusation const& what, std::optional<wire::evidence> shown) {
            if (shown) at_->shown.emplace(what.evidence, *std::move(shown));
            said.accusations.push_back(what);
        };
        for (part_id const part : at_->parts_of(at_->self)) check_rows_of(part, accuse);
        for (peer_id const target : audits_) {
            auto const at = recomputed_.find(last_->key(target));
            if (at == recomputed_.end()) continue; // neither right nor wrong: it could not be computed in time
            auto found = examine_target(bench_, *last_, at_->step(), target, at->second);
            for (auto& [what, shown] : found.accusations) accuse(what, std::move(shown));
            for (part_id const part : found.demands) said.demands.push_back(part);
            if (found.clean) said.cleans.push_back({target, last_->step()});
        }
        return said;
    }
    /// The owner of a part has its rows, and so knows every testimony about it.
    void check_rows_of(part_id part, auto&& accuse) {
        for (auto const& [name, row] : at_->malformed) {
            if (name.first != part) continue;
            wire::evidence shown{{row}, at_->step()};
            accuse({row.sender, at_->step(), wire::charge::shape, part, hash_of(shown)}, shown);
        }
        if (!at_->part(part).stands) return;
        auto const said = at_->judge->said(part);
        std::vector<float const*> rows;
        for (auto const& one : said) rows.push_back(at_->values(part, one.first));
        if (std::ranges::find(rows, nullptr) != rows.end()) return;
        auto const right = testify(bench_.on, bench_.rule,
                                   matrix_view<float const>(std::span<float const* const>(rows), at_->cut().size(part)),
                                   at_->aggregate(part), bench_.z_of(at_->record, part));
        for (std::size_t k = 0; k < said.size(); ++k) {
            if (said[k].first == at_->self || right[k] == said[k].second) continue;
            wire::evidence shown{{at_->row(part, said[k].first).value()}, at_->step()};
            accuse({said[k].first, at_->step(), wire::charge::testimony, part, hash_of(shown)}, shown);
        }
    }
    [[nodiscard]] wire::ballot ballot_on(wire::accusation const& what) const {
        if (what.of != wire::charge::gradient) return {};
        auto const at = recomputed_.find(last_->key(what.target));
        if (at == recomputed_.end()) return {wire::opinion::cannot, 0};
        bool const same = root_of(at->second, *last_) == last_->record.root(what.target);
        return {same ? wire::opinion::slander : wire::opinion::guilty, 0};
    }

    // ---- what everybody said

    /// The log is there; is what it says that most have, here too?
    [[nodiscard]] bool gathered() {
        if (phase_ >= phase::testimony && !has_standing()) return false;
        if (phase_ == phase::vote) {
            if (!vote_) vote_ = proceedings_.template read<wire::vote>();
            return has_evidence(at_->judge->held_by_most(vote_->log));
        }
        if (phase_ == phase::open) {
            if (!open_) open_ = proceedings_.template read<wire::open>();
            return has_rows(at_->judge->opened_by_most(open_->log, opened_));
        }
        return true;
    }
    void close(time_point now) {
        base_ = proceedings_.next_from(now);
        short_base_ = proceedings_.short_from();
        switch (phase_) {
        case phase::commit: return close_commit(read<wire::commit>(), now);
        case phase::result: return close_result(read<wire::result>(), now);
        case phase::have: against(at_->record.read(read<wire::have>())); return enter(phase::result_again, now);
        case phase::result_again: against(at_->record.read(read<wire::result_again>())); return enter(phase::reveal, now);
        case phase::share: against(at_->record.read(read<wire::share>())); return enter(phase::reveal, now);
        case phase::reveal:
            against(at_->record.read(read<wire::reveal>(), setup_.run, next_.epoch));
            return enter(at_->record.value() ? phase::testimony : phase::share, now);
        case phase::testimony: return close_testimony(read<wire::testify>(), now);
        case phase::accuse:
            against(at_->judge->read(read<wire::accuse>()));
            if (at_->judge->needs_vote()) return enter(phase::vote, now);
            return check_parts(now);
        case phase::vote: return close_vote(now);
        case phase::open: return close_open(now);
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
        auto const verdict = proceedings_.judge_last(faults(), reports);
        if (verdict.charges.empty() && verdict.proofs.empty()) return;
        auto const& then = proceedings_.last_members();
        for (auto const& [member, sender, millionths] : verdict.charges) {
            public_key const& pays = then.key(member);
            bool const spent = member == sender ? standing_.charge(pays, millionths, at_->step())
                                                : standing_.charge_share(pays, then.key(sender), millionths, at_->step());
            if (spent) against_key(pays, offence::points);
        }
        for (auto const& proof : verdict.proofs) against_key(then.key(proof.member), offence::equivocation);
    }
    void against(offences const& list) {
        for (auto const& [who, what] : list) note(offences_, who, what);
    }
    void against_key(public_key const& whom, offence what) {
        if (auto const who = members_->find(whom)) note(offences_, *who, what);
    }
    void charge(peer_id who) {
        if (standing_.charge(members_->key(who), point, at_->step())) note(offences_, who, offence::points);
    }

    /// False gradients of f members can make all others distant, in all parts and at each step: one point a window.
    void charge_distant(peer_id who) {
        public_key const key = members_->key(who);
        if (standing_.charge_share(key, key, point, at_->step())) note(offences_, who, offence::points);
    }

    void close_commit(agreed_log<wire::commit> const& log, time_point now) {
        against(at_->record.read(log));
        at_->committed = true;
        at_->aggregates.resize(at_->record.parts().size());
        for (std::size_t k = 0; k < log.size(); ++k)
            if (log[k].present() && log[k].body.leaves) note(offences_, peer_id(k), offence::leave);
        if (checks_state() && state_) check_state(log);
        if (at_->record.committed().contains(std::size_t(at_->self)))
            for (std::size_t j = 0; j < at_->record.parts().size(); ++j) send_part(part_id(j));
        enter(phase::result, now);
    }
    void check_state(agreed_log<wire::commit> const& log) {
        std::map<digest, std::size_t> votes;
        for (auto const& entry : log)
            if (entry.present() && entry.body.state) ++votes[*entry.body.state];
        for (auto const& [state, count] : votes)
            if (count >= quorum_of(members_->size(), faults()) && state != *state_)
                actions_.push_back(act::diverged{at_->step(), state});
    }
    /// To the owner; through somebody else, if the two are in dispute.
    void send_part(part_id part) {
        peer_id const owner = at_->part(part).owner;
        if (owner == at_->self || !at_->part(part).rows.contains(std::size_t(at_->self))) return;
        auto const via = carrier(at_->self, owner);
        if (!standing_.in_dispute(setup_.self, at_->key(owner), at_->step())) post(at_->key(owner), at_->own_row(part));
        else if (via) post(at_->key(*via), at_->own_row(part));
        else post_all(at_->own_row(part));
    }
    [[nodiscard]] std::optional<peer_id> carrier(peer_id sender, peer_id owner) const {
        std::vector<peer_id> may;
        for (std::size_t k = 0; k < members_->size(); ++k) {
            peer_id const one{std::uint32_t(k)};
            auto const quarrels = [&](peer_id with) { return standing_.in_dispute(at_->key(one), at_->key(with), at_->step()); };
            if (one != sender && one != owner && !quarrels(sender) && !quarrels(owner)) may.push_back(one);
        }
        return draw_carrier(at_->context.before, at_->key(sender), at_->key(owner), may);
    }
    /// Hands on what goes through this peer.
    [[nodiscard]] bool carries(public_key const& from, wire::row const& m) {
        if (std::size_t(m.sender) >= members_->size() || std::size_t(m.part) >= at_->record.parts().size()) return false;
        peer_id const owner = at_->part(m.part).owner;
        if (owner == at_->self || from != at_->key(m.sender)) return false;
        if (!standing_.in_dispute(from, at_->key(owner), at_->step()) || carrier(m.sender, owner) != at_->self) return false;
        post(at_->key(owner), m);
        return true;
    }

    void close_result(agreed_log<wire::result> const& log, time_point now) {
        against(at_->record.read(log));
        at_->resulted = true;
        for (auto const& missed : at_->record.complaints())
            standing_.note_complaint(at_->key(missed.owner), at_->key(missed.sender), at_->step());
        enter(at_->record.complaints().empty() ? phase::reveal : phase::have, now);
    }
    void close_testimony(agreed_log<wire::testify> const& log, time_point now) {
        at_->judge.emplace(at_->record, last_ ? &last_->record : nullptr);
        norms_.assign(at_->record.parts().size(), 0.0);
        for (part_id const part : at_->record.standing_parts())
            norms_[std::size_t(part)] = norm_of(bench_.z_of(at_->record, part), at_->cut().size(part));
        against(at_->judge->read(log, [&](part_id part, testimony const& said) {
            return malformed(said, bench_.rule, norms_[std::size_t(part)]);
        }));
        enter(phase::accuse, now);
    }

    void close_vote(time_point now) {
        auto& judge = *at_->judge;
        contested(vote_->reports);
        against(judge.read(vote_->log, [&](std::size_t k) { return convicts(judge.accusations()[k].what); }));
        vote_.reset();
        for (std::size_t k = 0; k < judge.accusations().size(); ++k) {
            auto const& [by, what] = judge.accusations()[k];
            if (judge.verdicts()[k] == verdict::hidden) charge(by);
            bool const lie = what.of == wire::charge::testimony && what.step == at_->step();
            if (lie && judge.verdicts()[k] == verdict::guilty)
                correct(what.part, what.target, at_->shown.at(what.evidence).rows.front().values);
        }
        std::set<part_id> unseen;
        for (std::size_t k = 0; k < judge.shown().size(); ++k) {
            auto const& row = judge.shown()[k];
            if (row.of_before) {
                if (!judge.seen(k)) unseen.insert(row.part);
            } else if (judge.seen(k)) {
                correct(row.part, row.sender, {at_->values(row.part, row.sender), at_->cut().size(row.part)});
            } else {
                judge.remove(row.part);
            }
        }
        for (part_id const part : judge.demanded()) {
            if (unseen.contains(part)) continue;
            auto const made = bench_.make_part(last_->record, part, last_->all_values(part).value(), last_->given_slice(part));
            if (hash_of(std::span<float const>(made)) != last_->part(part).aggregate) against(judge.convict_before(part));
        }
        check_parts(now);
    }
    void correct(part_id part, peer_id of, std::span<float const> row) {
        at_->judge->correct(part, of, bench_.right_testimony(at_->record, part, row, at_->aggregate(part)));
    }
    /// A function of the log and of evidence that most hold.
    [[nodiscard]] bool convicts(wire::accusation const& what) const {
        auto const& in = what.step == at_->step() ? *at_ : *last_;
        auto const& shown = at_->shown.at(what.evidence);
        switch (what.of) {
        case wire::charge::shape: return bench_.shows_shape(in.record, shown, what.target, what.part);
        case wire::charge::result:
            return in.part(what.part).owner == what.target &&
                   bench_.shows_wrong_result(in.record, shown, what.part, in.given_slice(what.part));
        case wire::charge::testimony: {
            auto const standing = in.judge->standing();
            if (std::ranges::find(standing, what.part) == standing.end()) return false;
            for (auto const& [who, said] : in.judge->said(what.part))
                if (who == what.target)
                    return bench_.shows_false_testimony(in.record, shown, who, what.part, in.aggregate(what.part), said);
            return false;
        }
        case wire::charge::gradient: break; // ballots
        }
        return false;
    }

    /// VB and VC, on what is known by now of every row.
    void check_parts(time_point now) {
        auto& judge = *at_->judge;
        opened_.clear();
        far_.clear();
        for (part_id const part : judge.standing()) {
            if (!judge.stands(part)) continue;
            std::vector<testimony> said;
            std::vector<double> weights;
            for (auto const& [who, one] : judge.said(part)) {
                said.push_back(one);
                weights.push_back(at_->record.weight(who));
            }
            if (said.size() != at_->part(part).rows.count()) {
                judge.remove(part);
                continue;
            }
            std::size_t const length = at_->cut().size(part);
            auto const check = check_sum(bench_.rule, std::span<testimony const>(said), std::span<double const>(weights), length,
                                         norms_[std::size_t(part)], norm(at_->aggregate(part)));
            bool const far = setup_.rules.far && too_many_far(said, *setup_.rules.far, faults());
            if (check.passed() && check.tolerance > 0) worst_sum_ = std::max(worst_sum_, check.sum / check.tolerance);
            if (!check.passed() || far) opened_.push_back(part);
            if (far) far_.insert(part);
        }
        if (opened_.empty()) return finish(now);
        enter(phase::open, now);
    }
    void close_open(time_point now) {
        auto& judge = *at_->judge;
        contested(open_->reports);
        auto const held = judge.opened_by_most(open_->log, opened_);
        against(judge.read(open_->log, opened_));
        open_.reset();
        for (part_id const part : opened_) {
            std::size_t const count = std::size_t(std::ranges::count(held, part, &shown_row::part));
            if (count != at_->part(part).rows.count()) continue; // it has been removed
            auto const made = bench_.make_part(at_->record, part, at_->all_values(part).value(), at_->given_slice(part));
            bool const wrong = hash_of(std::span<float const>(made)) != at_->part(part).aggregate;
            std::vector<peer_id> liars, distant;
            for (auto const& [who, said] : judge.said(part)) {
                auto const right = bench_.right_testimony(at_->record, part, {at_->values(part, who), at_->cut().size(part)},
                                                          at_->aggregate(part));
                if (right != said) liars.push_back(who);
                if (far_.contains(part) && right.distance > *setup_.rules.far) distant.push_back(who);
            }
            against(judge.convict(part, wrong, liars));
            if (!wrong && liars.empty())
                for (peer_id const who : distant) charge_distant(who);
        }
        finish(now);
    }

    // ---- the end of a step

    void finish(time_point) {
        std::vector<float> aggregate(bench_.size);
        auto const cut = at_->cut();
        for (part_id const part : at_->judge->standing()) {
            if (!at_->judge->stands(part)) continue;
            std::ranges::copy(at_->aggregate(part), cut.slice(std::span(aggregate), part).begin());
            std::ranges::copy(at_->aggregate(part), cut.slice(std::span(given_), part).begin());
        }
        note_quarrels();
        std::uint64_t const step = at_->step();
        std::vector<bool> out(members_->size());
        std::ranges::sort(offences_);
        for (auto const& [who, what] : offences_) {
            public_key const key = members_->key(who);
            out[std::size_t(who)] = true;
            if (is_ban(what)) banned_.insert(key);
            else if (is_strike(what)) standing_.note_strike(key, step);
            else if (what == offence::absence) standing_.note_absence(key, step);
            actions_.push_back(act::removed{step, key, what});
        }
        for (auto const& [key, what] : at_->judge->convicted_gone()) {
            if (banned_.insert(key).second) actions_.push_back(act::removed{step, key, what}); // else it is known
        }
        prepare_next(out);
        running_ = false;
        if (!next_has_self()) gone_ = true;
        else actions_.push_back(act::apply{step, std::move(aggregate)});
    }
    void note_quarrels() {
        std::vector<public_key> keys;
        for (auto const& one : members_->members()) keys.push_back(one.key);
        for (std::size_t k = 0; k < keys.size(); ++k)
            if (standing_.quarrels_too_much(keys[k], keys, at_->step())) note(offences_, peer_id(k), offence::quarrels);
    }
    /// Roster, idle validators and randomness of the step that follows.
    void prepare_next(std::vector<bool> const& out) {
        auto const idle = at_->record.pairs().first(std::min(at_->record.pairs().size(), setup_.rules.validators));
        next_.step = at_->step() + 1;
        next_.before = at_->record.value().value();
        next_.idle.clear();
        if (std::ranges::find(out, true) != out.end()) {
            ++next_.epoch;
            std::erase_if(next_.roster, [&](log_member const& one) { return out[std::size_t(*members_->find(one.key))]; });
        }
        auto const then = std::exchange(members_, out.empty() ? members_ : std::make_shared<roster const>(next_.roster));
        for (auto const& pair : idle)
            if (auto const who = members_->find(then->key(pair.validator)))
                if (std::ranges::find(next_.idle, *who) == next_.idle.end()) next_.idle.push_back(*who);
        std::ranges::sort(next_.idle);
    }
    [[nodiscard]] bool next_has_self() const { return members_->find(setup_.self).has_value(); }

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

    peer_setup setup_;
    court<B, A> bench_;
    [[no_unique_address]] C conduct_;
    // over all steps
    btard::standing standing_;
    proceedings<S> proceedings_;
    exchange exchange_;
    std::shared_ptr<roster const> members_;
    step_context next_;         // of the step that is going on, or the next one
    std::vector<float> given_;  // (size)
    std::set<public_key> banned_;
    double worst_sum_ = 0;
    bool leaves_ = false, gone_ = false, running_ = false;
    std::deque<peer_action> actions_;
    // of the step
    std::unique_ptr<step_state> at_, last_;
    std::optional<digest> state_;
    bool works_ = false;
    std::uint32_t microbatches_ = 0;
    offences offences_;
    std::vector<peer_id> audits_; // targets, in the roster of the step before
    std::map<public_key, std::vector<float>> recomputed_; // gradients of the step before
    std::map<part_id, aggregation_report> reports_;       // of the own parts
    std::vector<double> norms_;                           // (parts) of z
    std::vector<part_id> opened_;
    std::set<part_id> far_;
    // of the phase
    phase phase_ = phase::commit;
    bool spoke_ = false;
    time_point speak_at_{}, halfway_{}, base_{}, short_base_{};
    std::optional<typename proceedings<S>::template minutes<wire::vote>> vote_;
    std::optional<typename proceedings<S>::template minutes<wire::open>> open_;
};

} // namespace btard
