// btard/node/early_messages.hpp: what others have said to all before this trainer had begun.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/node/channels.hpp>
#include <btard/protocol/wire/codec.hpp>

#include <cstddef>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

/// Kept for the moment at which it begins, as far as they are no parts of gradients: those are asked for.  What is lost here
/// others say again when they are asked, which is late.
class early_messages {
public:
    void keep(public_key const& from, wire::message const& message) {
        if (std::holds_alternative<wire::introduction>(message) || channel_of(message) != 0) return;
        std::size_t const bytes = encode_frame(message).size();
        if (bytes_ + bytes > most) return;
        bytes_ += bytes;
        kept_.emplace_back(from, message);
    }
    [[nodiscard]] std::vector<std::pair<public_key, wire::message>> take() {
        bytes_ = 0;
        return std::exchange(kept_, {});
    }

private:
    static constexpr std::size_t most = 32u << 20; // bytes

    std::vector<std::pair<public_key, wire::message>> kept_;
    std::size_t bytes_ = 0;
};

} // namespace btard
