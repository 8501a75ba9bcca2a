// apps/network/run_files.hpp: what a process keeps of a run on its disk: metrics, bans, checkpoints.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "node_options.hpp"
#include "run_settings.hpp"

#include "../common/files.hpp"

#include <btard/checkpoint/checkpoint.hpp>
#include <btard/protocol/log/transcript.hpp>
#include <btard/run/messages.hpp>
#include <btard/run/model_state.hpp>
#include <btard/train/learnable.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace btard::apps {

/// The folder of one process: `metrics.jsonl`, `bans.jsonl`, `step-000450.safetensors` ...
class run_files {
public:
    /// Nothing is written where the options name no folder.
    ///
    /// @param at further steps after which there is a checkpoint, which is kept for good
    run_files(node_options const& options, std::vector<std::uint64_t> at, std::function<void(std::string const&)> say);

    /// The run is known.
    ///
    /// @throws environment_error: the folder cannot be made, or another process uses it
    void begin(wire::charter const& charter, run_settings const& settings, std::vector<tensor_layout> layout);
    void write(std::string const& metrics_line);
    void write(ban_record const& ban);
    /// Writes a checkpoint where one is due.  A full disk is said to the operator, and the run goes on.
    ///
    /// @param last true: one is due
    void keep(model_state const& state, std::vector<log_member> const& roster, bool last);

    [[nodiscard]] bool is_used() const { return lock_.has_value(); }

private:
    node_options options_;
    std::vector<std::uint64_t> at_;
    std::function<void(std::string const&)> say_;
    std::optional<folder_lock> lock_;
    std::optional<line_file> metrics_, bans_;
    std::vector<std::vector<std::byte>> ban_list_;
    std::optional<std::uint64_t> kept_;
    digest run_{};
    std::string settings_text_;
    btard::optimizer optimizer_ = sgd{};
    std::vector<tensor_layout> layout_;
};

/// The state of a checkpoint, for a run of these settings.
///
/// @throws environment_error: it is of another model, or another optimizer
[[nodiscard]] model_state state_of(checkpoint const& from, std::string const& path, run_settings const& settings,
                                   std::vector<tensor_layout> const& layout);

} // namespace btard::apps
