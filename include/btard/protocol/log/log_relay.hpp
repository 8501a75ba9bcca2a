// btard/protocol/log/log_relay.hpp: rounds in which what one honest member accepts reaches all of them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/crypto/sha256.hpp>
#include <btard/protocol/log/body_store.hpp>
#include <btard/protocol/log/broadcast_setup.hpp>
#include <btard/protocol/log/list_vote.hpp>
#include <btard/protocol/log/log_outbox.hpp>
#include <btard/protocol/log/relay_set.hpp>
#include <btard/protocol/log/statement_check.hpp>
#include <btard/protocol/signer.hpp>
#include <btard/protocol/wire/log_list.hpp>
#include <btard/protocol/wire/log_messages.hpp>
#include <btard/protocol/wire/statement.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace btard {

/// In round r a body or a certificate is accepted with r countersignatures, then countersigned and passed on.
template <broadcast_rules rules>
class log_relay {
public:
    explicit log_relay(broadcast_setup const& setup)
        : last_round_(setup.faults + rules.relay_rounds_beyond_faults), accepted_(setup.members.size()) {}

    // ---- commands

    /// Round 1: what this member vouches for itself.
    ///
    /// @param repeats after a relay that came to nothing: then all that it has accepted by now
    template <signer S>
    void begin(list_vote const& vote, body_store const& bodies, statement_checker<S> const& check,
               log_outbox& out, bool repeats) {
        round_ = 1;
        look_for_contests(vote);
        for (std::size_t k = 0; k < accepted_.certificates().size(); ++k)
            pass_on(accepted_.certificates()[k], accepted_.certified()[k], {}, check, out);
        auto const& own = vote.own().list;
        for (std::size_t s = 0; s < own.size(); ++s) {
            for (auto const& held : bodies.of(peer_id(s))) {
                bool const in_list = own[s].kind == entry_kind::equivocated || own[s].hash == held.hash;
                if (in_list) accepted_.accept(peer_id(s), held.hash);
                bool const is_accepted = std::ranges::find(accepted_.bodies(peer_id(s)), held.hash) !=
                                         accepted_.bodies(peer_id(s)).end();
                if (repeats ? is_accepted : in_list && contested_[s] && rules.held_bodies_enter_the_relay)
                    pass_on(held.body, held.hash, {}, check, out);
            }
        }
        if (repeats) early_.clear(); // they are among those
        for (auto const& [hash, body] : early_) pass_on(body, hash, {}, check, out);
        early_.clear();
    }
    void begin_next_round() { ++round_; }
    void end() { round_ = 0; }

    // ---- what came in

    /// Whether it was accepted.
    template <signer S>
    [[nodiscard]] bool take(wire::relayed_body const& m, body_store& bodies, statement_checker<S>& check,
                            log_outbox& out) {
        peer_id const slot = m.body.sender;
        if (!check.has_slot(slot)) return check.refuse();
        if (!rules.relays_any_slot && running() && !contested_[static_cast<std::size_t>(slot)]) return false;
        digest const hash = sha256_of(m.body.bytes);
        if (!accepted_.wants(slot, hash) ||
            !check.all_good(statement::relayed_body, m.relays, relays_needed(), hash, slot) ||
            !bodies.take(m.body, hash, check, out))
            return false;
        accepted_.accept(slot, hash);
        if (running()) pass_on(m.body, hash, m.relays, check, out);
        else early_.push_back({hash, m.body});
        return true;
    }
    /// @param hash of its list; the certificate has been checked, its countersignatures have not
    template <signer S>
    void take(wire::relayed_certificate const& m, digest const& hash, statement_checker<S>& check,
              log_outbox& out) {
        if (!accepted_.wants_certificate(hash) ||
            !check.all_good(statement::relayed_certificate, m.relays, relays_needed(), hash))
            return;
        accepted_.accept(hash, m.certificate);
        if (running()) pass_on(m.certificate, hash, m.relays, check, out);
    }
    /// One that nobody countersigned: before round 1.
    void take(wire::log_certificate const& c, digest const& hash) {
        if (!running() || !rules.late_certificates_need_relays) accepted_.accept(hash, c);
    }

    // ---- getters

    [[nodiscard]] bool running() const { return round_ > 0; }
    [[nodiscard]] std::size_t round() const { return round_; }
    [[nodiscard]] bool in_last_round() const { return round_ >= last_round_; }
    [[nodiscard]] relay_set const& accepted() const { return accepted_; }

private:
    /// Before round 1 it takes one, as in round 1: a clock that is a little ahead begins earlier.
    [[nodiscard]] std::size_t relays_needed() const { return running() ? round_ : 1; }

    /// Slots in which the lists that came differ, and certificates whose digests came one by one.
    void look_for_contests(list_vote const& vote) {
        auto const& own = vote.own().list;
        contested_.assign(own.size(), false);
        for (std::size_t k = 0; k < own.size(); ++k) {
            auto const& list = vote.tally().list_of(peer_id(k));
            if (list.empty()) continue;
            for (std::size_t s = 0; s < list.size(); ++s)
                if (list[s] != own[s]) contested_[s] = true;
            digest const& hash = vote.tally().hash_of_list(peer_id(k));
            if (auto const c = vote.certificate(hash, list)) accepted_.accept(hash, *c);
        }
    }
    template <signer S>
    void pass_on(wire::signed_body const& body, digest const& hash,
                 std::vector<wire::member_signature> relays, statement_checker<S> const& check,
                 log_outbox& out) const {
        relays.push_back({check.self(), check.sign(statement::relayed_body, hash, body.sender)});
        out.to_all(wire::relayed_body{body, std::move(relays)});
    }
    template <signer S>
    void pass_on(wire::log_certificate const& c, digest const& hash,
                 std::vector<wire::member_signature> relays, statement_checker<S> const& check,
                 log_outbox& out) const {
        relays.push_back({check.self(), check.sign(statement::relayed_certificate, hash, check.self())});
        out.to_all(wire::relayed_certificate{c, std::move(relays)});
    }

    std::size_t last_round_; // f + 1
    std::size_t round_ = 0;  // zero: it does not run
    relay_set accepted_;
    std::vector<bool> contested_;         // (members), from round 1 on
    std::vector<body_store::held> early_; // accepted before round 1: at most two of each member
};

} // namespace btard
