// SPDX-License-Identifier: Apache-2.0
#include "run_files.hpp"

#include "../simulate/ban_file.hpp"

#include <btard/checkpoint/checkpoint_folder.hpp>
#include <btard/core/error.hpp>
#include <btard/core/policy_text.hpp>
#include <btard/protocol/wire/tagged_hash.hpp>
#include <btard/train/optimizer_memory.hpp>

#include <algorithm>
#include <utility>

namespace btard::apps {

run_files::run_files(node_options const& options, std::vector<std::uint64_t> at,
                     std::function<void(std::string const&)> say)
    : options_(options), at_(std::move(at)), say_(std::move(say)) {
    if (options_.out.empty()) return;
    make_folder(options_.out);
    lock_.emplace(options_.out);
}

void run_files::begin(wire::charter const& charter, run_settings const& settings,
                      std::vector<tensor_layout> layout) {
    if (!lock_ || metrics_) return;
    run_ = charter.run();
    settings_text_ = charter.settings.text();
    before_ = settings.steps_before;
    optimizer_ = settings.optimizer;
    layout_ = std::move(layout);
    std::string const name = short_name(run_);
    metrics_.emplace(concat(options_.out, "/metrics-", name, ".jsonl"), line_file::existing::continued);
    bans_.emplace(concat(options_.out, "/bans-", name, ".jsonl"), line_file::existing::continued);
    if (!bans_->was_empty()) return;
    std::size_t size = 0;
    for (auto const& tensor : layout_) size += tensor.size;
    bans_->write(run_line({.root = {run_, charter.founders},
                           .rules = settings.rules(),
                           .rule = to_text(settings.rule),
                           .size = size,
                           .real_keys = true}));
}

void run_files::write_to(std::optional<line_file>& file, std::string const& line) {
    if (!file) return;
    try {
        file->write(line);
        complained_ = false;
    } catch (environment_error const& error) {
        if (!std::exchange(complained_, true)) say_(error.what());
    }
}
void run_files::write(std::string const& metrics_line) { write_to(metrics_, metrics_line); }

void run_files::write(ban_record const& ban) {
    auto const line = ban_line(run_, ban);
    write_to(bans_, line);
    auto const bytes = std::as_bytes(std::span(line.data(), line.size()));
    ban_list_.emplace_back(bytes.begin(), bytes.end());
}

std::optional<model_state> run_files::last(digest const& run, run_settings const& settings,
                                           std::vector<tensor_layout> const& layout) const {
    if (!lock_) return {};
    auto const found = load_last_checkpoint(options_.out, run);
    for (auto const& sentence : found.skipped) say_(sentence);
    if (!found.last) return {};
    auto state = state_of(*found.last, found.path, settings, layout);
    state.step = found.last->step - settings.steps_before;
    say_(concat("going on from ", found.path));
    return state;
}

void run_files::keep(model_state const& state, std::vector<log_member> const& roster, bool last) {
    std::uint64_t const step = before_ + state.step;
    bool const listed = std::ranges::find(at_, step) != at_.end();
    bool const due =
        last || listed || (options_.checkpoint_every > 0 && step % options_.checkpoint_every == 0);
    if (!lock_ || !due || kept_ == step) return;
    checkpoint made{.step = step,
                    .run = run_,
                    .configuration_digest = tagged_hash("settings", std::string_view(settings_text_)),
                    .configuration = settings_text_,
                    .tensors = shapes_of(layout_),
                    .parameters = state.parameters,
                    .optimizer = memory_of(optimizer_, state.memory),
                    .roster = {},
                    .bans = ban_list_,
                    .seeds = {},
                    .floats = {},
                    .bytes = {}};
    for (auto const& one : roster) made.roster.push_back({one.key, one.incarnation});
    try {
        auto const path = save_checkpoint(options_.out, made, {.last = options_.keep, .permanent = at_});
        kept_ = step;
        say_(concat("checkpoint: ", path));
    } catch (environment_error const& error) {
        say_(concat("no checkpoint of step ", step, ": ", error.what()));
    }
}

model_state state_of(checkpoint const& from, std::string const& path, run_settings const& settings,
                     std::vector<tensor_layout> const& layout) {
    require_shapes(from, path, layout);
    model_state made{0, from.parameters, start(settings.optimizer, from.parameters.size())};
    if (from.optimizer) made.memory = restore(settings.optimizer, from.parameters.size(), *from.optimizer);
    return made;
}

} // namespace btard::apps
