// btard/protocol/broadcast.hpp: agreement of all members on what everybody said in one phase of a step.
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
//      +--> asking (round 0: lists to all) --D + 3 delta--> relaying (rounds 1 .. f+1) --quorum--> fetching
//                                                               |  digests of less than a quorum
//                                                               +------> paused --a quorum--> listed
//
//   any of these --full certificate: all in the list signed it--> fetching --all its bodies here--> closed
//                --a quorum signed the outcome of its relay-----> fetching
//
//   Closed members go on answering questions.

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/crypto/sha256.hpp>
#include <btard/protocol/body_store.hpp>
#include <btard/protocol/broadcast_setup.hpp>
#include <btard/protocol/digest_tally.hpp>
#include <btard/protocol/log_list.hpp>
#include <btard/protocol/log_messages.hpp>
#include <btard/protocol/relay_set.hpp>
#include <btard/protocol/signer.hpp>
#include <btard/protocol/statement.hpp>
#include <btard/protocol/statement_check.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
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
        : setup_(setup), check_(with, setup), bodies_(setup.members.size()), digests_(setup.members.size()),
          relay_(setup.members.size()), outcomes_(setup.members.size()), proved_(2 * setup.members.size()),
          deadline_(setup.deadline), looks_early_(!setup.not_waited_for.empty()) {
        std::size_t const n = setup.members.size();
        expects(static_cast<std::size_t>(setup.self) < n, "member ", static_cast<std::size_t>(setup.self),
                " of ", n);
        expects(setup.quorum > setup.faults && setup.quorum <= n, "a quorum of ", setup.quorum, " among ", n,
                " members, ", setup.faults, " of which may lie");
        expects(!looks_early_ || (setup.not_waited_for.size() == n && setup.short_deadline <= setup.deadline),
                setup.not_waited_for.size(), " members of ", n,
                " may be waited for less, and not longer than others");
        expects(setup.interval.count() > 0, "the relay interval is ", setup.interval.count(), " ns");
    }

    // ---- commands

    /// The own body; at once to all.
    void submit(std::vector<std::byte> body) {
        expects(bodies_.of(setup_.self).empty(), "this member has sent its body");
        digest const hash = sha256_of(body);
        wire::signed_body mine{setup_.in.at, setup_.self, std::move(body),
                               check_.sign(statement::body, hash, setup_.self)};
        bodies_.add(hash, mine);
        to_all(std::move(mine));
        list_if_complete();
    }
    /// A message of a later phase came from there: it has closed this one, and is asked how.
    void handle_later(peer_id from) {
        if (from != setup_.self && static_cast<std::size_t>(from) < size() && !decided())
            to_one(from, wire::log_question{.at = setup_.in.at, .certificate = true});
    }

    /// Others may have closed it already: whoever has says how.
    void ask_for_certificate() {
        if (!decided()) to_all(wire::log_question{.at = setup_.in.at, .certificate = true});
    }

    // ---- what came in

    void handle_message(peer_id from, wire::log_message const& message) {
        if (from == setup_.self || static_cast<std::size_t>(from) >= size()) return;
        std::visit([&](auto const& m) { on(from, m); }, message);
    }
    void handle_timeout(time_point now) {
        for (auto next = poll_deadline(); next && *next <= now; next = poll_deadline()) advance(*next, now);
    }

    // ---- what goes out

    [[nodiscard]] std::optional<log_action> poll_action() {
        if (actions_.empty()) return {};
        log_action next = std::move(actions_.front());
        actions_.pop_front();
        return next;
    }
    [[nodiscard]] std::optional<time_point> poll_deadline() const {
        auto const at = [&](std::size_t intervals) {
            return deadline_ + static_cast<std::int64_t>(intervals) * setup_.interval;
        };
        switch (stage_) {
        case broadcast_stage::collecting: return looks_early_ ? setup_.short_deadline : deadline_;
        case broadcast_stage::pulling: return pulled_at_ + setup_.interval;
        case broadcast_stage::listed: return at(2);
        case broadcast_stage::asking: return at(3);
        case broadcast_stage::relaying: return at(3 + round_);
        case broadcast_stage::alone:
        case broadcast_stage::paused:
        case broadcast_stage::fetching: return again_;
        case broadcast_stage::closed: break;
        }
        return {};
    }

    // ---- getters

    [[nodiscard]] broadcast_stage where() const { return stage_; }
    [[nodiscard]] time_point deadline() const { return deadline_; } ///< D; later when a pause came between
    [[nodiscard]] bool decided() const { return how_.has_value(); }
    [[nodiscard]] closed_by how() const { return how_.value(); }
    [[nodiscard]] log_list const& log() const { return log_; }      ///< when decided
    [[nodiscard]] log_list const& own_list() const { return own_; } ///< when signed
    [[nodiscard]] bool relayed() const { return relayed_; }         ///< a relay was begun
    [[nodiscard]] std::uint64_t offences() const {
        return check_.offences();
    } ///< messages that no honest member sends
    /// The bytes of a body of the log; when closed, of each member with one.
    [[nodiscard]] std::span<std::byte const> body(peer_id member) const {
        auto const& entry = log_.at(static_cast<std::size_t>(member));
        auto const* held = entry.kind == entry_kind::body ? bodies_.find(member, entry.hash) : nullptr;
        return held ? std::span<std::byte const>(held->body.bytes) : std::span<std::byte const>{};
    }
    /// Two bodies that this member signed, if it did.
    [[nodiscard]] std::optional<equivocation> equivocated(peer_id member) const {
        auto const& held = bodies_.of(member);
        if (held.size() < 2) return {};
        return equivocation{setup_.in,
                            statement::body,
                            member,
                            {held[0].hash, held[1].hash},
                            {held[0].body.by_sender, held[1].body.by_sender}};
    }
    /// For later readers.  After a relay there is one when a quorum has signed what came out.
    [[nodiscard]] std::optional<wire::log_certificate> certificate() const {
        if (!decided()) return {};
        return certificate_ ? certificate_ : outcome_certificate();
    }
    /// From when the deadline of the next phase counts: others may still be in the relay.
    [[nodiscard]] time_point next_from() const {
        auto const steps = how() == closed_by::full_certificate ? std::size_t{3} : setup_.faults + 4;
        return deadline_ + static_cast<std::int64_t>(steps) * setup_.interval;
    }
    /// `not_waited_for` of the next phase: of whom there was no body here, or no digest.
    [[nodiscard]] std::vector<bool> silent() const {
        std::vector<bool> them(size());
        for (std::size_t k = 0; k < size(); ++k)
            them[k] = log_[k].kind != entry_kind::body || !digests_.heard(peer_id(k));
        return them;
    }
    [[nodiscard]] digest_tally const& digests() const { return digests_; }
    [[nodiscard]] relay_set const& relay() const { return relay_; }

