// btard/run/model_state.hpp: parameters and what the optimizer remembers, as floats that are hashed chunk by chunk.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/crypto/merkle.hpp>
#include <btard/protocol/step/commitment.hpp>
#include <btard/protocol/wire/tagged_hash.hpp>
#include <btard/train/learnable.hpp>
#include <btard/train/optimizer.hpp>
#include <btard/train/schedule.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

/// With what a step begins: the same bits on all honest members.
struct model_state {
    std::uint64_t step = 0;
    std::vector<float> parameters = {}; // (size)
    optimizer_state memory = {};

    friend bool operator==(model_state const&, model_state const&) = default;
};

/// The step with which a run begins.
[[nodiscard]] inline model_state first_state(optimizer const& method, std::vector<float> parameters) {
    auto memory = start(method, parameters.size());
    return {0, std::move(parameters), std::move(memory)};
}

/// The end of a step, on members and on those that follow them: the same bits.
inline void move(model_state& state, btard::optimizer const& method, continued_schedule const& schedule,
                 std::span<tensor_layout const> layout, std::span<float const> aggregate,
                 std::size_t threads = 1) {
    double const factor = factor_at(schedule, static_cast<std::size_t>(state.step));
    step(method, state.memory, layout, aggregate, state.parameters, factor, threads);
    ++state.step;
}

/// All floats of a state one after the other: parameters, then what the optimizer keeps for each of them, then its
/// numbers, each as four floats: 16 bits of a double, the lowest first.
[[nodiscard]] inline std::vector<float> flat(model_state const& of) {
    std::vector<float> all = of.parameters;
    auto const add = [&](std::vector<float> const& more) { all.insert(all.end(), more.begin(), more.end()); };
    auto const number = [&](double value) {
        auto const bits = std::bit_cast<std::uint64_t>(value);
        for (unsigned const shift : {0u, 16u, 32u, 48u})
            all.push_back(static_cast<float>(bits >> shift & 0xFFFF));
    };
    std::visit(
        [&]<class State>(State const& kept) {
            if constexpr (std::same_as<State, sgd::state>) {
                add(kept.velocity);
            } else {
                add(kept.means);
                add(kept.squares);
                number(kept.mean_weight);
                number(kept.square_weight);
            }
        },
        of.memory);
    return all;
}

/// How many floats that gives.
[[nodiscard]] inline std::size_t flat_size(optimizer const& method, std::size_t size) {
    if (auto const* const one = std::get_if<sgd>(&method)) return one->momentum > 0 ? 2 * size : size;
    return 3 * size + 8;
}

[[nodiscard]] inline bool is_state_of(model_state const& state, optimizer const& method, std::size_t size) {
    return state.parameters.size() == size && state.memory.index() == method.index() &&
           flat(state).size() == flat_size(method, size);
}

/// The state whose floats these are.
///
/// @return nothing, where there are too few or too many of them for this optimizer and so many parameters
[[nodiscard]] inline std::optional<model_state> unflat(std::span<float const> all, std::uint64_t step,
                                                       optimizer const& method, std::size_t size) {
    model_state made{step, {}, start(method, size)};
    bool good = true;
    auto const take = [&](std::vector<float>& to, std::size_t count) {
        good = good && all.size() >= count;
        if (!good) return;
        to.assign(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count));
        all = all.subspan(count);
    };
    auto const number = [&](double& to) {
        good = good && all.size() >= 4;
        if (!good) return;
        std::uint64_t bits = 0;
        for (std::size_t k = 4; k-- > 0;) {
            good = good && all[k] >= 0 && all[k] <= 0xFFFF;
            bits = bits << 16 | (good ? static_cast<std::uint64_t>(all[k]) : 0);
        }
        to = std::bit_cast<double>(bits);
        all = all.subspan(4);
    };
    take(made.parameters, size);
    std::visit(
        [&]<class State>(State& kept) {
            if constexpr (std::same_as<State, sgd::state>) {
                take(kept.velocity, kept.velocity.size());
            } else {
                take(kept.means, size);
                take(kept.squares, size);
                number(kept.mean_weight);
                number(kept.square_weight);
            }
        },
        made.memory);
    if (!good || !all.empty()) return {};
    return made;
}

/// How many floats of a state are hashed, and sent, at a time.
inline constexpr std::size_t chunk_floats = 1u << 18; // 1 MiB

[[nodiscard]] inline std::size_t chunks_of(std::size_t floats) {
    return std::max<std::size_t>(1, (floats + chunk_floats - 1) / chunk_floats);
}
[[nodiscard]] inline std::span<float const> chunk_of(std::span<float const> all, std::size_t index) {
    std::size_t const from = std::min(all.size(), index * chunk_floats);
    return all.subspan(from, std::min(chunk_floats, all.size() - from));
}
/// Hashes of the chunks.
[[nodiscard]] inline std::vector<digest> leaves_of(std::span<float const> all) {
    std::vector<digest> hashes;
    for (std::size_t k = 0; k < chunks_of(all.size()); ++k) hashes.push_back(hash_of(chunk_of(all, k)));
    return hashes;
}
/// One hash for a state: of its step, its number of chunks and the tree over them.
[[nodiscard]] inline digest root_of(std::uint64_t step, std::span<digest const> leaves) {
    std::vector<leaf_hash> entries;
    for (auto const& one : leaves) entries.push_back(leaf_hash::of(one.bytes));
    digest const tree = entries.empty() ? digest{} : merkle_tree(entries).root();
    return tagged_hash("state", step, leaves.size(), tree);
}
[[nodiscard]] inline digest root_of(model_state const& of) { return root_of(of.step, leaves_of(flat(of))); }

} // namespace btard
