// btard/protocol/log/list_vote.hpp: each member signs one list of what all said; equal ones make a certificate.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/log/broadcast_setup.hpp>
#include <btard/protocol/log/digest_tally.hpp>
#include <btard/protocol/log/log_outbox.hpp>
#include <btard/protocol/log/statement_check.hpp>
#include <btard/protocol/signer.hpp>
#include <btard/protocol/wire/log_list.hpp>
#include <btard/protocol/wire/log_messages.hpp>
#include <btard/protocol/wire/statement.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace btard {

/// The own list, what the others signed, and which lists have signers enough.  Whoever signs two is proved to.
class list_vote {
public:
    using maybe_certificate = std::optional<wire::log_certificate>;

    /// @param needed signers of a certificate
    /// @param left_out (members) those that have no vote; empty: all have one
    list_vote(broadcast_setup const& setup, std::size_t needed, std::vector<bool> left_out)
        : in_(setup.in), needed_(needed), tally_(setup.members.size(), std::move(left_out)) {}

    // ---- what came: each returns the full certificate that it completes

    /// The own list, once; its digest to all.
    template <signer S>
    [[nodiscard]] maybe_certificate sign(log_list list, statement_checker<S> const& check, log_outbox& out) {
        own_hash_ = hash_of(list);
        own_bodies_ = static_cast<std::size_t>(std::ranges::count(list, entry_kind::body, &list_entry::kind));
        own_ = {in_.at, check.self(), std::move(list), check.sign(statement::list, own_hash_, check.self())};
        tally_.add(own_.signer, own_hash_, own_.by_signer);
        tally_.add_list(own_.signer, own_hash_, own_.list);
        out.to_all(wire::signed_digest{own_.at, own_.signer, own_hash_, own_.by_signer});
        return full(own_hash_, own_.list);
    }
    template <signer S>
    [[nodiscard]] maybe_certificate take(wire::signed_digest const& m, statement_checker<S>& check,
                                         log_outbox& out) {
        bool const may_complete = take(m.at, m.signer, m.hash, m.by_signer, check, out) &&
                                  m.hash == own_hash_ && tally_.count(own_hash_) >= own_bodies_;
        return may_complete ? full(own_hash_, own_.list) : std::nullopt;
    }
    template <signer S>
    [[nodiscard]] maybe_certificate take(wire::signed_list const& m, statement_checker<S>& check,
                                         log_outbox& out) {
        if (!check.is_list(m.list)) return check.refuse(), std::nullopt;
        digest const hash = hash_of(m.list);
        if (!take(m.at, m.signer, hash, m.by_signer, check, out)) return {};
        tally_.add_list(m.signer, hash, m.list);
        return full(hash, m.list);
    }
    /// The digests in it, valid as it is: they are not missing.
    void learn(wire::log_certificate const& c, log_outbox& out) {
        digest const hash = hash_of(c.list);
        for (auto const& [member, by] : c.signatures)
            if (tally_.wants(member, hash)) add(member, hash, by, out);
    }

    // ---- certificates

    /// A certificate of somebody else: the hash of its list, if it is valid.
    template <signer S>
    [[nodiscard]] std::optional<digest> valid(wire::log_certificate const& c,
                                              statement_checker<S>& check) const {
        if (!check.is_list(c.list) || c.at != in_.at || c.signatures.size() < needed_ ||
            (!c.outcome && tally_.voters(c.signatures) < needed_))
            return check.refuse(), std::nullopt;
        digest const hash = hash_of(c.list);
        auto const kind = c.outcome ? statement::outcome : statement::list;
        if (!check.all_good(kind, c.signatures, needed_, hash)) return {};
        return hash;
    }
    /// Of a list that enough have signed.
    [[nodiscard]] maybe_certificate certificate(digest const& hash, log_list const& list) const {
        if (tally_.count(hash) < needed_) return {};
        return wire::log_certificate{in_.at, false, list, tally_.signatures(hash)};
    }
    [[nodiscard]] maybe_certificate own_certificate() const { return certificate(own_hash_, own_.list); }
    /// Somebody whom the own list has a body of has signed another list.
    [[nodiscard]] bool contradicted() const {
        for (std::size_t k = 0; k < own_.list.size(); ++k)
            if (own_.list[k].kind == entry_kind::body && tally_.differs(peer_id(k), own_hash_)) return true;
        return false;
    }

    // ---- getters

    [[nodiscard]] bool is_signed() const { return !own_.list.empty(); }
    [[nodiscard]] wire::signed_list const& own() const { return own_; } ///< when signed
    [[nodiscard]] digest_tally const& tally() const { return tally_; }

private:
    void add(peer_id by, digest const& hash, signature const& s, log_outbox& out) {
        tally_.add(by, hash, s);
        if (auto const both = tally_.both(by)) {
            auto const& [a, b] = *both;
            out.prove({in_, statement::list, by, {a.hash, b.hash}, {a.by, b.by}});
        }
    }
    /// Whether it is here now, its signature good.
    template <signer S>
    [[nodiscard]] bool take(place at, peer_id by, digest const& hash, signature const& s,
                            statement_checker<S>& check, log_outbox& out) {
        if (!check.belongs(at, by)) return false;
        if (!tally_.wants(by, hash)) return tally_.find(by, hash) != nullptr;
        if (!check.good(statement::list, by, hash, by, s)) return false;
        add(by, hash, s, out);
        return true;
    }
    [[nodiscard]] maybe_certificate full(digest const& hash, log_list const& list) const {
        if (list.empty() || tally_.count(hash) < needed_ || !tally_.full(hash, list)) return {};
        return certificate(hash, list);
    }

    slot_context in_;
    std::size_t needed_;
    digest_tally tally_;
    wire::signed_list own_; // its list is empty until it is signed
    digest own_hash_{};
    std::size_t own_bodies_ = 0; // a full certificate has that many signers at least
};

} // namespace btard
