// btard/protocol/swarm_keys.hpp: the keys of the peers in one process, and which of them lie together.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/random.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/conduct.hpp>
#include <btard/protocol/signer.hpp>
#include <btard/protocol/wire/codec.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// By number.  All that lie have the same conduct.
template <class Peer, class Conduct, signer Key>
class swarm_keys {
public:
    /// @param byzantine numbers of the members of the coalition
    /// @param shared    the source of their randomness
    swarm_keys(std::vector<Key> keys, std::span<std::size_t const> byzantine, Conduct conduct, seed shared)
        : keys_(keys.begin(), keys.end()), conduct_(std::move(conduct)) {
        for (std::size_t k = 0; k < keys_.size(); ++k) numbers_.emplace(key(k), k);
        for (std::size_t const k : byzantine) coalition_.members.push_back(key(k));
        std::ranges::sort(coalition_.members);
        coalition_.shared = shared;
        coalition_.everybody = &everybody_;
        coalition_.keys = this;
        coalition_.sign = [](void const* all, public_key const& as, std::span<std::byte const> text) {
            auto const& of = *static_cast<swarm_keys const*>(all);
            return of.keys_[of.number(as)].sign(text);
        };
    }
    swarm_keys(swarm_keys const&) = delete; // attackers point to it
    swarm_keys& operator=(swarm_keys const&) = delete;

    // ---- commands

    /// @return its number
    std::size_t add(Key one, bool byzantine) {
        std::size_t const k = keys_.size();
        keys_.push_back(std::move(one));
        public_key const& name = key(k);
        numbers_.emplace(name, k);
        if (byzantine) coalition_.members.insert(std::ranges::upper_bound(coalition_.members, name), name);
        return k;
    }
    /// It is a peer from now on, which attackers look into.
    void note_peer(std::size_t k, Peer const& of) { everybody_[key(k)] = &of; }
    /// What becomes of a message that a peer of the coalition sends.
    ///
    /// @param message is changed
    [[nodiscard]] fate pass(Peer& from, public_key const& to, wire::message& message, time_point now)
        requires passes_messages<Conduct, Peer>
    {
        coalition_.now = now;
        return from.conduct().pass(from, to, message);
    }

    // ---- getters

    [[nodiscard]] std::size_t size() const { return keys_.size(); }
    [[nodiscard]] std::size_t number(public_key const& of) const { return numbers_.at(of); }
    [[nodiscard]] public_key const& key(std::size_t k) const { return keys_[k].key(); }
    [[nodiscard]] Key const& signer_of(std::size_t k) const { return keys_[k]; } ///< stays where it is
    [[nodiscard]] bool is_in_coalition(std::size_t k) const { return coalition_.contains(key(k)); }
    [[nodiscard]] colluding<Conduct> conduct_of(std::size_t k) const {
        return {conduct_, is_in_coalition(k) ? &coalition_ : nullptr};
    }
    /// How many keys the coalition has in the field that are no members; see `brings_keys`.
    [[nodiscard]] std::size_t brings(std::size_t out) const {
        if constexpr (brings_keys<Conduct>) return conduct_.brings(out);
        else return 0;
    }
    /// What it commits to as a newcomer is no gradient.
    [[nodiscard]] bool lies_on_trial(std::size_t k) const {
        if constexpr (brings_keys<Conduct>) return is_in_coalition(k) && conduct_.lies_on_trial();
        else return false;
    }

private:
    std::deque<Key> keys_; // peers point to them
    std::map<public_key, std::size_t> numbers_;
    coalition coalition_;
    Conduct conduct_; // of attackers that come in later
    std::map<public_key, Peer const*> everybody_;
};

} // namespace btard
