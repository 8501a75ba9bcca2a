// btard/protocol/log/introduction.hpp: what a member tells a newcomer of the run.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/protocol/log/transcript.hpp>
#include <btard/protocol/step/step_context.hpp>
#include <btard/protocol/wire/encoding.hpp>

#include <optional>
#include <vector>

namespace btard::wire {

/// From what a step starts.  To whom asks to join: of the last step that is over, with what proves it.  To whom is on
/// probation: of the step that begins, on the word of the sender.
struct introduction {
    std::vector<epoch_link> epochs = {};  ///< how its roster follows from the first one
    step_context context{};
    std::optional<kept_log> commits = {}; ///< the log of COMMIT, in which a quorum says so

    static constexpr void members(auto& self, auto&& member) {
        member(self.epochs, &wire_limits::claims);
        member(self.context);
        member(self.commits);
    }
    friend bool operator==(introduction const&, introduction const&) = default;
};

} // namespace btard::wire
