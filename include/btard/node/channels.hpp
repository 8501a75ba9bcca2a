// btard/node/channels.hpp: what goes first over a link: what is said to all, then parts of gradients, then states.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/protocol/wire/codec.hpp>
#include <btard/run/messages.hpp>
#include <btard/transport/tcp/send_queue.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <type_traits>
#include <variant>
#include <vector>

namespace btard {

inline constexpr std::size_t bulk_channel = 1; ///< of rows, aggregates and evidence

/// The same list on all peers of a run, whatever it trains: a peer knows no sizes before it has linked.
[[nodiscard]] inline std::vector<tcp_channel> run_channels() {
    constexpr std::size_t mega = 1u << 20;
    return {
        {.largest = 32 * mega, .queued = 256 * mega}, // 0: what is said to all; lists and their signatures
        {.largest = 2'048 * mega, .queued = 4'096 * mega}, // 1: rows, aggregates, evidence
        {.largest = 2'048 * mega, .queued = 64 * mega}};   // 2: states, for those that come in
}

/// Of whoever has not greeted: a greeting is shorter, and nothing else is heard.
inline constexpr std::size_t before_greeting = 4'096; // bytes

namespace detail {
template <class M>
inline constexpr bool is_bulk =
    std::same_as<M, wire::row> || std::same_as<M, wire::aggregate> || std::same_as<M, wire::evidence>;
template <class M>
inline constexpr bool is_state = std::same_as<M, wire::leaves> || std::same_as<M, wire::chunk> ||
                                 std::same_as<M, wire::applied> || std::same_as<M, wire::held>;
} // namespace detail

[[nodiscard]] inline std::size_t channel_of(wire::message const& message) {
    return std::visit([]<class M>(M const&) -> std::size_t { return detail::is_bulk<M> ? bulk_channel : 0; }, message);
}
[[nodiscard]] inline std::size_t channel_of(wire::run_message const& message) {
    return std::visit([]<class M>(M const&) -> std::size_t { return detail::is_state<M> ? 2 : 0; }, message);
}

} // namespace btard
