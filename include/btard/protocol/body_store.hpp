// btard/protocol/body_store.hpp: the signed bodies of a phase that a member holds.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/log_list.hpp>
#include <btard/protocol/log_messages.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace btard {

/// At most two of each member.  The first one stays: it is the one in the own list, for which others may ask.
class body_store {
public:
    struct held {
        digest hash;
        wire::signed_body body;
    };

    explicit body_store(std::size_t members) : held_(members) {}

    [[nodiscard]] std::vector<held> const& of(peer_id sender) const {
        return held_[static_cast<std::size_t>(sender)];
    }
    [[nodiscard]] held const* find(peer_id sender, digest const& hash) const {
        for (auto const& one : of(sender))
            if (one.hash == hash) return &one;
        return nullptr;
    }
    /// The signature has been checked.  A third one takes the place of the second.
    void add(digest const& hash, wire::signed_body body) {
        auto& mine = held_[static_cast<std::size_t>(body.sender)];
        senders_ += mine.empty();
        if (mine.size() == 2) mine.pop_back();
        mine.push_back({hash, std::move(body)});
    }
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
            if (held_[k].empty()) them.push_back(peer_id(k));
        return them;
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
    std::vector<std::vector<held>> held_; // (members)
    std::size_t senders_ = 0;
};

} // namespace btard
