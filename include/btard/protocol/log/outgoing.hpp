// btard/protocol/log/outgoing.hpp: a message of a broadcast that is to be sent.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/log/epochs.hpp>
#include <btard/protocol/wire/log_messages.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace btard {

/// To all other members of that broadcast where `to` is absent.
struct log_outgoing {
    std::optional<public_key> to;
    std::shared_ptr<roster const> among;
    wire::log_message message;

    [[nodiscard]] std::vector<public_key> others(public_key const& self) const {
        std::vector<public_key> all;
        for (auto const& one : among->members())
            if (one.key != self) all.push_back(one.key);
        return all;
    }
};

} // namespace btard
