// btard/protocol/log/broadcast.hpp: agreement of all members on what everybody said in one phase of a step.
// SPDX-License-Identifier: Apache-2.0
#pragma once

//   collecting --all bodies here-------------------------> listed
//        |  D: ask all for what is missing                   ^
//        +------> pulling --all here, or D + delta-----------+     the own list is signed, once
//                    |  D + delta, bodies of less than a quorum
//                    +------> alone --a quorum--> pulling          not even a list: pause
//
//   listed --D + 2 delta: certificate of the own list, nobody in it signed another one--> fetching
//      |  otherwise
//      +--> asking (round 0: lists to all) --D + 3 delta--> relaying (rounds 1 .. f+1) --> paused
//              ^                                                ^                            |
//              |       a quorum is heard, and nothing for f + 3 intervals                    |
//              +------------------------------------------------|----------------------------+
//                                    somebody else begins one   +----------------------------+
//
//   any of these --full certificate: all in the list signed it--> fetching --all its bodies here--> closed
//                --a quorum signed the outcome of its relay-----> fetching
//
//   Closed members go on answering questions.

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/log/body_store.hpp>
#include <btard/protocol/log/broadcast_setup.hpp>
#include <btard/protocol/log/broadcast_times.hpp>
#include <btard/protocol/log/digest_tally.hpp>
#include <btard/protocol/log/list_vote.hpp>
#include <btard/protocol/log/log_actions.hpp>
#include <btard/protocol/log/log_outbox.hpp>
#include <btard/protocol/log/log_outcome.hpp>
#include <btard/protocol/log/log_relay.hpp>
#include <btard/protocol/log/relay_repeat.hpp>
#include <btard/protocol/log/relay_set.hpp>
#include <btard/protocol/log/statement_check.hpp>
#include <btard/protocol/signer.hpp>
#include <btard/protocol/wire/equivocation.hpp>
#include <btard/protocol/wire/log_list.hpp>
#include <btard/protocol/wire/log_messages.hpp>
#include <btard/protocol/wire/statement.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

/// One phase as one member sees it.  `docs/protocol.md`, "Agreement on the broadcast log".
template <signer S, broadcast_rules rules = broadcast_rules{}>
class broadcast {
public:
    /// The signer and the roster stay where they are.
    broadcast(S const& with, broadcast_setup const& setup)
        : setup_(checked(setup)), check_(with, setup), out_(size()), times_(setup), bodies_(setup),
          vote_(setup, rules.quorum_of_signers ? setup.quorum : setup.faults,
                rules.only_slots_vote ? setup.left_out : std::vector<bool>{}),
          relay_(setup), again_(setup), outcome_(setup) {}

    // ---- commands

    /// The own body; at once to all.  One that is left out has nothing to say.
    void submit(std::vector<std::byte> body) {
        expects(!spoke(), "this member has sent its body");
        if (!check_.has_slot(setup_.self)) return;
        out_.to_all(bodies_.sign(std::move(body), check_));
        list_if_complete();
    }
    /// A message of a later phase came from there: it has closed this one, and is asked how.
    void handle_later(peer_id from) {
        if (from != setup_.self && check_.is_member(from) && !decided())
            out_.to_one(from, certificate_question());
    }
    /// The phase before was closed with a full certificate, of which this member has learned just now: D is earlier.
    void hasten(time_point deadline) {
        if (deadline >= times_.deadline() || (stage_ != collecting && stage_ != listed)) return;
        times_.hasten(deadline);
        if (stage_ == listed) times_.wait_until(2);
    }
    /// Somebody, nobody knows who, may have closed this phase early.
    void ask_for_certificate() {
        if (!decided()) out_.to_all(certificate_question());
    }

    // ---- what came in

    void handle_message(peer_id from, wire::log_message const& message) {
        if (from == setup_.self || !check_.is_member(from)) return;
        std::visit([&](auto const& m) { on(from, m); }, message);
    }
    void handle_timeout(time_point now) {
        while (stage_ != broadcast_stage::closed && times_.due() <= now) advance(now);
    }

