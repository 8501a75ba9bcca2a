// btard/protocol/log/digest_tally.hpp: who signed which list, and which lists have a quorum.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/wire/log_list.hpp>
#include <btard/protocol/wire/log_messages.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// The signed digests of a phase, at most two of each member: two that differ are all the proof that there
/// can be, and bound what a liar makes us keep.  Both count for their lists, as anybody else may have got
/// either.
///
/// Those that are left out do not vote: what they sign is kept, and not counted.
class digest_tally {
public:
    struct vote {
        digest hash;
        signature by;
    };

    /// @param left_out (members) who does not vote; empty: all do
    explicit digest_tally(std::size_t members, std::vector<bool> left_out = {})
        : votes_(members), lists_(members), left_out_(std::move(left_out)) {}

    /// Another digest of that member would be new to us, and kept.
    [[nodiscard]] bool wants(peer_id member, digest const& hash) const {
        auto const& of = votes_[index(member)];
        return !of[1] && (!of[0] || of[0]->hash != hash);
    }
    /// The signature has been checked.
    void add(peer_id member, digest const& hash, signature const& by) {
        auto& of = votes_[index(member)];
        bool const is_first = !of[0];
        (of[0] ? of[1] : of[0]) = vote{hash, by};
        if (!votes(member)) return;
        heard_ += is_first;
        auto const found = std::ranges::find(counts_, hash, &count_of::hash);
        if (found == counts_.end()) counts_.push_back({hash, 1});
        else ++found->votes;
    }
    /// Keeps the list behind a digest that is here already, one list for each member.
    void add_list(peer_id member, digest const& hash, log_list const& list) {
        auto& kept = lists_[index(member)];
        if (!kept.list.empty() || !find(member, hash)) return;
        kept = {hash, list};
    }

    [[nodiscard]] vote const* find(peer_id member, digest const& hash) const {
        for (auto const& one : votes_[index(member)])
            if (one && one->hash == hash) return &*one;
        return nullptr;
    }
    [[nodiscard]] bool heard(peer_id member) const { return votes_[index(member)][0].has_value(); }
    [[nodiscard]] std::size_t heard() const { return heard_; } ///< voters of whom there is one at least
    /// Of these, as many as vote.
    [[nodiscard]] std::size_t voters(std::span<wire::member_signature const> signers) const {
        return static_cast<std::size_t>(std::ranges::count_if(
            signers, [&](wire::member_signature const& one) { return votes(one.member); }));
    }
    [[nodiscard]] bool differs(peer_id member, digest const& from) const {
        for (auto const& one : votes_[index(member)])
            if (one && one->hash != from) return true;
        return false;
    }
    [[nodiscard]] std::size_t count(digest const& hash) const {
        auto const found = std::ranges::find(counts_, hash, &count_of::hash);
        return found == counts_.end() ? 0 : found->votes;
    }
    /// Of whom the log has no body, or of whom there is no digest.
    [[nodiscard]] std::vector<bool> silent(log_list const& log) const {
        std::vector<bool> them(votes_.size());
        for (std::size_t k = 0; k < votes_.size(); ++k)
            them[k] = log[k].kind != entry_kind::body || !heard(peer_id(k));
        return them;
    }
    /// So many have signed a list that has not come, from nobody, nor as one of those that `known` says are here.
    [[nodiscard]] bool hides_list(std::size_t signers, auto&& known) const {
        return std::ranges::any_of(counts_, [&](count_of const& one) {
            return one.votes >= signers && !known(one.hash) &&
                   std::ranges::none_of(
                       lists_, [&](listed const& l) { return !l.list.empty() && l.hash == one.hash; });
        });
    }
    /// Both digests of a member that signed two.
    [[nodiscard]] std::optional<std::array<vote, 2>> both(peer_id member) const {
        auto const& of = votes_[index(member)];
        if (!of[1]) return {};
        return std::array{*of[0], *of[1]};
    }
    /// Empty where only the digest has come.
    [[nodiscard]] log_list const& list_of(peer_id member) const { return lists_[index(member)].list; }
    [[nodiscard]] digest const& hash_of_list(peer_id member) const { return lists_[index(member)].hash; }

    [[nodiscard]] std::vector<wire::member_signature> signatures(digest const& hash) const {
        std::vector<wire::member_signature> all;
        for (std::size_t k = 0; k < votes_.size(); ++k)
            if (auto const* one = find(peer_id(k), hash)) all.push_back({peer_id(k), one->by});
        return all;
    }
    /// Signed by everybody whom the list does not mark, too.
    [[nodiscard]] bool full(digest const& hash, log_list const& list) const {
        for (std::size_t k = 0; k < list.size(); ++k)
            if (list[k].kind == entry_kind::body && !find(peer_id(k), hash)) return false;
        return true;
    }

private:
    [[nodiscard]] bool votes(peer_id member) const {
        return left_out_.empty() || (index(member) < left_out_.size() && !left_out_[index(member)]);
    }
    [[nodiscard]] static std::size_t index(peer_id member) { return static_cast<std::size_t>(member); }

    struct count_of {
        digest hash;
        std::size_t votes;
    };
    struct listed {
        digest hash{};
        log_list list = {};
    };

    std::vector<std::array<std::optional<vote>, 2>> votes_; // (members)
    std::vector<listed> lists_;                             // (members), most of them empty
    std::vector<bool> left_out_;   // (members), or empty
    std::vector<count_of> counts_; // one, when all are honest: a search costs nothing
    std::size_t heard_ = 0;
};

/// Signed by everybody whom the list does not mark.  The signatures have been checked.
[[nodiscard]] inline bool is_full(wire::log_certificate const& c) {
    std::vector<bool> signers(c.list.size());
    for (auto const& one : c.signatures) signers[static_cast<std::size_t>(one.member)] = true;
    for (std::size_t k = 0; k < c.list.size(); ++k)
        if (c.list[k].kind == entry_kind::body && !signers[k]) return false;
    return true;
}

} // namespace btard
