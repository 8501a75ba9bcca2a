// btard/protocol/log/log_outcome.hpp: the log that a member has decided on, and what shows it to those who come later.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/log/broadcast_setup.hpp>
#include <btard/protocol/log/log_actions.hpp>
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

/// Each member signs what came out of its relay, or what it has closed with if others may be in one; a quorum of equal
/// ones is an outcome certificate.
class log_outcome {
public:
    explicit log_outcome(broadcast_setup const& setup)
        : at_(setup.in.at), quorum_(setup.quorum), signed_(setup.members.size()) {}

    // ---- what came

    /// @param with the log in it; after a relay there are no signatures yet
    void decide(closed_by how, wire::log_certificate with) {
        how_ = how;
        with_ = std::move(with);
        hash_ = hash_of(with_.list);
    }
    /// The own signature: of what came out of a relay, or of what is closed with while others may be in one.
    template <signer S>
    [[nodiscard]] wire::signed_outcome sign(log_list const& list, statement_checker<S> const& check) {
        digest const hash = hash_of(list);
        wire::signed_outcome mine{at_, check.self(), hash,
                                  check.sign(statement::outcome, hash, check.self())};
        signed_[static_cast<std::size_t>(check.self())] = mine;
        return mine;
    }
    template <signer S>
    void take(wire::signed_outcome const& m, statement_checker<S>& check) {
        if (!check.belongs(m.at, m.signer)) return;
        auto& kept = signed_[static_cast<std::size_t>(m.signer)];
        bool const is_new = m.signer != check.self() && (!kept || kept->hash != m.hash); // relays may be repeated
        if (kept && decided() && kept->hash == hash_) return; // it shows others the way, whatever comes after it
        if (is_new && check.good(statement::outcome, m.signer, m.hash, m.signer, m.by_signer)) kept = m;
    }

    // ---- getters

    /// Null: not signed yet.
    template <signer S>
    [[nodiscard]] wire::signed_outcome const* own(statement_checker<S> const& check) const {
        auto const& mine = signed_[static_cast<std::size_t>(check.self())];
        return mine ? &*mine : nullptr;
    }
    /// How many say so.
    [[nodiscard]] std::size_t count(digest const& hash) const {
        return static_cast<std::size_t>(
            std::ranges::count_if(signed_, [&](auto const& one) { return one && one->hash == hash; }));
    }
    [[nodiscard]] bool decided() const { return how_.has_value(); }
    [[nodiscard]] closed_by how() const { return how_.value(); }
    [[nodiscard]] log_list const& log() const { return with_.list; }
    /// That it was decided with, or that it has got since: one that is not full closes for nobody who comes later.
    [[nodiscard]] std::optional<wire::log_certificate> certificate() const {
        if (!decided()) return {};
        if (how() == closed_by::full_certificate || how() == closed_by::outcome_certificate) return with_;
        if (count(hash_) < quorum_) return with_.outcome ? std::nullopt : std::optional(with_);
        wire::log_certificate c{at_, true, log(), {}};
        for (auto const& one : signed_)
            if (one && one->hash == hash_) c.signatures.push_back({one->signer, one->by_signer});
        return c;
    }

private:
    place at_;
    std::size_t quorum_;
    std::optional<closed_by> how_;
    wire::log_certificate with_;
    digest hash_{};                                           // of the log, when decided
    std::vector<std::optional<wire::signed_outcome>> signed_; // (members) what was decided, else the last
};

} // namespace btard
