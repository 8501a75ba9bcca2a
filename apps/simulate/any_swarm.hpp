// apps/simulate/any_swarm.hpp: a swarm from settings.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "settings.hpp"
#include "task.hpp"

#include <btard/train/any_learnable.hpp>
#include <btard/train/swarm.hpp>

#include <utility>

namespace btard::apps {

using any_swarm = swarm<any_learnable, any_aggregator, any_attack>;

/// @param one_thread whatever the settings say: several swarms train side by side
[[nodiscard]] inline any_swarm make_swarm(settings const& what, any_learnable task, bool one_thread) {
    auto options = what.options();
    if (one_thread) options.threads = 1;
    return {std::move(task), what.rule.value, what.attack, options};
}

/// The same, with a task of its own.
[[nodiscard]] inline any_swarm make_swarm(settings const& what, bool one_thread) {
    return make_swarm(what, make_task(what), one_thread);
}

} // namespace btard::apps
