// btard/run/follower_setup.hpp: which run is followed, and from where on.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/step/run_rules.hpp>
#include <btard/run/model_state.hpp>
#include <btard/run/tally.hpp>
#include <btard/train/learnable.hpp>
#include <btard/train/optimizer.hpp>
#include <btard/train/schedule.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

namespace btard {

struct follower_setup {
    digest run{}; ///< the run id
    run_rules rules = {};
    std::size_t size = 0; ///< of the gradient
    btard::optimizer optimizer = sgd{};
    continued_schedule schedule = {};
    std::vector<tensor_layout> layout = {};
    std::size_t threads = 1; ///< for the optimizer
    std::optional<model_state> state =
        {}; ///< of step 0, or of a checkpoint; absent: members are asked for one
    std::chrono::nanoseconds patience =
        std::chrono::seconds(60);                            ///< with who sends nothing that it was asked for
    std::chrono::nanoseconds rest = std::chrono::minutes(2); ///< how long it is not asked then
    /// Told of the state of each step that it reaches, in order, but for those between it and a state that was fetched.
    std::function<void(model_state const&)> reached = [](model_state const&) {};
    std::size_t most_steps = 64; ///< that the state may be behind; then another one is fetched

    void validate() const {
        expects(size > 0, "a follower of a run without parameters");
        expects(patience.count() > 0 && rest.count() > 0, "a follower that waits no time for answers");
        expects(most_steps > 0 && most_steps < tally::most, "a state that is ", most_steps,
                " steps behind; 1 to ", tally::most - 1, " are possible");
    }
};

} // namespace btard
