// btard/protocol/log/log_outbox.hpp: what an agreement wants done, until somebody does it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/log/log_actions.hpp>
#include <btard/protocol/wire/equivocation.hpp>
#include <btard/protocol/wire/log_messages.hpp>
#include <btard/protocol/wire/statement.hpp>

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace btard {

/// First in, first out.
class log_outbox {
public:
    explicit log_outbox(std::size_t members) : proved_(2 * members) {}

    void put(log_action one) { waiting_.push_back(std::move(one)); }
    void to_one(peer_id to, wire::log_message message) { put(act::send_log{to, std::move(message)}); }
    void to_all(wire::log_message message) { put(act::broadcast_log{std::move(message)}); }
    /// One proof of each kind is enough, for each member.
    void prove(equivocation evidence) {
        auto const place = 2 * static_cast<std::size_t>(evidence.member) + (evidence.kind == statement::list);
        if (!proved_[place]) put(act::log_proof{std::move(evidence)});
        proved_[place] = true;
    }

    [[nodiscard]] std::optional<log_action> poll() {
        if (waiting_.empty()) return {};
        log_action next = std::move(waiting_.front());
        waiting_.pop_front();
        return next;
    }

private:
    std::deque<log_action> waiting_;
    std::vector<bool> proved_; // (2 members): bodies, lists
};

} // namespace btard
