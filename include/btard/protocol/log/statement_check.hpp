// btard/protocol/log/statement_check.hpp: makes and checks the signatures of one broadcast.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/log/broadcast_setup.hpp>
#include <btard/protocol/log/marked_members.hpp>
#include <btard/protocol/signer.hpp>
#include <btard/protocol/wire/log_list.hpp>
#include <btard/protocol/wire/log_messages.hpp>
#include <btard/protocol/wire/statement.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace btard {

/// Counts what no honest member sends.  Who sent it may have got it from somebody else, and links may mix up
/// what belongs to which broadcast, so the number is for logs and no evidence.
template <signer S>
class statement_checker {
public:
    /// The signer and the roster stay where they are.
    statement_checker(S const& with, broadcast_setup const& setup)
        : signer_(&with), in_(setup.in), self_(setup.self), members_(setup.members), left_out_(setup.left_out) {}

    [[nodiscard]] slot_context const& in() const { return in_; }
    [[nodiscard]] peer_id self() const { return self_; }
    [[nodiscard]] std::size_t members() const { return members_.size(); }
    [[nodiscard]] bool is_member(peer_id one) const {
        return static_cast<std::size_t>(one) < members_.size();
    }

    /// It may say something.
    [[nodiscard]] bool has_slot(peer_id one) const {
        return is_member(one) && (left_out_.empty() || !left_out_[static_cast<std::size_t>(one)]);
    }
    /// An honest member may sign it.
    [[nodiscard]] bool is_list(log_list const& one) const {
        return well_formed(one, members()) && keeps_out(one, left_out_);
    }

    [[nodiscard]] signature sign(statement kind, digest const& hash, peer_id about) const {
        return sign_statement(*signer_, in_, kind, self_, members_, hash, about);
    }
    /// It is of this broadcast, and said to be of one of its members.
    [[nodiscard]] bool belongs(place at, peer_id by) { return (at == in_.at && is_member(by)) || refuse(); }
    [[nodiscard]] bool good(statement kind, peer_id by, digest const& hash, peer_id about,
                            signature const& s) {
        return holds(*signer_, in_, kind, by, members_, hash, about, s) || refuse();
    }
    /// Signatures of different members, each of them good, `needed` at least.
    ///
    /// @param about whose body is countersigned; absent: each signs for itself
    [[nodiscard]] bool all_good(statement kind, std::span<wire::member_signature const> list,
                                std::size_t needed, digest const& hash, std::optional<peer_id> about = {}) {
        if (list.size() < needed) return false; // a relay that is late is nobody's offence
        if (list.size() > members_.size()) return refuse();
        std::vector<bool> seen(members_.size());
        for (auto const& [member, by] : list) {
            auto const k = static_cast<std::size_t>(member);
            if (k >= seen.size() || seen[k]) return refuse();
            if (!good(kind, member, hash, about.value_or(member), by)) return false;
            seen[k] = true;
        }
        return true;
    }
    /// Always false.
    bool refuse() {
        ++offences_;
        return false;
    }
    [[nodiscard]] std::uint64_t offences() const { return offences_; }

private:
    S const* signer_;
    slot_context in_;
    peer_id self_;
    std::span<log_member const> members_;
    std::vector<bool> left_out_; // (members), or empty
    std::uint64_t offences_ = 0;
};

} // namespace btard
