// btard/protocol/wishes.hpp: who has asked one member to come in, until it tells the others.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/wire/encoding.hpp>
#include <btard/protocol/wire/messages.hpp>
#include <btard/protocol/wire/tagged_hash.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

namespace btard {

/// Keys cost nothing: if places were for who comes first, whoever asks with many would have all of them.  So those that were
/// members have a place each, and strangers draw lots.  They are drawn with a secret of this member: for any other lot
/// one could make keys that win.
class wishes {
public:
    explicit wishes(digest const& secret) : secret_(secret) {}

    /// Of somebody that was a member, and may come back.
    ///
    /// @param proves is called for what would be kept alone
    template <class F>
    void hear_returning(wire::join const& one, F&& proves) {
        auto const old = returning_.find(one.who.key);
        if (old != returning_.end() && old->second.step >= one.step) return; // the newest counts longest
        if (proves()) returning_.insert_or_assign(one.who.key, one);
    }
    /// Of somebody that may be tried.
    ///
    /// @param places at most so many are kept
    template <class F>
    void hear_stranger(wire::join const& one, std::size_t places, F&& proves) {
        digest const lot = lot_of(one.who.key, round_);
        auto const old = strangers_.find(lot);
        if (old != strangers_.end() ? old->second.step >= one.step : !has_room(strangers_, lot, places)) return;
        if (!proves()) return;
        strangers_.insert_or_assign(lot, one);
        if (strangers_.size() > places) strangers_.erase(std::prev(strangers_.end()));
    }
    /// Of somebody that is to be told of the run first.
    void hear_guest(public_key const& key, std::size_t places) {
        digest const lot = lot_of(key, guest_round_);
        if (!has_room(guests_, lot, places)) return;
        guests_.emplace(lot, key);
        if (guests_.size() > places) guests_.erase(std::prev(guests_.end()));
    }

    /// What this member says in COMMIT.
    [[nodiscard]] std::vector<wire::join> take() {
        std::vector<wire::join> all;
        for (auto const& [key, one] : std::exchange(returning_, {}))
            if (all.size() < wire_limits{}.peers) all.push_back(one);
        for (auto const& [lot, one] : std::exchange(strangers_, {}))
            if (all.size() < wire_limits{}.peers) all.push_back(one);
        ++round_;
        return all;
    }
    /// Whom it tells, when a step begins: each once.
    [[nodiscard]] std::vector<public_key> take_guests() {
        std::vector<public_key> all;
        for (auto const& [lot, key] : std::exchange(guests_, {})) all.push_back(key);
        ++guest_round_;
        return all;
    }
    [[nodiscard]] bool has_guests() const { return !guests_.empty(); }

private:
    /// Other ones in each round: a key that has won does not win again for that.
    [[nodiscard]] digest lot_of(public_key const& key, std::uint64_t round) const {
        return tagged_hash("wish", secret_, round, key);
    }
    template <class T>
    [[nodiscard]] static bool has_room(std::map<digest, T> const& in, digest const& lot, std::size_t places) {
        return in.size() < places || (!in.empty() && lot < in.rbegin()->first);
    }

    digest secret_;
    std::uint64_t round_ = 0, guest_round_ = 0;
    std::map<public_key, wire::join> returning_;
    std::map<digest, wire::join> strangers_; // the lots
    std::map<digest, public_key> guests_;
};

} // namespace btard
