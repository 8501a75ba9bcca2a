// benchmarks/network_gloo.hpp: the all-reduce of c10d over Gloo, in one of several processes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "network_costs.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <string>

namespace btard::benchmark {

/// Sums the same floats again and again, with all other processes that call this with the same file.
///
/// @param file   through which they find each other; it must not exist before
/// @param settle is called once, when all have reached that moment
markers gloo_steps(std::size_t number, std::size_t count, std::span<float> values, std::size_t steps,
                   std::string const& file, std::function<void()> const& settle);

} // namespace btard::benchmark
