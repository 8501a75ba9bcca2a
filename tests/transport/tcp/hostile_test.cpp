// SPDX-License-Identifier: Apache-2.0
#include "nodes.hpp"

#include <btard/transport/tcp.hpp>

#include <asio/connect.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

using namespace btard;
using namespace btard::testing;

namespace {

/// A socket that is connected to that node, and says what it is told.
asio::ip::tcp::socket stranger(asio::io_context& io, node const& to, std::string const& says = "") {
    asio::ip::tcp::socket socket(io);
    socket.connect({asio::ip::make_address("127.0.0.1"), to.net->port()});
    if (!says.empty()) asio::write(socket, asio::buffer(says));
    return socket;
}

} // namespace

TEST_CASE("tcp: another peer at the address is refused with a sentence, on the end that dials") {
    asio::io_context io;
    node a(io, 1), b(io, 2);
    b.lets_all_in = true;
    a.net->reach(key_number(3).key(), "127.0.0.1", b.net->port());
    REQUIRE(run_until(io, [&] { return a.unreachable.size() == 1; }));
    CHECK(a.unreachable[0].first == tcp_errc::wrong_key);
    CHECK(a.unreachable[0].second ==
          concat("cannot reach 127.0.0.1:", b.net->port(),
                 ": another peer answers there, with a key that is not the expected one"));
    CHECK(run_until(io, [&] { return b.notices.size() == 1; }));
    CHECK(a.linked.empty());
    CHECK(b.linked.empty());
}

TEST_CASE("tcp: a peer that is not admitted has no link; one that is has, and its key is learned") {
    for (bool const swapped : {false, true}) { // either one decides
        asio::io_context io;
        node a(io, swapped ? 2 : 1), b(io, swapped ? 1 : 2);
        a.net->reach("127.0.0.1", b.net->port());
        REQUIRE(run_until(io, [&] { return !a.unreachable.empty(); }));
        REQUIRE(run_until(io, [&] { return b.net->counts().refused >= 1; }));
        CHECK(b.notices.size() == 1);
        b.lets_all_in = a.lets_all_in = true;
        REQUIRE(run_until(io, [&] { return a.linked.size() == 1 && b.linked.size() == 1; }));
        CHECK(a.linked[0].first == b.key());
        b.net->forget(a.key());
        b.lets_all_in = false;
        REQUIRE(run_until(io, [&] { return a.lost.size() == 1 && !a.net->has_link(b.key()); }));
        CHECK(b.net->links() == 0);
    }
}

TEST_CASE("tcp: we ourselves, a plain end and one that speaks another protocol are refused, each for its reason") {
    asio::io_context io;
    auto plain = setup();
    plain.options.link = link_kind::plain;
    node a(io, 1), twin(io, 1), b(io, 2, plain);
    b.lets_all_in = true;
    a.net->reach("127.0.0.1", twin.net->port());
    REQUIRE(run_until(io, [&] { return !a.unreachable.empty(); }));
    CHECK(a.unreachable[0].first == tcp_errc::own_key);
    node c(io, 3);
    c.reach(b);
    REQUIRE(run_until(io, [&] { return !c.unreachable.empty(); }));
    CHECK(c.unreachable[0].first == tcp_errc::other_link);

    asio::ip::tcp::acceptor other(io, {asio::ip::make_address("127.0.0.1"), 0});
    asio::ip::tcp::socket came(io);
    other.async_accept(came, [&](std::error_code) { asio::write(came, asio::buffer(std::string(500, 'x'))); });
    node d(io, 4);
    d.net->reach(key_number(9).key(), "127.0.0.1", other.local_endpoint().port());
    REQUIRE(run_until(io, [&] { return !d.unreachable.empty(); }));
    CHECK(d.unreachable[0].first == tcp_errc::not_our_protocol);
}

