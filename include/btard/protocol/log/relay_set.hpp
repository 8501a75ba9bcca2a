// btard/protocol/log/relay_set.hpp: what the relay has accepted, and what it makes of it at its end.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/wire/log_list.hpp>
#include <btard/protocol/wire/log_messages.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace btard {

/// At most two bodies of each slot and two certificates: with two, the end is the same whatever the third is.
///
/// Dolev, Strong. Authenticated Algorithms for Byzantine Agreement. SIAM J. Comput. 12(4), 1983.
class relay_set {
public:
    explicit relay_set(std::size_t members) : slots_(members) {}

    [[nodiscard]] bool wants(peer_id slot, digest const& body) const {
        return wants(slots_[index(slot)], body);
    }
    void accept(peer_id slot, digest const& body) {
        if (wants(slot, body)) slots_[index(slot)].push_back(body);
    }
    [[nodiscard]] std::vector<digest> const& bodies(peer_id slot) const { return slots_[index(slot)]; }

    [[nodiscard]] bool wants_certificate(digest const& list) const { return wants(certified_, list); }
    void accept(digest const& hash, wire::log_certificate const& certificate) {
        if (!wants_certificate(hash)) return;
        certified_.push_back(hash);
        certificates_.push_back(certificate);
    }
    [[nodiscard]] std::vector<digest> const& certified() const { return certified_; }
    [[nodiscard]] std::vector<wire::log_certificate> const& certificates() const { return certificates_; }

    /// Exactly one certified list: that.  Otherwise for each slot one body: that; two: equivocated; none:
    /// absent.
    [[nodiscard]] log_list outcome() const {
        if (certificates_.size() == 1) return certificates_.front().list;
        log_list list(slots_.size());
        for (std::size_t k = 0; k < list.size(); ++k) {
            if (slots_[k].size() == 1) list[k] = {entry_kind::body, slots_[k].front()};
            if (slots_[k].size() == 2) list[k] = {entry_kind::equivocated, {}};
        }
        return list;
    }

private:
    [[nodiscard]] static std::size_t index(peer_id slot) { return static_cast<std::size_t>(slot); }
    [[nodiscard]] static bool wants(std::vector<digest> const& have, digest const& one) {
        return have.size() < 2 && std::ranges::find(have, one) == have.end();
    }

    std::vector<std::vector<digest>> slots_; // (members)
    std::vector<digest> certified_;
    std::vector<wire::log_certificate> certificates_;
};

} // namespace btard
