// SPDX-License-Identifier: Apache-2.0
#include "nodes.hpp"
#include "relay.hpp"

#include <btard/core/random.hpp>
#include <btard/transport/tcp.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace btard;
using namespace btard::testing;

namespace {

std::vector<std::byte> content(std::size_t size, std::uint64_t from) {
    std::vector<std::byte> bytes(size);
    std::uint64_t index = 0;
    for (std::size_t k = 0; k + 16 <= size; k += 16) {
        auto const bits = philox({from, 0}, index++);
        for (std::size_t j = 0; j < 16; ++j)
            bytes[k + j] = static_cast<std::byte>(bits[j / 4] >> 8 * (j % 4) & 0xff);
    }
    return bytes;
}
constexpr std::size_t small = 100, large = 40'000'000;

bool has_ipv6(asio::io_context& io) {
    asio::ip::tcp::acceptor probe(io);
    std::error_code failed;
    probe.open(asio::ip::tcp::v6(), failed);
    if (!failed) probe.bind({asio::ip::address_v6::loopback(), 0}, failed);
    return !failed;
}

} // namespace

TEST_CASE(
    "tcp: four peers that all dial each other have one link each, and a small and a large message go each way") {
    for (link_kind const kind : {link_kind::tls, link_kind::plain}) {
        asio::io_context io;
        std::vector<std::unique_ptr<node>> nodes;
        for (std::size_t k = 0; k < 4; ++k) {
            auto how = setup();
            how.options.link = kind;
            nodes.push_back(std::make_unique<node>(io, k, how));
        }
        for (auto& a : nodes)
            for (auto& b : nodes)
                if (a != b) a->reach(*b);
        auto const all = [&](auto const& holds) {
            return std::ranges::all_of(nodes, [&](auto const& one) { return holds(*one); });
        };
        REQUIRE(run_until(io, [&] { return all([](node const& one) { return one.net->links() == 3; }); }));

        auto const big = std::make_shared<std::vector<std::byte> const>(content(large, 1));
        auto const tiny = std::make_shared<std::vector<std::byte> const>(content(small, 2));
        nodes[0]->net->post(nodes[1]->key(), 1, big);
        nodes[2]->net->post(nodes[3]->key(), 1, big);
        for (auto& a : nodes)
            for (auto& b : nodes)
                if (a != b) CHECK(a->net->post(b->key(), 0, tiny) == posted::queued);
        REQUIRE(run_until(io, [&] {
            return nodes[1]->frames.size() == 4 && nodes[3]->frames.size() == 4 &&
                   all([](node const& one) { return one.frames.size() >= 3; });
        }));
        for (auto const& one : nodes) {
            for (auto const& frame : one->frames) CHECK(frame.bytes == (frame.channel == 0 ? *tiny : *big));
            CHECK(one->linked.size() == 3); // none of them came and went
            CHECK(one->lost.empty());
            CHECK(one->unreachable.empty());
        }
        for (auto& one : nodes) one->net->stop(1s);
        io.restart();
        io.run(); // ends: nothing is left to do
        CHECK(all([](node const& one) { return one.stopped; }));
    }
}

TEST_CASE("tcp: over IPv6 too, and the address that is announced is another one than the bound one") {
    asio::io_context io;
    if (!has_ipv6(io)) {
        MESSAGE("skipped: there is no IPv6 here");
        return;
    }
    auto how = setup();
    how.host = "::1";
    how.announced_host = "peer.example";
    how.announced_port = 4321;
    node a(io, 1, how), b(io, 2, how);
    a.net->reach(b.key(), "::1", b.net->port());
    b.net->expect(a.key());
    REQUIRE(run_until(io, [&] { return a.linked.size() == 1 && b.linked.size() == 1; }));
    CHECK(a.linked[0].second.address == concat("[::1]:", b.net->port()));
    CHECK(a.linked[0].second.dialled);
    CHECK(!b.linked[0].second.dialled);
    CHECK(b.linked[0].second.announced_host == "peer.example");
    CHECK(b.linked[0].second.announced_port == 4321);
}