TEST_CASE("tcp: garbage on the port is closed and counted, with one sentence for all of it") {
    asio::io_context io;
    node a(io, 1), b(io, 2);
    std::vector<asio::ip::tcp::socket> sockets;
    for (int k = 0; k < 20; ++k)
        sockets.push_back(stranger(io, a, k % 2 ? "GET / HTTP/1.1\r\n\r\n" : std::string(3'000, char(k))));
    sockets.push_back(stranger(io, a, std::string("\x16\x03\x01\xff\xff\x01", 6) + std::string(70'000, '\0')));
    REQUIRE(run_until(io, [&] { return a.net->counts().refused == 21; }));
    CHECK(a.notices.size() == 1);
    CHECK(a.notices[0].find("refused a connection from 127.0.0.1:") == 0);
    CHECK(a.notices[0].find("what it sent is not our protocol") != std::string::npos);
    b.reach(a);
    a.net->expect(b.key());
    CHECK(run_until(io, [&] { return a.net->has_link(b.key()); }));
}

TEST_CASE("tcp: 200 connections that say nothing do no harm, and are gone after the time of a handshake") {
    asio::io_context io;
    auto how = setup();
    how.options.handshake = 1'000;
    how.options.most_unauthenticated = 50;
    node a(io, 1, how), b(io, 2);
    std::vector<asio::ip::tcp::socket> sockets;
    for (int k = 0; k < 200; ++k) sockets.push_back(stranger(io, a));
    b.reach(a);
    a.net->expect(b.key());
    REQUIRE(run_until(io, [&] { return a.net->has_link(b.key()) && b.net->has_link(a.key()); }));
    CHECK(a.net->counts().silent <= 151); // the oldest, beyond 50
    CHECK(a.net->counts().silent >= 150);
    REQUIRE(run_until(io, [&] { return a.net->counts().silent == 200; }));
    CHECK(a.notices.size() == 1);
    CHECK(b.unreachable.empty());
    CHECK(a.post(b, 1, 1'000'000) == posted::queued);
    CHECK(run_until(io, [&] { return b.frames.size() == 1; }));
}

TEST_CASE("tcp: a message above the limit of the other end costs the link, and nothing is kept for it") {
    asio::io_context io;
    auto tight = setup();
    tight.channels[1].largest = 1'000;
    node a(io, 1), b(io, 2, tight);
    a.reach(b);
    b.net->expect(a.key());
    REQUIRE(run_until(io, [&] { return a.net->has_link(b.key()); }));
    CHECK(a.post(b, 1, 2'000) == posted::queued);
    REQUIRE(run_until(io, [&] { return b.lost.size() == 1 && a.lost.size() == 1; }));
    CHECK(b.lost[0].why == tcp_errc::too_large);
    CHECK(b.post(a, 1, 2'000) == posted::too_large);
    CHECK(b.frames.empty());
}

TEST_CASE("tcp: what a handler throws comes out of the loop") {
    asio::io_context io;
    node a(io, 1), b(io, 2);
    a.reach(b);
    b.net->expect(a.key());
    b.on_frame_do = [](arrived const&) { throw contract_violation("a mistake in a program"); };
    CHECK(a.post(b, 0, 10) == posted::queued);
    CHECK_THROWS_AS(run_until(io, [] { return false; }), contract_violation);
}

TEST_CASE("tcp: before it is trusted, a peer's large messages are passed over, and the small ones are heard") {
    asio::io_context io;
    auto careful = setup();
    careful.untrusted = 1'000;
    node a(io, 1, careful), b(io, 2);
    a.lets_all_in = true;
    b.reach(a);
    REQUIRE(run_until(io, [&] { return b.linked.size() == 1 && a.linked.size() == 1; }));
    auto const large = std::make_shared<std::vector<std::byte> const>(5'000, std::byte{1});
    auto const small = std::make_shared<std::vector<std::byte> const>(900, std::byte{2});
    for (auto const& one : {large, small, large, small}) CHECK(b.net->post(a.key(), 0, one) == posted::queued);
    REQUIRE(run_until(io, [&] { return a.frames.size() == 2; }));
    CHECK(a.lost.empty());
    a.net->trust(b.key());
    CHECK(b.net->post(a.key(), 0, large) == posted::queued);
    REQUIRE(run_until(io, [&] { return a.frames.size() == 3; }));
    CHECK(a.net->links() == 1);
}
