// apps/simulate/removals.hpp: who is no member any more, and why, in words and as a table.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "history.hpp"

#include <btard/train/swarm_options.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace btard::apps {

/// "step 1003: peer 7 is banned: wrong_gradient", "step 5: peer 7 is out with a strike: no_part"
[[nodiscard]] std::string removal_text(std::size_t step, removal const& one);

/// What a reason amounts to; a text that is none is a ban, as those of `simulated` are.
[[nodiscard]] removed_as kind_of_removal(std::string_view reason);

/// How many peers were removed in this way.  One with several reasons in a step counts once, for the gravest.
[[nodiscard]] std::size_t count(history const& run, removed_as what);

/// `curve,step,peer,reason,kind`, a line for each reason.
[[nodiscard]] std::string removals_csv(std::span<history const> runs);

} // namespace btard::apps