TEST_CASE("tcp: one listener on all addresses is reached over IPv4, and the route tells which address others see") {
    asio::io_context io;
    auto how = setup();
    how.host = "";
    node a(io, 1, how), b(io, 2);
    b.net->reach(a.key(), local_address_towards("127.0.0.1"), a.net->port());
    a.net->expect(b.key());
    CHECK(run_until(io, [&] { return b.net->has_link(a.key()); }));
    CHECK(local_address_towards("127.0.0.1") == "127.0.0.1");
    CHECK_THROWS_AS((void)local_address_towards(std::string(64, 'a')), environment_error);
}

TEST_CASE("tcp: each run of a peer has a number of its own, unless it is given one") {
    asio::io_context io;
    node a(io, 1, setup(0)), b(io, 2, setup(0)), given(io, 3, setup(7));
    CHECK(a.net->instance() != b.net->instance());
    CHECK(given.net->instance() == setup(7).instance);
}

TEST_CASE("tcp: a port that is taken, or a host that is none of ours, is refused with a sentence") {
    asio::io_context io;
    node a(io, 1);
    auto how = setup();
    how.port = a.net->port();
    CHECK_THROWS_WITH(node(io, 2, how),
                      concat("cannot listen at 127.0.0.1, port ", how.port, ": Address already in use").c_str());
    how.host = "localhost";
    CHECK_THROWS_AS(node(io, 2, how), environment_error);
}

TEST_CASE("tcp: a small message overtakes a large one that was posted before it") {
    for (link_kind const kind : {link_kind::tls, link_kind::plain}) {
        asio::io_context io;
        auto how = setup();
        how.options.link = kind;
        node a(io, 1, how), b(io, 2, how);
        relay between(io, b.net->port());
        between.set({1ms, 100'000'000, false});
        a.net->reach(b.key(), "127.0.0.1", between.port());
        b.net->expect(a.key());
        REQUIRE(run_until(io, [&] { return a.net->has_link(b.key()); }));
        CHECK(a.post(b, 1, 20'000'000) == posted::queued);
        REQUIRE(run_until(io, [&] { return between.passed() > 2'000'000; })); // it is under way
        CHECK(a.post(b, 0, small) == posted::queued);
        REQUIRE(run_until(io, [&] { return !b.frames.empty(); }));
        CHECK(b.frames[0].channel == 0);
        CHECK(between.passed() < 12'000'000); // behind the buffers of kernel and relay, not behind the message
        CHECK(run_until(io, [&] { return b.frames.size() == 2; }));
    }
}

TEST_CASE("tcp: a slow reader fills the queue, whose owner hears of it, and memory stays bounded") {
    asio::io_context io;
    node a(io, 1), b(io, 2);
    a.reach(b);
    b.net->expect(a.key());
    REQUIRE(run_until(io, [&] { return a.net->has_link(b.key()) && b.net->has_link(a.key()); }));
    b.net->hold(a.key());
    std::size_t taken = 0;
    auto const pour = [&] {
        while (taken < 60 && a.post(b, 1, 1'000'000, taken) == posted::queued) ++taken;
    };
    a.on_room_do = [&](public_key const&, std::size_t channel) {
        CHECK(channel == 1);
        pour();
    };
    pour();
    CHECK(taken == 4); // 4 MiB
    CHECK(a.net->waiting(b.key()) <= 4u << 20);
    std::size_t before = 0; // until nothing moves for a while: kernel buffers are full, too
    auto quiet = tcp::now();
    (void)run_until(io, [&] {
        if (std::exchange(before, taken) != taken) quiet = tcp::now();
        b.net->wake_at(tcp::now() + 10ms);
        return tcp::now() - quiet > 200ms;
    });
    CHECK(taken < 30);
    CHECK(b.frames.size() <= 1);
    CHECK(a.lost.empty());
    b.net->resume(a.key());
    REQUIRE(run_until(io, [&] { return b.frames.size() == 60; }));
    CHECK(a.rooms > 10);
    for (std::size_t k = 0; k < 60; ++k)
        CHECK(b.frames[k].bytes[7] == static_cast<std::byte>(k)); // in order, none twice
}

