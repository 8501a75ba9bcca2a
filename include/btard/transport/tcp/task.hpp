// btard/transport/tcp/task.hpp: the few types of asio that are used here, all of them on one loop.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <asio/awaitable.hpp>
#include <asio/basic_socket_acceptor.hpp>
#include <asio/basic_stream_socket.hpp>
#include <asio/basic_waitable_timer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/basic_resolver.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <system_error>

namespace btard::detail {

/// Of the loop itself: there is one, and one thread runs it.
using loop_executor = asio::io_context::executor_type;

template <class T>
using task = asio::awaitable<T, loop_executor>;
using loop_timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                              asio::wait_traits<std::chrono::steady_clock>, loop_executor>;
using tcp_socket = asio::basic_stream_socket<asio::ip::tcp, loop_executor>;
using tcp_acceptor = asio::basic_socket_acceptor<asio::ip::tcp, loop_executor>;
using tcp_resolver = asio::ip::basic_resolver<asio::ip::tcp, loop_executor>;

/// For `co_await x.async_something(..., errors_in(failed))`: nothing is thrown.
[[nodiscard]] inline auto errors_in(std::error_code& failed) {
    return asio::redirect_error(asio::use_awaitable_t<loop_executor>{}, failed);
}

} // namespace btard::detail
