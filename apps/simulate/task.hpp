// apps/simulate/task.hpp: from settings to something to train.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "settings.hpp"

#include <btard/core/types.hpp>
#include <btard/train/any_learnable.hpp>

#include <cstddef>

namespace btard::apps {

/// Where samples are divided among the peers, that follows from the seed of the run.
///
/// @throws contract_violation: data and model do not fit, there are no such data, or there is no LibTorch;
///         environment_error: the data cannot be used.
[[nodiscard]] any_learnable make_task(settings const& what);

// Defined by torch_text_task.cpp and torch_image_task.cpp; without LibTorch, by no_torch_tasks.cpp.
[[nodiscard]] any_learnable make_text_task(text_file const& text, albert_model const& model);
[[nodiscard]] any_learnable make_image_task(any_data const& data, any_model const& model, std::size_t peers,
                                            seed from);

} // namespace btard::apps