    // ---- what goes out

    [[nodiscard]] std::optional<log_action> poll_action() { return out_.poll(); }
    [[nodiscard]] std::optional<time_point> poll_deadline() const {
        if (stage_ == broadcast_stage::closed) return {};
        return times_.due();
    }

    // ---- getters

    [[nodiscard]] broadcast_stage where() const { return stage_; }
    /// There is a body of this member; from elsewhere, if its key is used twice.
    [[nodiscard]] bool spoke() const { return !bodies_.of(setup_.self).empty(); }
    /// It is not left out from the start.
    [[nodiscard]] bool has_slot(peer_id member) const { return check_.has_slot(member); }
    [[nodiscard]] bool decided() const { return outcome_.decided(); }
    [[nodiscard]] closed_by how() const { return outcome_.how(); }
    [[nodiscard]] log_list const& log() const { return outcome_.log(); }        ///< when decided
    [[nodiscard]] log_list const& own_list() const { return vote_.own().list; } ///< when signed
    [[nodiscard]] bool relayed() const { return relayed_; }                     ///< a relay was begun
    [[nodiscard]] time_point deadline() const { return times_.deadline(); }     ///< D, later after a pause
    /// Messages that no honest member sends.
    [[nodiscard]] std::uint64_t offences() const { return check_.offences(); }
    [[nodiscard]] digest_tally const& digests() const { return vote_.tally(); }
    [[nodiscard]] relay_set const& relay() const { return relay_.accepted(); }
    /// A body of it is here.
    [[nodiscard]] bool has_spoken(peer_id member) const { return !bodies_.of(member).empty(); }
    /// The bytes of a body of the log; when closed, of each member with one.
    [[nodiscard]] std::span<std::byte const> body(peer_id member) const {
        return bodies_.bytes(member, log().at(static_cast<std::size_t>(member)));
    }
    /// The same with its signature; null where there is none.
    [[nodiscard]] wire::signed_body const* whole_body(peer_id member) const {
        auto const& entry = log().at(static_cast<std::size_t>(member));
        auto const* held = entry.kind == entry_kind::body ? bodies_.find(member, entry.hash) : nullptr;
        return held ? &held->body : nullptr;
    }
    /// Two bodies that this member signed, if it did.
    [[nodiscard]] std::optional<equivocation> equivocated(peer_id member) const {
        return bodies_.equivocated(setup_.in, member);
    }
    /// For later readers.  After a relay there is one when a quorum has signed what came out.
    [[nodiscard]] std::optional<wire::log_certificate> certificate() const { return outcome_.certificate(); }
    /// From when the deadline of the next phase counts: others may still be in the relay.
    [[nodiscard]] time_point next_from() const {
        return times_.after(how() == closed_by::full_certificate ? 3 : setup_.faults + 4);
    }
    /// `not_waited_for` of the next phase: of whom there was no body here, or no digest.
    [[nodiscard]] std::vector<bool> silent() const { return digests().silent(log()); }

private:
    using enum broadcast_stage;

    [[nodiscard]] std::size_t size() const { return setup_.members.size(); }
    [[nodiscard]] wire::log_question certificate_question() const {
        return {.at = setup_.in.at, .certificate = true};
    }

    // ---- bodies, until everything is here: then there is no need to wait

    void on(peer_id, wire::signed_body const& m) {
        auto const wanted = stage_ == fetching ? std::span(log()) : std::span<list_entry const>{};
        if (!bodies_.take(m, wanted, check_, out_)) return;
        list_if_complete();
        close_if_complete();
    }
    void list_if_complete() {
        if (vote_.is_signed() || stage_ > alone || !bodies_.complete()) return;
        if (stage_ == alone) times_.count_anew(0);
        sign_list();
    }
    void sign_list() {
        stage_ = listed;
        times_.wait_until(2);
        close_if_full(vote_.sign(bodies_.list(), check_, out_));
    }

    // ---- digests, until everybody has signed the same

