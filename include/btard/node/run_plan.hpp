// btard/node/run_plan.hpp: what a run trains and by which rules, and whether this machine computes the same bits.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/aggregate.hpp>
#include <btard/aggregate/concept.hpp>
#include <btard/aggregate/host.hpp>
#include <btard/core/error.hpp>
#include <btard/core/matrix_view.hpp>
#include <btard/core/norm.hpp>
#include <btard/core/random.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/step/commitment.hpp>
#include <btard/protocol/step/run_rules.hpp>
#include <btard/protocol/step/testimony.hpp>
#include <btard/protocol/wire/tagged_hash.hpp>
#include <btard/run/model_state.hpp>
#include <btard/train/any_learnable.hpp>
#include <btard/train/optimizer.hpp>
#include <btard/train/schedule.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// All that the settings of a charter say, made ready to work.
template <verifiable_aggregator Rule>
struct run_plan {
    any_learnable task;
    Rule rule;
    run_rules rules = {};
    btard::optimizer optimizer = sgd{};
    continued_schedule schedule = {};
    std::optional<float> clip_gradient = {}; ///< each worker shortens its gradient to this length
    std::uint64_t steps = 0;                 ///< of the whole run
    std::uint64_t seed = 0;                  ///< from which parameters begin

    [[nodiscard]] model_state first() {
        std::vector<float> parameters(task.size());
        task.initialize(derive({seed, 0}, "initialize"), parameters);
        return first_state(optimizer, std::move(parameters));
    }
};

/// For as long the members that have finished stay: others may be behind, by a relay and what they say then.
[[nodiscard]] inline std::chrono::nanoseconds time_to_finish(run_rules const& rules) {
    return 2 * rules.timing.body + static_cast<std::int64_t>(rules.faults + 4) * rules.timing.interval;
}

inline void shorten(std::span<float> gradient, std::optional<float> longest) {
    if (!longest) return;
    double const length = norm(gradient);
    if (length > *longest) // nor is a NaN shortened
        for (float& g : gradient) g = static_cast<float>(g * (*longest / length));
}

/// What the kernels that verdicts rest on give for a fixed input, and a gradient: whoever computes other bits would be
/// accused of them later, so it is told before.
///
/// @param gradients false: they may differ (a tolerance above 0), and are left out
template <verifiable_aggregator Rule>
[[nodiscard]] digest numerics_of(run_plan<Rule>& plan, bool gradients) {
    constexpr std::size_t peers = 7, length = 1'031;
    random_stream random(derive({0x6274617264, 0}, "numerics"));
    std::vector<float> rows, mean(length);
    for (std::size_t k = 0; k < peers * length; ++k) rows.push_back(static_cast<float>(random.normal()));
    std::vector<double> const weights(peers, 1.0);
    matrix_view<float const> const view(rows.data(), peers, length);
    (void)aggregate(host{}, plan.rule, view, std::span<double const>(weights), std::span<float>(mean));
    std::vector<std::byte> bytes;
    byte_writer to(bytes);
    to.write(hash_of(std::span<float const>(mean)));
    for (auto const& one :
         testify(host{}, plan.rule, view, std::span<float const>(mean), directions{{1, 2}, 3}))
        to.write(one);

    auto state = plan.first();
    std::vector<float> gradient(plan.task.size());
    if (gradients) {
        (void)plan.task.gradient(state.parameters, derive({0x6274617264, 0}, "numerics of gradients"), {},
                                 gradient);
        shorten(gradient, plan.clip_gradient);
        to.write(hash_of(std::span<float const>(gradient)));
    } else {
        for (float& g : gradient) g = static_cast<float>(random.normal());
    }
    auto const layout = layout_of(plan.task);
    move(state, plan.optimizer, plan.schedule, layout, gradient);
    move(state, plan.optimizer, plan.schedule, layout, gradient);
    to.write(root_of(state));
    return tagged_hash("numerics", std::span<std::byte const>(bytes));
}

} // namespace btard