TEST_CASE(
    "tcp: a peer that goes is reported at once, found again when it is back, and its new run is known as such") {
    asio::io_context io;
    node a(io, 1);
    auto b = std::make_unique<node>(io, 2);
    auto again = setup(2);
    again.port = b->net->port();
    public_key const key = b->key();
    a.reach(*b);
    b->net->expect(a.key());
    REQUIRE(run_until(io, [&] { return a.linked.size() == 1; }));
    auto const died = tcp::now();
    b->net.reset(); // as a process that was killed: its sockets are closed
    REQUIRE(run_until(io, [&] { return a.lost.size() == 1; }));
    CHECK(tcp::now() - died < 2s);
    CHECK(a.lost[0].peer == key);
    CHECK(a.lost[0].sentence.find("lost ") == 0);
    CHECK(a.net->post(key, {std::byte{1}}) == posted::queued); // for the old run
    REQUIRE(run_until(io, [&] { return a.unreachable.size() >= 2; }));
    CHECK(a.unreachable[0].second.find("cannot reach 127.0.0.1:") == 0);

    b = std::make_unique<node>(io, 2, again);
    b->net->expect(a.key());
    REQUIRE(run_until(io, [&] { return a.linked.size() == 2; }));
    CHECK(a.linked[1].second.is_other_run);
    CHECK(a.net->waiting(key) == 0);
    CHECK(a.post(*b, 0, small) == posted::queued);
    CHECK(run_until(io, [&] { return b->frames.size() == 1; }));
}

TEST_CASE(
    "tcp: a connection that is reset in the middle of a message stands again, and the message comes whole, once") {
    asio::io_context io;
    node a(io, 1), b(io, 2);
    relay between(io, b.net->port());
    between.set({0ms, 100'000'000, false});
    a.net->reach(b.key(), "127.0.0.1", between.port());
    b.net->expect(a.key());
    auto const big = std::make_shared<std::vector<std::byte> const>(content(20'000'000, 3));
    CHECK(a.net->post(b.key(), 1, big) == posted::queued); // before there is a link
    REQUIRE(run_until(io, [&] { return between.passed() > 3'000'000; }));
    between.reset();
    REQUIRE(run_until(io, [&] { return a.lost.size() == 1 && b.lost.size() == 1; }));
    CHECK(a.post(b, 0, small) == posted::queued);
    CHECK(b.frames.empty());
    between.set({});
    REQUIRE(run_until(io, [&] { return b.frames.size() == 2; }));
    CHECK(std::ranges::count_if(b.frames, [&](auto const& one) { return one.bytes == *big; }) == 1);
    CHECK(a.linked.size() == 2);
}

TEST_CASE("tcp: an end that hasn't noticed that a link is dead takes the new one of the same peer") {
    for (bool const decides : {false, true}) { // which of the two has the smaller key
        asio::io_context io;
        std::size_t first = 1, second = 2;
        if ((key_number(1).key() < key_number(2).key()) == decides) std::swap(first, second);
        node a(io, first), b(io, second);
        relay between(io, b.net->port());
        a.net->reach(b.key(), "127.0.0.1", between.port());
        b.net->expect(a.key());
        REQUIRE(run_until(io, [&] { return a.linked.size() == 1 && b.linked.size() == 1; }));
        between.half_open();
        REQUIRE(run_until(io, [&] { return a.linked.size() == 2 && b.linked.size() == 2; }));
        REQUIRE(b.lost.size() == 1);
        CHECK(b.lost[0].why == tcp_errc::replaced);
        CHECK(a.post(b, 0, small) == posted::queued);
        CHECK(b.post(a, 0, small) == posted::queued);
        CHECK(run_until(io, [&] { return a.frames.size() == 1 && b.frames.size() == 1; }));
    }
}

