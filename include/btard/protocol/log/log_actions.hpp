// btard/protocol/log/log_actions.hpp: what an agreement wants done.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/wire/equivocation.hpp>
#include <btard/protocol/wire/log_messages.hpp>

#include <cstddef>
#include <cstdint>
#include <variant>

namespace btard {

/// How a phase came to its log.
enum class closed_by : std::uint8_t { full_certificate, certificate, relay, outcome_certificate };

namespace act {

struct send_log { ///< to one
    peer_id to{};
    wire::log_message message;
    friend bool operator==(send_log const&, send_log const&) = default;
};
struct broadcast_log { ///< to all others
    wire::log_message message;
    friend bool operator==(broadcast_log const&, broadcast_log const&) = default;
};
struct log_closed { ///< the log is final, and every body of it is here
    closed_by how{};
    digest log{};
    friend bool operator==(log_closed const&, log_closed const&) = default;
};
struct log_paused { ///< no quorum: keep the state, say so, reconnect
    std::size_t heard = 0, quorum = 0;
    friend bool operator==(log_paused const&, log_paused const&) = default;
};
struct log_proof { ///< somebody signed two statements for one slot
    equivocation evidence{};
    friend bool operator==(log_proof const&, log_proof const&) = default;
};

} // namespace act

using log_action =
    std::variant<act::send_log, act::broadcast_log, act::log_closed, act::log_paused, act::log_proof>;

} // namespace btard
