// tests/docs/tcp_snippets_test.cpp: the examples of docs/reference/transport.md that use sockets, each a region.
// SPDX-License-Identifier: Apache-2.0
#include <btard/transport/tcp.hpp>

#include <asio/io_context.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace btard;

namespace {
// [tcp_handler]
struct answers : tcp_handler {
    tcp* net = nullptr;
    std::size_t greetings = 0;

    void on_frame(public_key const& from, std::size_t, std::vector<std::byte> frame, time_point) override {
        if (++greetings == 1) net->post(from, std::move(frame)); // back to where it came from
        net->stop(std::chrono::seconds(1));                      // what is queued goes first
    }
    void on_lost(public_key const&, std::error_code, std::string const& sentence, time_point) override {
        std::printf("%s\n", sentence.c_str());
    }
};
// [tcp_handler]
} // namespace

TEST_CASE("transport.md: two peers over TCP") {
    // [tcp]
    asio::io_context io;
    identity const alice = identity::generate(), bob = identity::generate();
    tcp_setup setup;
    setup.channels = {{.largest = 1u << 16, .queued = 1u << 20},   // 0, urgent: at most 64 KiB each, 1 MiB may wait
                      {.largest = 1u << 28, .queued = 64u << 20}}; // 1, bulk
    setup.host = "127.0.0.1";                                      // port 0: one that is free

    answers at_alice, at_bob;
    tcp alices(io, alice, setup, at_alice), bobs(io, bob, setup, at_bob);
    at_alice.net = &alices, at_bob.net = &bobs;

    bobs.expect(alice.key()); // who is neither expected nor reached is asked about: `admits`
    alices.reach(bob.key(), "127.0.0.1", bobs.port());
    alices.post(bob.key(), std::vector<std::byte>(100));                                         // channel 0
    alices.post(bob.key(), 1, std::make_shared<std::vector<std::byte> const>(std::size_t(1e6))); // bulk
    io.run(); // until both have stopped
    // [tcp]
    CHECK(at_bob.greetings >= 1);
}
