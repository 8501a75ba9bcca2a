// btard/train/optimizer.hpp: an optimizer that is chosen at run time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/train/lamb.hpp>
#include <btard/train/learnable.hpp>
#include <btard/train/sgd.hpp>

#include <cstddef>
#include <span>
#include <variant>

namespace btard {

using optimizer = std::variant<sgd, lamb>;
using optimizer_state = std::variant<sgd::state, lamb::state>;

/// What an optimizer remembers before its first step.
[[nodiscard]] inline optimizer_state start(optimizer const& method, std::size_t size) {
    return std::visit([size](auto const& one) -> optimizer_state { return one.start(size); }, method);
}

/// One step: changes the parameters, and the state that `start` made for the same optimizer.
inline void step(optimizer const& method, optimizer_state& state, std::span<tensor_layout const> layout,
                 std::span<float const> gradient, std::span<float> parameters, double factor,
                 std::size_t threads) {
    std::visit(
        [&]<class Method>(Method const& one) {
            one.step(std::get<typename Method::state>(state), layout, gradient, parameters, factor, threads);
        },
        method);
}

} // namespace btard
