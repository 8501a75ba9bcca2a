// btard/transport/tcp/address.hpp: where to listen, whom a name means, and which of our addresses others would see.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/transport/tcp/connection.hpp>

#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/udp.hpp>
#include <asio/ip/v6_only.hpp>

#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

namespace btard {

/// The address of this machine from which packets to that host would set out: what to announce where a machine has
/// several.  Nothing is sent: a UDP socket that is connected only looks up the route.
///
/// @throws environment_error: the name is not known, or there is no route.
[[nodiscard]] inline std::string local_address_towards(std::string const& host, std::uint16_t port = 9) {
    asio::io_context io;
    std::error_code failed;
    asio::ip::udp::resolver names(io);
    auto const found = names.resolve(host, std::to_string(port), asio::ip::resolver_base::numeric_service, failed);
    for (auto const& one : found) {
        asio::ip::udp::socket probe(io);
        failed.clear();
        probe.open(one.endpoint().protocol(), failed);
        if (!failed) probe.connect(one.endpoint(), failed);
        auto const here = failed ? asio::ip::udp::endpoint{} : probe.local_endpoint(failed);
        if (!failed) return here.address().to_string();
    }
    if (!failed) failed = make_error_code(std::errc::host_unreachable);
    throw environment_error(failed, concat("there is no way from here to '", host, "': ", failed.message()));
}

namespace detail {

/// Opened, bound and listening; "": all addresses of the machine, IPv6 and IPv4.
///
/// @throws environment_error, with the address
[[nodiscard]] inline tcp_acceptor listen_at(asio::io_context& io, std::string const& host, std::uint16_t port) {
    tcp_acceptor made(io);
    auto const attempt = [&](asio::ip::address const& at) {
        std::error_code failed, ignored;
        made.close(ignored);
        asio::ip::tcp::endpoint const where(at, port);
        made.open(where.protocol(), failed);
        if (!failed && at.is_v6()) made.set_option(asio::ip::v6_only(at != asio::ip::address_v6::any()), ignored);
        if (!failed) made.set_option(asio::socket_base::reuse_address(true), failed);
        if (!failed) made.bind(where, failed);
        if (!failed) made.listen(asio::socket_base::max_listen_connections, failed);
        return failed;
    };
    std::error_code failed;
    if (host.empty()) {
        failed = attempt(asio::ip::address_v6::any());
        if (failed && failed != std::errc::address_in_use) failed = attempt(asio::ip::address_v4::any());
    } else {
        auto const at = asio::ip::make_address(host, failed);
        if (failed)
            throw environment_error(failed,
                                    concat("cannot listen at '", host, "': it is no IP address of this machine"));
        failed = attempt(at);
    }
    if (failed)
        throw environment_error(failed, concat("cannot listen at ", host.empty() ? "any address" : host, ", port ",
                                               port, ": ", failed.message()));
    return made;
}

/// What a name means; an address means itself, and no thread of asio's is begun to look it up.
inline task<std::error_code> look_up(tcp_resolver& names, std::string const& host, std::uint16_t port,
                                     std::vector<asio::ip::tcp::endpoint>& found) {
    std::error_code failed;
    auto const literal = asio::ip::make_address(host, failed);
    if (!failed) {
        found.emplace_back(literal, port);
        co_return failed;
    }
    failed.clear();
    std::string const service = std::to_string(port);
    auto const all =
        co_await names.async_resolve(host, service, asio::ip::resolver_base::numeric_service, errors_in(failed));
    for (auto const& one : all) found.push_back(one.endpoint());
    co_return failed;
}

} // namespace detail
} // namespace btard