TEST_CASE(
    "tcp: a link over which nothing comes is lost after the silence, and stands again when the network heals") {
    asio::io_context io;
    auto how = setup();
    how.options.ping = 30;
    how.options.silence = 150;
    how.options.handshake = 200;
    node a(io, 1, how), b(io, 2, how);
    relay between(io, b.net->port());
    a.net->reach(b.key(), "127.0.0.1", between.port());
    b.net->expect(a.key());
    REQUIRE(run_until(io, [&] { return a.linked.size() == 1 && b.linked.size() == 1; }));
    auto const begun = tcp::now();
    REQUIRE(run_until(io, [&] { return tcp::now() - begun > 400ms; })); // pings keep it
    CHECK(a.lost.empty());
    between.partition();
    REQUIRE(run_until(io, [&] { return a.lost.size() == 1 && b.lost.size() == 1; }));
    CHECK(a.lost[0].why == tcp_errc::silent);
    REQUIRE(run_until(io, [&] { return !a.unreachable.empty(); }));
    CHECK(a.unreachable[0].first == tcp_errc::silent);
    between.heal();
    CHECK(run_until(io, [&] { return a.net->has_link(b.key()) && b.net->has_link(a.key()); }));
}

TEST_CASE("tcp: it stops while it sends, within the grace, and nothing of it is left") {
    asio::io_context io;
    node a(io, 1), b(io, 2);
    a.reach(b);
    b.net->expect(a.key());
    REQUIRE(run_until(io, [&] { return a.net->has_link(b.key()) && b.net->has_link(a.key()); }));
    b.net->hold(a.key()); // so that it can't get rid of it
    CHECK(a.post(b, 1, large) == posted::queued);
    auto const begun = tcp::now();
    a.net->stop(100ms);
    CHECK(a.post(b, 0, small) == posted::unknown);
    REQUIRE(run_until(io, [&] { return a.stopped; }));
    CHECK(tcp::now() - begun >= 100ms);
    CHECK(tcp::now() - begun < 2s);
    b.net->stop(10s);
    io.restart();
    io.run();
    CHECK(b.stopped);
    CHECK(tcp::now() - begun < 5s); // the grace is not waited for
}

TEST_CASE("tcp: what is queued goes before the goodbye, and the other end knows that it was one") {
    asio::io_context io;
    node a(io, 1), b(io, 2);
    a.reach(b);
    b.net->expect(a.key());
    REQUIRE(run_until(io, [&] { return a.net->has_link(b.key()); }));
    CHECK(a.post(b, 1, 3'000'000) == posted::queued);
    CHECK(a.post(b, 1, small) == posted::queued); // comes with the goodbye, and with the end of the stream
    a.net->stop(10s);
    REQUIRE(run_until(io, [&] { return a.stopped && b.lost.size() == 1; }));
    CHECK(b.frames.size() == 2);
    CHECK(b.lost[0].why == tcp_errc::closed_there);
}

TEST_CASE("tcp: the timer is one, and fires once") {
    asio::io_context io;
    node a(io, 1);
    a.net->wake_at(tcp::now() + 1h);
    a.net->wake_at(tcp::now() - 1h); // now
    REQUIRE(run_until(io, [&] { return a.timers == 1; }));
    a.net->wake_at(tcp::now() + 1ms);
    a.net->wake_at(time_point::max());
    auto const begun = tcp::now();
    auto how = setup();
    node b(io, 2, how);
    b.net->wake_at(begun + 20ms);
    REQUIRE(run_until(io, [&] { return b.timers == 1; }));
    CHECK(a.timers == 1);
}
