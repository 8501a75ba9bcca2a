// btard/protocol/log/relay_repeat.hpp: what came out of a relay that closed nothing, and when the next begins.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/log/broadcast_setup.hpp>
#include <btard/protocol/log/log_outcome.hpp>
#include <btard/protocol/log/relay_set.hpp>
#include <btard/protocol/wire/log_list.hpp>
#include <btard/protocol/wire/log_messages.hpp>
#include <btard/protocol/wire/statement.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// What came out counts when a quorum says so.  Until then a member waits as long as a relay lasts: others may be in
/// one, and it is as good.  Then it begins another one, or joins one that somebody else begins.
class relay_repeat {
public:
    explicit relay_repeat(broadcast_setup const& setup)
        : at_(setup.in.at), members_(setup.members.size()), quorum_(setup.quorum),
          patience_of_relay_(setup.faults + 3) {}

    // ---- commands

    /// A relay is over.
    void end_relay() {
        repeats_ = true;
        patience_ = patience_of_relay_;
    }
    /// What came out of it, to be signed.
    [[nodiscard]] log_list const& conclude(relay_set const& accepted) {
        auto const& certified = accepted.certificates();
        came_out_ = certified.size() == 1 ? certified.front()
                                          : wire::log_certificate{at_, true, accepted.outcome(), {}};
        hash_ = certified.size() == 1 ? accepted.certified().front() : hash_of(came_out_->list);
        return came_out_->list;
    }
    /// Somebody else begins one.  Once with each, or a liar could keep members out of step for ever.
    ///
    /// @return whether this member begins it too
    [[nodiscard]] bool join(peer_id from) {
        if (joined_.empty()) joined_.resize(members_);
        if (joined_[static_cast<std::size_t>(from)]) return false;
        joined_[static_cast<std::size_t>(from)] = true;
        joins_ = true;
        return true;
    }
    /// Whether it does so now.
    [[nodiscard]] bool take_join() { return std::exchange(joins_, false); }
    /// An interval is over.
    ///
    /// @return whether it goes on waiting
    [[nodiscard]] bool wait() {
        if (patience_ == 0) return false;
        --patience_;
        return true;
    }

    // ---- getters

    /// There was a relay, which came to nothing.
    [[nodiscard]] bool repeats() const { return repeats_; }
    /// What came out of the last one has had the time to close the phase.
    [[nodiscard]] bool may_join() const { return !came_out_ || patience_ + 1 < patience_of_relay_; }
    /// Of the list that came out of a relay which is just over; nothing: it is longer ago.
    [[nodiscard]] std::optional<digest> just_came_out() const {
        if (!came_out_ || patience_ != patience_of_relay_) return {};
        return hash_;
    }
    /// What a quorum has signed: what came out, or else a list of those who closed without a relay.  Null: nothing.
    [[nodiscard]] wire::log_certificate const* agreed(log_outcome const& outcome,
                                                      relay_set const& accepted) const {
        if (!came_out_) return nullptr;
        if (outcome.count(hash_) >= quorum_) return &*came_out_;
        for (std::size_t k = 0; k < accepted.certified().size(); ++k)
            if (outcome.count(accepted.certified()[k]) >= quorum_) return &accepted.certificates()[k];
        return nullptr;
    }

private:
    place at_;
    std::size_t members_;
    std::size_t quorum_;
    std::size_t patience_of_relay_;                 // intervals
    std::optional<wire::log_certificate> came_out_; // of the last relay
    digest hash_{};                                 // of its list
    bool repeats_ = false;
    bool joins_ = false;       // somebody else has begun another one
    std::vector<bool> joined_; // (members) who has; empty: nobody
    std::size_t patience_ = 0; // intervals, until this member begins it
};

/// It is the one that begins a relay.
[[nodiscard]] inline bool begins_relay(peer_id from, std::span<wire::member_signature const> relays) {
    return relays.size() == 1 && relays.front().member == from;
}

} // namespace btard