    void on(peer_id, wire::signed_digest const& m) { close_if_full(vote_.take(m, check_, out_)); }
    void on(peer_id, wire::signed_list const& m) { close_if_full(vote_.take(m, check_, out_)); }
    void close_if_full(std::optional<wire::log_certificate> full) {
        if (full && !decided()) decide(closed_by::full_certificate, *std::move(full));
        else if (full) prefer(*std::move(full));
    }
    void on(peer_id, wire::log_certificate const& c) {
        if (decided()) {
            bool const helps = how() != closed_by::full_certificate && !c.outcome && c.list == log();
            if (helps && vote_.valid(c, check_) && is_full(c)) prefer(c);
            return;
        }
        auto const hash = vote_.valid(c, check_);
        if (!hash) return;
        // With an outcome an honest member has closed: q > f.
        if (c.outcome) decide(closed_by::outcome_certificate, c);
        else if (is_full(c)) decide(closed_by::full_certificate, c);
        else relay_.take(c, *hash);
    }

    // ---- the relay, when they have not

    void on(peer_id from, wire::relayed_body const& m) {
        if (decided()) return;
        join_if_begun(from, m.relays);
        if (relay_.take(m, bodies_, check_, out_)) list_if_complete();
    }
    void on(peer_id from, wire::relayed_certificate const& m) {
        if (decided()) return;
        join_if_begun(from, m.relays);
        if (m.certificate.outcome) return void(check_.refuse());
        auto const hash = vote_.valid(m.certificate, check_);
        if (!hash) return;
        if (is_full(m.certificate)) decide(closed_by::full_certificate, m.certificate);
        else relay_.take(m, *hash, check_, out_);
    }
    void on(peer_id, wire::signed_outcome const& m) {
        outcome_.take(m, check_);
        if (!decided()) settle();
    }
    /// A relay came to nothing, and somebody else begins the next one: all must begin it together.  Not before what
    /// came out of the last one has had the time to close the phase.
    void join_if_begun(peer_id from, std::span<wire::member_signature const> relays) {
        bool const may = stage_ == paused ? again_.may_join() : stage_ == asking && again_.repeats();
        if (begins_relay(from, relays) && may && !is_cut_off() && again_.join(from)) times_.be_due();
    }

    // ---- questions: everybody answers, closed or not

    void on(peer_id from, wire::log_question const& q) {
        if (q.at != setup_.in.at || q.bodies.size() > size()) return void(check_.refuse());
        if (!bodies_.answer(from, q, check_, out_)) return;
        if (auto known = q.certificate ? certificate() : std::nullopt) out_.to_one(from, *std::move(known));
        if (q.digest && vote_.is_signed()) out_.to_one(from, vote_.own());
    }

    // ---- times