private:
    [[nodiscard]] std::size_t size() const { return setup_.members.size(); }
    [[nodiscard]] std::size_t rounds() const { return setup_.faults + rules.relay_rounds_beyond_faults; }
    [[nodiscard]] std::size_t signers_needed() const {
        return rules.quorum_of_signers ? setup_.quorum : setup_.faults;
    }
    [[nodiscard]] bool signed_list() const { return !own_.empty(); }

    template <class M>
    void to_one(peer_id to, M message) {
        actions_.push_back(act::send_log{to, std::move(message)});
    }
    template <class M>
    void to_all(M message) {
        actions_.push_back(act::broadcast_log{std::move(message)});
    }
    void prove(equivocation evidence) {
        auto const place = 2 * static_cast<std::size_t>(evidence.member) + (evidence.kind == statement::list);
        if (!proved_[place]) actions_.push_back(act::log_proof{std::move(evidence)});
        proved_[place] = true;
    }

    // ---- bodies

    /// Whether it is here now, its signature good.
    [[nodiscard]] bool take(wire::signed_body const& m, digest const& hash) {
        if (m.at != setup_.in.at || static_cast<std::size_t>(m.sender) >= size()) return check_.refuse();
        if (bodies_.find(m.sender, hash)) return true;
        if (!check_.good(statement::body, m.sender, hash, m.sender, m.by_sender)) return false;
        bodies_.add(hash, m);
        if (auto both = equivocated(m.sender)) prove(*std::move(both));
        return true;
    }
    void on(peer_id, wire::signed_body const& m) {
        if (static_cast<std::size_t>(m.sender) >= size()) return void(check_.refuse());
        auto const& held = bodies_.of(m.sender);
        for (auto const& known : held)
            if (known.body == m) return; // cheaper than its hash: after a pull there are many
        bool const full = held.size() == 2;
        if (full && stage_ != broadcast_stage::fetching) return; // two are all that is needed
        digest const hash = sha256_of(m.bytes);
        if (full && log_[static_cast<std::size_t>(m.sender)] != list_entry{entry_kind::body, hash}) return;
        if (!take(m, hash)) return;
        list_if_complete();
        close_if_complete();
    }

    /// Everything is here: no need to wait.  A machine that was alone begins its times anew.
    void list_if_complete() {
        if (signed_list() || stage_ > broadcast_stage::alone || bodies_.count() < size()) return;
        if (stage_ == broadcast_stage::alone) deadline_ = again_;
        sign_list();
    }
    void sign_list() {
        own_ = bodies_.list();
        own_hash_ = hash_of(own_);
        own_bodies_ = static_cast<std::size_t>(std::ranges::count(own_, entry_kind::body, &list_entry::kind));
        own_signature_ = check_.sign(statement::list, own_hash_, setup_.self);
        digests_.add(setup_.self, own_hash_, own_signature_);
        digests_.add_list(setup_.self, own_hash_, own_);
        to_all(wire::signed_digest{setup_.in.at, setup_.self, own_hash_, own_signature_});
        stage_ = broadcast_stage::listed;
        close_if_full(own_hash_, own_);
    }

    // ---- digests, lists and certificates

    void learn(peer_id by, digest const& hash, signature const& s) {
        digests_.add(by, hash, s);
        if (auto const both = digests_.both(by)) {
            auto const& [a, b] = *both;
            prove({setup_.in, statement::list, by, {a.hash, b.hash}, {a.by, b.by}});
        }
    }
    [[nodiscard]] bool take_digest(place at, peer_id by, digest const& hash, signature const& s) {
        if (at != setup_.in.at || static_cast<std::size_t>(by) >= size()) return check_.refuse();
        if (!digests_.wants(by, hash)) return digests_.find(by, hash) != nullptr;
        if (!check_.good(statement::list, by, hash, by, s)) return false;
        learn(by, hash, s);
        return true;
    }
    void on(peer_id, wire::signed_digest const& m) {
        if (take_digest(m.at, m.signer, m.hash, m.by_signer) && m.hash == own_hash_ &&
            digests_.count(own_hash_) >= own_bodies_)
            close_if_full(own_hash_, own_);
    }
    void on(peer_id, wire::signed_list const& m) {
        if (!well_formed(m.list, size())) return void(check_.refuse());
        digest const hash = hash_of(m.list);
        if (!take_digest(m.at, m.signer, hash, m.by_signer)) return;
        digests_.add_list(m.signer, hash, m.list);
        close_if_full(hash, m.list);
    }
    void close_if_full(digest const& hash, log_list const& list) {
        if (list.empty() || decided() || digests_.count(hash) < signers_needed() ||
            !digests_.full(hash, list))
            return;
        decide(closed_by::full_certificate, list,
               wire::log_certificate{setup_.in.at, false, list, digests_.signatures(hash)});
    }

    [[nodiscard]] bool valid(wire::log_certificate const& c, digest const& hash) {
        if (c.at != setup_.in.at || c.signatures.size() < signers_needed()) return check_.refuse();
        return check_.all_good(c.outcome ? statement::outcome : statement::list, c.signatures,
                               signers_needed(), hash);
    }
    void on(peer_id, wire::log_certificate const& c) {
        if (decided()) return;
        if (!well_formed(c.list, size())) return void(check_.refuse());
        digest const hash = hash_of(c.list);
        if (!valid(c, hash)) return;
        if (c.outcome) {
            decide(closed_by::outcome_certificate, c.list, c); // q > f: an honest member has closed with it
        } else if (is_full(c)) {
            decide(closed_by::full_certificate, c.list, c);
        } else if (stage_ != broadcast_stage::relaying || !rules.late_certificates_need_relays) {
            relay_.accept(hash, c);
        }
    }

    // ---- questions: everybody answers, closed or not

    void on(peer_id from, wire::log_question const& q) {
        if (q.at != setup_.in.at || q.bodies.size() > size()) return void(check_.refuse());
        std::vector<bool> sent(size());
        for (peer_id const member : q.bodies) {
            if (static_cast<std::size_t>(member) >= size() || sent[static_cast<std::size_t>(member)])
                return void(check_.refuse());
            sent[static_cast<std::size_t>(member)] = true;
            for (auto const& held : bodies_.of(member)) to_one(from, held.body);
        }
        if (q.certificate)
            if (auto known = certificate()) to_one(from, *std::move(known));
        if (q.digest && signed_list())
            to_one(from, wire::signed_list{setup_.in.at, setup_.self, own_, own_signature_});
    }

    // ---- the relay

    /// In round r it takes r members that countersigned.  Before round 1 it takes one, as in round 1: a clock
    /// that is a little ahead begins earlier.
    [[nodiscard]] std::size_t relays_needed() const {
        return stage_ == broadcast_stage::relaying ? round_ : 1;
    }
    void on(peer_id, wire::relayed_body const& m) {
        if (decided() || stage_ == broadcast_stage::paused) return;
        peer_id const slot = m.body.sender;
        if (static_cast<std::size_t>(slot) >= size()) return void(check_.refuse());
        if (!rules.relays_any_slot && stage_ == broadcast_stage::relaying &&
            !contested_[static_cast<std::size_t>(slot)])
            return;
        digest const hash = sha256_of(m.body.bytes);
        if (!relay_.wants(slot, hash) ||
            !check_.all_good(statement::relayed_body, m.relays, relays_needed(), hash, slot) ||
            !take(m.body, hash))
            return;
        relay_.accept(slot, hash);
        list_if_complete();
        if (stage_ == broadcast_stage::relaying) return forward(m.body, hash, m.relays);
        early_.push_back({hash, m.body});
    }
    void on(peer_id, wire::relayed_certificate const& m) {
        if (decided() || stage_ == broadcast_stage::paused) return;
        auto const& c = m.certificate;
        if (!well_formed(c.list, size()) || c.outcome) return void(check_.refuse());
        digest const hash = hash_of(c.list);
        if (!valid(c, hash)) return;
        if (is_full(c)) return decide(closed_by::full_certificate, c.list, c);
        if (!relay_.wants_certificate(hash) ||
            !check_.all_good(statement::relayed_certificate, m.relays, relays_needed(), hash))
            return;
        relay_.accept(hash, c);
        if (stage_ == broadcast_stage::relaying) forward(c, hash, m.relays);
    }
    void forward(wire::signed_body const& body, digest const& hash,
                 std::vector<wire::member_signature> relays) {
        relays.push_back({setup_.self, check_.sign(statement::relayed_body, hash, body.sender)});
        to_all(wire::relayed_body{body, std::move(relays)});
    }
    void forward(wire::log_certificate const& c, digest const& hash,
                 std::vector<wire::member_signature> relays) {
        relays.push_back({setup_.self, check_.sign(statement::relayed_certificate, hash, setup_.self)});
        to_all(wire::relayed_certificate{c, std::move(relays)});
    }

    /// Round 1: what this member vouches for itself.
    void begin_relay() {
        stage_ = broadcast_stage::relaying;
        round_ = 1;
        contested_.assign(size(), false);
        for (std::size_t k = 0; k < size(); ++k) {
            auto const& list = digests_.list_of(peer_id(k));
            for (std::size_t s = 0; s < list.size(); ++s)
                if (list[s] != own_[s]) contested_[s] = true;
        }
        accept_certificates();
        for (std::size_t k = 0; k < relay_.certificates().size(); ++k)
            forward(relay_.certificates()[k], relay_.certified()[k], {});
        for (std::size_t s = 0; s < size(); ++s) {
            for (auto const& held : bodies_.of(peer_id(s))) {
                bool const in_list = own_[s].kind == entry_kind::equivocated || own_[s].hash == held.hash;
                if (in_list) relay_.accept(peer_id(s), held.hash);
                if (in_list && contested_[s] && rules.held_bodies_enter_the_relay)
                    forward(held.body, held.hash, {});
            }
        }
        for (auto const& [hash, body] : early_) forward(body, hash, {});
        early_.clear();
    }
    /// Those whose digests came one by one.
    void accept_certificates() {
        for (std::size_t k = 0; k < size(); ++k) {
            auto const& list = digests_.list_of(peer_id(k));
            if (list.empty()) continue;
            digest const hash = hash_of(list);
            if (digests_.count(hash) >= signers_needed())
                relay_.accept(hash, {setup_.in.at, false, list, digests_.signatures(hash)});
        }
    }
    void end_relay(time_point now) {
        if (is_cut_off()) return pause(broadcast_stage::paused, digests_.heard(), now);
        auto const list = relay_.outcome();
        digest const hash = hash_of(list);
        signature const by = check_.sign(statement::outcome, hash, setup_.self);
        outcomes_[static_cast<std::size_t>(setup_.self)] = {hash, by};
        to_all(wire::signed_outcome{setup_.in.at, setup_.self, hash, by});
        decide(closed_by::relay, list, {});
    }
    void on(peer_id, wire::signed_outcome const& m) {
        if (m.at != setup_.in.at || static_cast<std::size_t>(m.signer) >= size())
            return void(check_.refuse());
        auto& kept = outcomes_[static_cast<std::size_t>(m.signer)];
        if (!kept && check_.good(statement::outcome, m.signer, m.hash, m.signer, m.by_signer))
            kept = {m.hash, m.by_signer};
    }
    /// Too few are heard; or enough have signed a list that did not come.  One of them is honest, and has sent it to all
    /// or answered the question for it: what this member sends does not arrive, and it must decide nothing alone.
    [[nodiscard]] bool is_cut_off() const {
        auto const known = [&](digest const& hash) {
            return std::ranges::find(relay_.certified(), hash) != relay_.certified().end();
        };
        return digests_.heard() < setup_.quorum || digests_.hides_list(setup_.quorum, known);
    }
    [[nodiscard]] std::optional<wire::log_certificate> outcome_certificate() const {
        wire::log_certificate c{setup_.in.at, true, log_, {}};
        digest const hash = hash_of(log_);
        for (std::size_t k = 0; k < size(); ++k)
            if (outcomes_[k] && outcomes_[k]->hash == hash)
                c.signatures.push_back({peer_id(k), outcomes_[k]->by});
        if (c.signatures.size() < setup_.quorum) return {};
        return c;
    }

    // ---- times

    void advance(time_point due, time_point now) {
        switch (stage_) {
        case broadcast_stage::collecting:
            if (std::exchange(looks_early_, false) && !only_unexpected_missing()) return;
            stage_ = broadcast_stage::pulling;
            pulled_at_ = due;
            return to_all(wire::log_question{.at = setup_.in.at, .bodies = bodies_.missing()});
        case broadcast_stage::pulling:
            if (bodies_.count() < setup_.quorum) return pause(broadcast_stage::alone, bodies_.count(), now);
            return sign_list();
        case broadcast_stage::listed: return close_or_ask();
        case broadcast_stage::asking: return begin_relay();
        case broadcast_stage::relaying:
            if (round_ >= rounds()) return end_relay(now);
            ++round_;
            return;
        case broadcast_stage::alone:
            if (bodies_.count() < setup_.quorum) return ask_again(now);
            deadline_ = due;
            stage_ = broadcast_stage::collecting;
            return;
        case broadcast_stage::paused:
            if (is_cut_off()) return ask_again(now);
            deadline_ = due - 2 * setup_.interval;
            stage_ = broadcast_stage::listed;
            return;
        case broadcast_stage::fetching: return ask_again(now);
        case broadcast_stage::closed: return;
        }
    }
    [[nodiscard]] bool only_unexpected_missing() const {
        return std::ranges::all_of(bodies_.missing(), [&](peer_id member) {
            return setup_.not_waited_for[static_cast<std::size_t>(member)];
        });
    }
    void close_or_ask() {
        bool const differs = rules.differing_digest_keeps_open && [&] {
            for (std::size_t k = 0; k < size(); ++k)
                if (own_[k].kind == entry_kind::body && digests_.differs(peer_id(k), own_hash_)) return true;
            return false;
        }();
        if (!differs && digests_.count(own_hash_) >= signers_needed())
            return decide(closed_by::certificate, own_,
                          wire::log_certificate{setup_.in.at, false, own_, digests_.signatures(own_hash_)});
        stage_ = broadcast_stage::asking;
        relayed_ = true;
        to_all(wire::signed_list{setup_.in.at, setup_.self, own_, own_signature_});
        to_all(wire::log_question{.at = setup_.in.at, .certificate = true});
    }
    void pause(broadcast_stage into, std::size_t heard, time_point now) {
        stage_ = into;
        actions_.push_back(act::log_paused{heard, setup_.quorum});
        ask_again(now);
    }
    void ask_again(time_point now) {
        again_ = now + setup_.interval;
        bool const listless = stage_ == broadcast_stage::alone;
        if (stage_ == broadcast_stage::paused)
            to_all(wire::signed_list{setup_.in.at, setup_.self, own_, own_signature_});
        if (listless)
            for (auto const& mine : bodies_.of(setup_.self)) to_all(mine.body);
        to_all(wire::log_question{.at = setup_.in.at,
                                  .bodies = decided() ? bodies_.missing(log_) : bodies_.missing(),
                                  .certificate = !decided(),
                                  .digest = !decided()});
    }

    // ---- the end

    void decide(closed_by how, log_list list, std::optional<wire::log_certificate> certificate) {
        again_ = poll_deadline().value_or(deadline_) + setup_.interval;
        digest const hash = hash_of(list);
        if (certificate && !certificate->outcome) // a digest that came in a certificate is not missing
            for (auto const& [member, by] : certificate->signatures)
                if (digests_.wants(member, hash)) learn(member, hash, by);
        log_ = std::move(list);
        certificate_ = std::move(certificate);
        how_ = how;
        stage_ = broadcast_stage::fetching;
        if (auto lack = bodies_.missing(log_); !lack.empty())
            to_all(wire::log_question{.at = setup_.in.at, .bodies = std::move(lack)});
        close_if_complete();
    }
    void close_if_complete() {
        if (stage_ != broadcast_stage::fetching || !bodies_.missing(log_).empty()) return;
        stage_ = broadcast_stage::closed;
        actions_.push_back(act::log_closed{*how_, hash_of(log_)});
    }

    struct signed_hash {
        digest hash;
        signature by;
    };

    broadcast_setup setup_;
    statement_checker<S> check_;
    broadcast_stage stage_ = broadcast_stage::collecting;
    body_store bodies_;
    digest_tally digests_;
    relay_set relay_;
    std::vector<std::optional<signed_hash>> outcomes_; // (members)
    std::vector<bool> proved_;                         // (2 members): bodies, lists
    log_list own_;                                     // empty until it is signed
    digest own_hash_{};
    std::size_t own_bodies_ = 0; // a full certificate has that many signers at least
    signature own_signature_{};
    std::vector<bool> contested_;         // (members), from round 1 on
    std::vector<body_store::held> early_; // accepted before round 1: at most two of each member
    std::size_t round_ = 0;
    bool relayed_ = false;
    time_point deadline_; // D, later when a pause came between
    bool looks_early_;    // whether only those are missing who are not waited for
    time_point pulled_at_{};
    time_point again_{}; // when to ask again
    log_list log_;       // the outcome
    std::optional<closed_by> how_;
    std::optional<wire::log_certificate> certificate_;
    std::deque<log_action> actions_;
};

} // namespace btard
