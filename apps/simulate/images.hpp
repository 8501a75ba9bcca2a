// apps/simulate/images.hpp: reads data sets of images, each once.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "data.hpp"
#include "model.hpp"

#include <btard/core/types.hpp>
#include <btard/data/image_samples.hpp>

#include <cstddef>

namespace btard::apps {

/// The images of a folder, divided among the peers where the split says so.  What was read once is kept until
/// the program ends: many curves learn from the same images.  Safe to call from several threads.
///
/// @throws contract_violation: there are no such files; environment_error: they cannot be used.
[[nodiscard]] image_samples load_images(any_data const& data, std::size_t peers, seed from);

[[nodiscard]] image_sizes sizes_of(image_samples const& images);

} // namespace btard::apps
