// apps/simulate/recorder.hpp: writes each run into a file that has its own name only when it is complete.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "settings.hpp"
#include "step_result.hpp"

#include "../common/files.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace btard::apps {

/// `krum.jsonl.part`, until the last step: then it is renamed to `krum.jsonl`.
[[nodiscard]] std::string part_of(std::string const& path);

/// Of the bans of a run: `bans.jsonl`; where a command has several runs, `krum.bans.jsonl`.
[[nodiscard]] std::string bans_file(curve const& one, bool alone);

class recorder {
public:
    /// @param alone the command has only this run
    recorder(std::string folder, std::span<curve const> curves, bool alone)
        : folder_(std::move(folder)), curves_(curves), alone_(alone), files_(curves.size()), bans_(curves.size()) {}

    /// Writes a step into the files of its curves, and its bans into theirs.  A file begins with the first step.
    ///
    /// @throws environment_error: the disk is full.
    void add(std::span<std::size_t const> which, step_result const& result);

    [[nodiscard]] std::size_t finished() const { return finished_; } ///< runs

private:
    std::string folder_;
    std::span<curve const> curves_;
    bool alone_;
    std::vector<std::optional<line_file>> files_, bans_; // open ones
    std::size_t finished_ = 0;
};

} // namespace btard::apps
