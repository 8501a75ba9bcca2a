// benchmarks/network_links.hpp: a link over TCP beside a bare socket: bytes in a second, and the way there and back.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "network_costs.hpp"

#include <btard/transport/tcp.hpp>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <future>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace btard::benchmark {

using clock_type = std::chrono::steady_clock;

constexpr std::size_t large_size = 5'600'000, large_count = 180, small = 100, trips = 5'000;

inline double since(clock_type::time_point begun) {
    return std::chrono::duration<double>(clock_type::now() - begun).count();
}
inline double cpu_seconds() { return seconds_of(CLOCK_PROCESS_CPUTIME_ID); }
inline void report(char const* name, double seconds, double cpu, std::vector<double> trip) {
    double const bytes = double(large_size) * double(large_count);
    std::printf("%-12s %8.0f MB/s   %5.2f s of CPU for 1 GB   round trip of %zu bytes: median %6.1f us\n", name,
                bytes / seconds * 1e-6, cpu / bytes * 1e9, small, median(std::move(trip)) * 1e6);
    std::fflush(stdout);
}

inline void bare_socket() {
    asio::io_context io;
    asio::ip::tcp::acceptor listens(io, {asio::ip::make_address("127.0.0.1"), 0});
    asio::ip::tcp::socket here(io), there(io);
    here.connect(listens.local_endpoint());
    listens.accept(there);
    here.set_option(asio::ip::tcp::no_delay(true));
    there.set_option(asio::ip::tcp::no_delay(true));
    auto const begun = clock_type::now();
    double const cpu = cpu_seconds();
    std::thread reader([&] {
        std::vector<std::byte> into(1u << 16);
        for (std::size_t left = large_size * large_count; left > 0;)
            left -= there.read_some(asio::buffer(into.data(), std::min(left, into.size())));
        std::vector<std::byte> one(small);
        for (std::size_t k = 0; k < trips; ++k) {
            asio::read(there, asio::buffer(one));
            asio::write(there, asio::buffer(one));
        }
    });
    std::vector<std::byte> const from(large_size);
    for (std::size_t k = 0; k < large_count; ++k)
        for (std::size_t at = 0; at < large_size; at += 1u << 16)
            asio::write(here, asio::buffer(from.data() + at, std::min<std::size_t>(1u << 16, large_size - at)));
    double const seconds = since(begun), used = cpu_seconds() - cpu;
    std::vector<double> trip;
    std::vector<std::byte> one(small);
    for (std::size_t k = 0; k < trips; ++k) {
        auto const sent = clock_type::now();
        asio::write(here, asio::buffer(one));
        asio::read(here, asio::buffer(one));
        trip.push_back(since(sent));
    }
    reader.join();
    report("bare socket", seconds, used, trip);
}

struct echo : tcp_handler {
    tcp* net = nullptr;
    std::size_t large = 0;
    void on_frame(public_key const& from, std::size_t channel, std::vector<std::byte> frame, time_point) override {
        if (channel == 1 && ++large < large_count) return;
        net->post(from, 0,
                  std::make_shared<std::vector<std::byte> const>(channel == 0 ? std::move(frame)
                                                                              : std::vector<std::byte>{}));
    }
    void on_lost(public_key const&, std::error_code, std::string const&, time_point) override {
        net->stop(std::chrono::seconds(1));
    }
};
struct measures : tcp_handler {
    tcp* net = nullptr;
    char const* name = "";
    clock_type::time_point begun{};
    double cpu = 0, seconds = 0, used = 0;
    std::vector<double> trip;
    void on_linked(public_key const& peer, tcp_link_info const&, time_point now) override {
        begun = now;
        cpu = cpu_seconds();
        auto const one = std::make_shared<std::vector<std::byte> const>(large_size);
        for (std::size_t k = 0; k < large_count; ++k) net->post(peer, 1, one);
    }
    void on_frame(public_key const& from, std::size_t, std::vector<std::byte> frame, time_point now) override {
        if (frame.empty()) seconds = since(begun), used = cpu_seconds() - cpu;
        else trip.push_back(std::chrono::duration<double>(now - begun).count());
        begun = clock_type::now();
        if (trip.size() < trips) net->post(from, 0, std::make_shared<std::vector<std::byte> const>(small));
        else net->stop(std::chrono::seconds(1));
    }
    void on_stopped() override { report(name, seconds, used, trip); }
};

inline void link(link_kind kind) {
    tcp_setup setup;
    setup.channels = {{small, 1u << 20}, {large_size, large_size * (large_count + 1)}};
    setup.host = "127.0.0.1";
    setup.options.link = kind;
    identity const a = identity::generate(), b = identity::generate();
    std::promise<std::uint16_t> port;
    std::thread other([&] {
        asio::io_context io;
        echo handler;
        tcp net(io, b, setup, handler);
        handler.net = &net;
        net.expect(a.key());
        port.set_value(net.port());
        io.run();
    });
    asio::io_context io;
    measures handler;
    tcp net(io, a, setup, handler);
    handler.net = &net;
    handler.name = kind == link_kind::tls ? "tls link" : "plain link";
    net.reach(b.key(), "127.0.0.1", port.get_future().get());
    io.run();
    other.join();
}

inline int show_links() {
    for (int round = 0; round < 3; ++round) {
        bare_socket();
        link(link_kind::plain);
        link(link_kind::tls);
    }
    return 0;
}

} // namespace btard::benchmark
