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
    /// @throws environment_error: the folder cannot be made, or another process uses it
    /// @param at further steps after which there is a checkpoint, which is kept for good
    run_files(node_options const& options, std::vector<std::uint64_t> at,
              std::function<void(std::string const&)> say);

    /// The run is known: what the folder has of it is continued.
    ///
    /// @throws environment_error: the files cannot be written
    void begin(wire::charter const& charter, run_settings const& settings, std::vector<tensor_layout> layout);
    void write(std::string const& metrics_line);
    void write(ban_record const& ban);
    /// Writes a checkpoint where one is due.  A full disk is said to the operator, and the run goes on.
    ///
    /// @param last true: one is due
    void keep(model_state const& state, std::vector<log_member> const& roster, bool last);

    /// The state of the last good checkpoint of that run; nothing: there is none.
    [[nodiscard]] std::optional<model_state> last(digest const& run, run_settings const& settings,
                                                  std::vector<tensor_layout> const& layout) const;

private:
    void write_to(std::optional<line_file>& file, std::string const& line);

    node_options options_;
    std::vector<std::uint64_t> at_;
    std::function<void(std::string const&)> say_;
    std::optional<folder_lock> lock_;
    std::optional<line_file> metrics_, bans_;
    bool complained_ = false;
    std::vector<std::vector<std::byte>> ban_list_;
    std::uint64_t before_ = 0; // steps, in another run
    std::optional<std::uint64_t> kept_;
    digest run_{};
    std::string settings_text_;
    btard::optimizer optimizer_ = sgd{};
    std::vector<tensor_layout> layout_;
};

/// The state of a checkpoint, for a run of these settings; of which step it is then, is for the caller to say.
///
/// @throws environment_error: it is of another model, or another optimizer
[[nodiscard]] model_state state_of(checkpoint const& from, std::string const& path,
                                   run_settings const& settings, std::vector<tensor_layout> const& layout);

} // namespace btard::apps
