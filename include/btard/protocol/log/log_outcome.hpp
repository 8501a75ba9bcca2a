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

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace btard {

/// Each member signs what came out of its relay; a quorum of equal ones is an outcome certificate.
class log_outcome {
public:
    explicit log_outcome(broadcast_setup const& setup)
        : at_(setup.in.at), quorum_(setup.quorum), signed_(setup.members.size()) {}

    // ---- what came

    /// @param with the log in it; after a relay there are no signatures yet
    void decide(closed_by how, wire::log_certificate with) {
        how_ = how;
        with_ = std::move(with);
    }
    /// The own signature, after a relay.
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
        if (!kept && check.good(statement::outcome, m.signer, m.hash, m.signer, m.by_signer)) kept = m;
    }

    // ---- getters

    [[nodiscard]] bool decided() const { return how_.has_value(); }
    [[nodiscard]] closed_by how() const { return how_.value(); }
    [[nodiscard]] log_list const& log() const { return with_.list; }
    /// That it was decided with, or that it has got since.
    [[nodiscard]] std::optional<wire::log_certificate> certificate() const {
        if (!decided()) return {};
        if (how() != closed_by::relay || !with_.outcome) return with_;
        wire::log_certificate c = with_;
        digest const hash = hash_of(log());
        for (auto const& one : signed_)
            if (one && one->hash == hash) c.signatures.push_back({one->signer, one->by_signer});
        if (c.signatures.size() < quorum_) return {};
        return c;
    }

private:
    place at_;
    std::size_t quorum_;
    std::optional<closed_by> how_;
    wire::log_certificate with_;
    std::vector<std::optional<wire::signed_outcome>> signed_; // (members)
};

} // namespace btard
