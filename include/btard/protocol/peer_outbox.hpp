// btard/protocol/peer_outbox.hpp: what a peer wants done, until somebody does it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/actions.hpp>
#include <btard/protocol/log/outgoing.hpp>
#include <btard/protocol/step/step_state.hpp>
#include <btard/protocol/wire/codec.hpp>

#include <deque>
#include <optional>
#include <utility>
#include <variant>

namespace btard {

/// First in, first out.
class peer_outbox {
public:
    void put(peer_action one) { waiting_.push_back(std::move(one)); }
    void post(public_key const& to, wire::message message) { put(act::send{to, std::move(message)}); }
    /// To all other members of the step.
    void post_all(step_state const& at, wire::message message) {
        put(act::broadcast{at.others({}), std::move(message)});
    }
    /// Of a broadcast.
    void post(log_outgoing out, public_key const& self) {
        auto message = std::visit([](auto& m) { return wire::message(std::move(m)); }, out.message);
        if (out.to) post(*out.to, std::move(message));
        else put(act::broadcast{out.others(self), std::move(message)});
    }

    [[nodiscard]] std::optional<peer_action> poll() {
        if (waiting_.empty()) return {};
        peer_action next = std::move(waiting_.front());
        waiting_.pop_front();
        return next;
    }

private:
    std::deque<peer_action> waiting_;
};

} // namespace btard
