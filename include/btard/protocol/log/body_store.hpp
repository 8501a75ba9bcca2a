// btard/protocol/log/body_store.hpp: the signed bodies of a phase that a member holds.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/crypto/sha256.hpp>
#include <btard/protocol/log/broadcast_setup.hpp>
#include <btard/protocol/log/log_outbox.hpp>
#include <btard/protocol/log/statement_check.hpp>
#include <btard/protocol/signer.hpp>
#include <btard/protocol/wire/equivocation.hpp>
#include <btard/protocol/wire/log_list.hpp>
#include <btard/protocol/wire/log_messages.hpp>
#include <btard/protocol/wire/statement.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// At most two of each member, and none of one that is left out.  The first one stays: it is the one in the own list,
/// for which others may ask.
class body_store {
public:
    struct held {
        digest hash;
        wire::signed_body body;
    };

    explicit body_store(broadcast_setup const& setup)
        : held_(setup.members.size()), left_out_(setup.left_out),
          slots_(held_.size() - static_cast<std::size_t>(std::ranges::count(left_out_, true))) {}

    [[nodiscard]] std::vector<held> const& of(peer_id sender) const {
        return held_[static_cast<std::size_t>(sender)];
    }
    [[nodiscard]] held const* find(peer_id sender, digest const& hash) const {
        for (auto const& one : of(sender))
            if (one.hash == hash) return &one;
        return nullptr;
    }
    /// Empty where the entry names no body, or one that is not here.
    [[nodiscard]] std::span<std::byte const> bytes(peer_id sender, list_entry const& named) const {
        auto const* one = named.kind == entry_kind::body ? find(sender, named.hash) : nullptr;
        return one ? std::span<std::byte const>(one->body.bytes) : std::span<std::byte const>{};
    }
    /// The signature has been checked.  A third one takes the place of the second.
    void add(digest const& hash, wire::signed_body body) {
        auto& mine = held_[static_cast<std::size_t>(body.sender)];
        senders_ += mine.empty();
        if (mine.size() == 2) mine.pop_back();
        mine.push_back({hash, std::move(body)});
    }
    /// The own one.
    template <signer S>
    [[nodiscard]] wire::signed_body sign(std::vector<std::byte> body, statement_checker<S> const& check) {
        digest const hash = sha256_of(body);
        wire::signed_body mine{check.in().at, check.self(), std::move(body),
                               check.sign(statement::body, hash, check.self())};
        add(hash, mine);
        return mine;
    }
    /// Whether it is here now, its signature good.
    template <signer S>
    [[nodiscard]] bool take(wire::signed_body const& m, digest const& hash, statement_checker<S>& check,
                            log_outbox& out) {
        if (!check.belongs(m.at, m.sender)) return false;
        if (!check.has_slot(m.sender)) return check.refuse();
        if (find(m.sender, hash)) return true;
        if (!check.good(statement::body, m.sender, hash, m.sender, m.by_sender)) return false;
        add(hash, m);
        if (auto both = equivocated(check.in(), m.sender)) out.prove(*std::move(both));
        return true;
    }
    /// As it comes from whoever has it: of a member with two, only what a log asks for.
    ///
    /// @param wanted the log; empty: nothing
    template <signer S>
    [[nodiscard]] bool take(wire::signed_body const& m, std::span<list_entry const> wanted,
                            statement_checker<S>& check, log_outbox& out) {
        if (!check.has_slot(m.sender)) return check.refuse();
        auto const& mine = of(m.sender);
        for (auto const& known : mine)
            if (known.body == m) return false; // cheaper than its hash: after a pull there are many
        bool const full = mine.size() == 2;
        if (full && wanted.empty()) return false;
        digest const hash = sha256_of(m.bytes);
        if (full && wanted[static_cast<std::size_t>(m.sender)] != list_entry{entry_kind::body, hash})
            return false;
        return take(m, hash, check, out);
    }
    /// Whether all that it asks about are members; what is here of them goes there.
    template <signer S>
    [[nodiscard]] bool answer(peer_id from, wire::log_question const& q, statement_checker<S>& check,
                              log_outbox& out) const {
        std::vector<bool> sent(held_.size());
        for (peer_id const member : q.bodies) {
            if (!check.is_member(member) || sent[static_cast<std::size_t>(member)]) return check.refuse();
            sent[static_cast<std::size_t>(member)] = true;
            for (auto const& one : of(member)) out.to_one(from, one.body);
        }
        return true;
    }

    /// Two bodies that this member signed, if it did.
    [[nodiscard]] std::optional<equivocation> equivocated(slot_context const& in, peer_id member) const {
        auto const& mine = of(member);
        if (mine.size() < 2) return {};
        return equivocation{in,
                            statement::body,
                            member,
                            {mine[0].hash, mine[1].hash},
                            {mine[0].body.by_sender, mine[1].body.by_sender}};
    }
    /// Of all that have a slot there is one.
    [[nodiscard]] bool complete() const { return senders_ == slots_; }
    [[nodiscard]] std::size_t count() const { return senders_; } ///< members of whom there is one at least

    /// What is here, as a list.
    [[nodiscard]] log_list list() const {
        log_list made(held_.size());
        for (std::size_t k = 0; k < made.size(); ++k) {
            if (held_[k].size() == 1) made[k] = {entry_kind::body, held_[k].front().hash};
            if (held_[k].size() == 2) made[k] = {entry_kind::equivocated, {}};
        }
        return made;
    }
    /// Of whom there is no body.
    [[nodiscard]] std::vector<peer_id> missing() const {
        std::vector<peer_id> them;
        for (std::size_t k = 0; k < held_.size(); ++k)
            if (lacks(k)) them.push_back(peer_id(k));
        return them;
    }
    /// Nobody's but theirs.
    [[nodiscard]] bool missing_only(std::vector<bool> const& theirs) const {
        for (std::size_t k = 0; k < held_.size(); ++k)
            if (lacks(k) && !theirs[k]) return false;
        return true;
    }
    /// Of whom a list names a body, or two, that are not here.
    [[nodiscard]] std::vector<peer_id> missing(log_list const& list) const {
        std::vector<peer_id> them;
        for (std::size_t k = 0; k < held_.size(); ++k)
            if ((list[k].kind == entry_kind::body && !find(peer_id(k), list[k].hash)) ||
                (list[k].kind == entry_kind::equivocated && held_[k].size() < 2))
                them.push_back(peer_id(k));
        return them;
    }

private:
    [[nodiscard]] bool lacks(std::size_t k) const {
        return held_[k].empty() && (left_out_.empty() || !left_out_[k]);
    }

    std::vector<std::vector<held>> held_; // (members)
    std::vector<bool> left_out_;          // (members), or empty
    std::size_t slots_;                   // members that are not left out
    std::size_t senders_ = 0;
};

} // namespace btard
