// btard/protocol/step/state_check.hpp: now and then all members say which parameters they have.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/log/agreed_log.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

namespace btard {

class state_check {
public:
    /// @param every so many steps
    explicit state_check(std::uint64_t every) : every_(every) {}

    /// @param mine the hash of what this peer has, if it knows it
    void begin_step(std::uint64_t step, std::optional<digest> mine) {
        mine_ = step % every_ == 0 ? mine : std::nullopt;
    }
    /// To be said in COMMIT.
    [[nodiscard]] std::optional<digest> const& said() const { return mine_; }
    /// Calls `differs(theirs)` where a quorum has something else.
    void read(agreed_log<wire::commit> const& log, std::size_t quorum, auto&& differs) const {
        if (!mine_) return;
        std::map<digest, std::size_t> votes;
        for (auto const& entry : log)
            if (entry.present() && entry.body.state) ++votes[*entry.body.state];
        for (auto const& [theirs, count] : votes)
            if (count >= quorum && theirs != *mine_) differs(theirs);
    }

private:
    std::uint64_t every_;
    std::optional<digest> mine_;
};

} // namespace btard
