// apps/simulate/task.hpp: from data and model to something to train.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "data.hpp"
#include "model.hpp"

#include <btard/train/any_learnable.hpp>

#include <optional>

namespace btard::apps {

[[nodiscard]] any_learnable make_task(any_data const& data, std::optional<albert_model> const& model);

/// Defined by text_task.cpp, or by no_text_task.cpp in a build without LibTorch.
///
/// @throws environment_error: the text cannot be used; contract_violation: there is no LibTorch.
[[nodiscard]] any_learnable make_text_task(text_file const& text, albert_model const& model);

} // namespace btard::apps