    void advance(time_point now) {
        switch (stage_) {
        case collecting:
            if (times_.due() < deadline() && !bodies_.missing_only(setup_.not_waited_for))
                return times_.wait_until(0);
            stage_ = pulling;
            times_.wait_longer();
            return out_.to_all(wire::log_question{.at = setup_.in.at, .bodies = bodies_.missing()});
        case pulling:
            if (bodies_.count() < setup_.quorum) return pause(alone, bodies_.count(), now);
            return sign_list();
        case listed: return close_or_ask();
        case asking:
            if (again_.take_join()) times_.count_from(now, 3);
            return begin_relay();
        case relaying:
            if (relay_.in_last_round()) return end_relay(now);
            relay_.begin_next_round();
            return times_.wait_until(3 + relay_.round());
        case alone:
            if (bodies_.count() < setup_.quorum) return ask_again(now);
            stage_ = collecting;
            return times_.count_anew(0);
        case paused: return go_on_after_pause(now);
        case fetching: return ask_again(now);
        case closed: return;
        }
    }
    void close_or_ask() {
        bool const open = rules.differing_digest_keeps_open && vote_.contradicted();
        auto mine = vote_.own_certificate();
        if (!mine || open) return ask_before_relay();
        out_.to_all(outcome_.sign(mine->list, check_)); // a quorum of these shows it to those that come later
        decide(closed_by::certificate, *std::move(mine));
    }
    void ask_before_relay() {
        stage_ = asking;
        times_.wait_until(3);
        relayed_ = true;
        out_.to_all(vote_.own());
        ask_for_certificate();
    }
    void begin_relay() {
        stage_ = relaying;
        relay_.begin(vote_, bodies_, check_, out_, again_.repeats());
        times_.wait_until(3 + relay_.round());
    }
    /// What came out counts when a quorum says so: a member whose clock is another one decides nothing alone.
    void end_relay(time_point now) {
        relay_.end();
        again_.end_relay();
        if (is_cut_off()) return pause(paused, digests().heard(), now);
        stage_ = paused;
        times_.wait_from(now);
        out_.to_all(outcome_.sign(again_.conclude(relay()), check_));
        settle();
    }
    void settle() {
        if (auto const* const agreed = again_.agreed(outcome_, relay())) decide(closed_by::relay, *agreed);
    }
    void go_on_after_pause(time_point now) {
        if (is_cut_off()) return ask_again(now);
        if (again_.take_join()) {
            times_.count_from(now, 3);
            return begin_relay();
        }
        if (auto const hash = again_.just_came_out())
            out_.put(act::log_paused{outcome_.count(*hash), setup_.quorum});
        if (again_.wait()) return ask_again(now);
        times_.count_from(now, 2);
        ask_before_relay();
    }
    /// Too few are heard; or enough have signed a list that did not come.  One of them is honest, and has sent it to all
    /// or answered the question for it: what this member sends does not arrive, and it must decide nothing alone.
    [[nodiscard]] bool is_cut_off() const {
        auto const& known = relay().certified();
        return digests().heard() < setup_.quorum || digests().hides_list(setup_.quorum, [&](digest const& hash) {
                   return std::ranges::find(known, hash) != known.end();
               });
    }
    void pause(broadcast_stage into, std::size_t heard, time_point now) {
        stage_ = into;
        out_.put(act::log_paused{heard, setup_.quorum});
        ask_again(now);
    }
    void ask_again(time_point now) {
        times_.wait_from(now);
        if (stage_ == paused) {
            out_.to_all(vote_.own());
            if (auto const* const mine = outcome_.own(check_)) out_.to_all(*mine);
        }
        if (stage_ == alone)
            for (auto const& mine : bodies_.of(setup_.self)) out_.to_all(mine.body);
        out_.to_all(wire::log_question{.at = setup_.in.at,
                                       .bodies = decided() ? bodies_.missing(log()) : bodies_.missing(),
                                       .certificate = !decided(),
                                       .digest = !decided()});
    }

    // ---- the end

    void decide(closed_by how, wire::log_certificate with) {
        if (!with.outcome) vote_.learn(with, out_);
        outcome_.decide(how, std::move(with));
        stage_ = fetching;
        times_.wait_longer();
        if (auto lack = bodies_.missing(log()); !lack.empty())
            out_.to_all(wire::log_question{.at = setup_.in.at, .bodies = std::move(lack)});
        close_if_complete();
    }
    /// A full certificate that came too late to close with.  The next phase counts from it, for all: those who closed
    /// with it do not wait for a relay, and the times of members must not be far apart.
    void prefer(wire::log_certificate full) {
        if (how() == closed_by::full_certificate || full.list != log()) return;
        out_.to_all(full);
        vote_.learn(full, out_);
        outcome_.decide(closed_by::full_certificate, std::move(full));
    }
    void close_if_complete() {
        if (stage_ != fetching || !bodies_.missing(log()).empty()) return;
        stage_ = closed;
        out_.put(act::log_closed{how(), hash_of(log())});
    }

    broadcast_setup setup_;
    statement_checker<S> check_;
    log_outbox out_;
    broadcast_stage stage_ = broadcast_stage::collecting;
    broadcast_times times_;
    body_store bodies_;
    list_vote vote_;
    log_relay<rules> relay_;
    relay_repeat again_;
    log_outcome outcome_;
    bool relayed_ = false;
};

} // namespace btard
