// tests/node/address_book_test.cpp: addresses as people write them, and whose word counts.
// SPDX-License-Identifier: Apache-2.0
#include <btard/node/address_book.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

using namespace btard;

namespace {

public_key key(int number) {
    public_key made;
    made.bytes[0] = std::byte(number);
    return made;
}
wire::addresses say(int number, char const* host, std::uint16_t port) {
    return {{{key(number), wire::letters(host), port}}};
}
constexpr auto everybody = [](public_key const&) { return true; };
constexpr auto nobody = [](public_key const&) { return false; };

} // namespace

TEST_CASE("an address is a host and a port") {
    CHECK(read_address("192.0.2.1:4000") == host_and_port{"192.0.2.1", 4000});
    CHECK(read_address("[2001:db8::1]:4000") == host_and_port{"2001:db8::1", 4000});
    CHECK(read_address("name.example:1") == host_and_port{"name.example", 1});
}

TEST_CASE("what is no address is refused") {
    for (char const* const text : {"", ":", "host", "host:", ":4000", "host:0", "host:65536", "host:99999999",
                                   "host:4a", "2001:db8::1:4000", "host:-1", "[]:4000"})
        CHECK_MESSAGE(!read_address(text), text);
}

TEST_CASE("what a peer says of itself counts more than what others say") {
    address_book book;
    book.heard(key(9), say(1, "198.51.100.1", 1), true, everybody);
    book.linked(key(1), {.address = "192.0.2.1:777", .announced_host = "", .announced_port = 4000});
    CHECK(book.find(key(1)) == host_and_port{"192.0.2.1", 4000});
    book.linked(key(2), {.address = "[2001:db8::1]:777", .announced_host = "", .announced_port = 5});
    CHECK(book.find(key(2)) == host_and_port{"2001:db8::1", 5});
    CHECK(book.known(everybody).known.size() == 2);
    CHECK(book.known(nobody).known.empty());
}

TEST_CASE("strangers cannot replace an address, nor fill the book") {
    address_book book;
    book.heard(key(9), say(1, "192.0.2.1", 1), false, everybody);
    book.heard(key(8), say(1, "192.0.2.2", 2), false, everybody);
    CHECK(book.find(key(1)) == host_and_port{"192.0.2.1", 1});
    book.heard(key(7), say(1, "192.0.2.3", 3), true, everybody); // the operator's contact
    CHECK(book.find(key(1)) == host_and_port{"192.0.2.3", 3});
    book.heard(key(9), say(2, "192.0.2.4", 4), false, nobody);
    CHECK(!book.find(key(2)));
    book.heard(key(9), say(3, "a host; of course", 4), true, everybody);
    book.heard(key(9), say(3, "", 4), true, everybody);
    book.heard(key(9), say(3, "host", 0), true, everybody);
    CHECK(!book.find(key(3)));
}

TEST_CASE("an address that fails gives way to the next one: a liar that was first does not hide a peer") {
    address_book book;
    book.heard(key(9), say(1, "203.0.113.1", 1), false, everybody); // a lie
    for (int more = 0; more < 20; ++more)                          // of the same one: one hint in all
        book.heard(key(9), say(1, "203.0.113.1", std::uint16_t(2 + more)), false, everybody);
    book.heard(key(8), say(1, "192.0.2.1", 4000), false, everybody);
    CHECK(book.find(key(1)) == host_and_port{"203.0.113.1", 21});
    CHECK(book.failed({"203.0.113.1", 20}).empty());
    CHECK(book.failed({"203.0.113.1", 21}) == std::vector{key(1)});
    CHECK(book.find(key(1)) == host_and_port{"192.0.2.1", 4000});
    CHECK(book.failed({"192.0.2.1", 4000}).empty()); // there is no other one
    CHECK(book.find(key(1)) == host_and_port{"192.0.2.1", 4000});
}

TEST_CASE("what a peer has said itself is tried first again after the others have failed") {
    address_book book;
    for (int by = 5; by < 15; ++by)
        book.heard(key(by), say(1, "192.0.2.9", std::uint16_t(by)), false, everybody);
    book.linked(key(1), {.address = "192.0.2.1:777", .announced_host = "", .announced_port = 1});
    book.linked(key(1), {.address = "192.0.2.1:777", .announced_host = "", .announced_port = 2});
    CHECK(book.find(key(1)) == host_and_port{"192.0.2.1", 2}); // the newest
    std::size_t tried = 0;
    for (auto at = *book.find(key(1)); !book.failed(at).empty() && tried < 99; at = *book.find(key(1))) ++tried;
    CHECK(tried == 4); // its own, and three of others
    CHECK(book.find(key(1)) == host_and_port{"192.0.2.1", 2});
    CHECK(book.known(everybody).known.size() == 1);
}
