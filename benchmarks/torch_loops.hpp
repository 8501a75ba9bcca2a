// benchmarks/torch_loops.hpp: the rules as they are usually written over LibTorch, to compare with.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

/// Runs one rule on rows (n, d) with `threads` threads, the way public code does: whole-tensor operations, several
/// passes and n x d temporaries for each.  Knows mean, coordinate_median, trimmed_mean, krum, multi_krum,
/// geometric_median (3 steps) and centered_clip (20 steps from the median).
///
/// @return one element of the result; nothing for a rule that it does not know
std::optional<float> torch_loop(std::string_view rule, float const* rows, std::size_t n, std::size_t d, int threads);
