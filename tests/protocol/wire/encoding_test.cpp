// SPDX-License-Identifier: Apache-2.0
#include <btard/core/random.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/wire/decoding.hpp>
#include <btard/protocol/wire/encoding.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

using namespace btard;

namespace {

enum class colour : std::uint8_t { red, green };
constexpr std::size_t enum_count(colour) { return 2; }

struct inner {
    std::uint16_t number = 0;
    colour shade = colour::red;

    static constexpr void members(auto& self, auto&& member) {
        member(self.number);
        member(self.shade);
    }
    friend bool operator==(inner const&, inner const&) = default;
};

struct everything {
    bool flag = false;
    std::uint64_t large = 0;
    double real = 0;
    float single = 0;
    peer_id peer{};
    digest hash;
    std::optional<inner> maybe = {};
    std::vector<inner> list = {};
    shared_floats values = {};
    member_set set = {};
    std::map<std::uint32_t, inner> by_number = {};
    std::set<std::pair<peer_id, bool>> pairs = {};

    static constexpr void members(auto& self, auto&& member) {
        member(self.flag);
        member(self.large);
        member(self.real);
        member(self.single);
        member(self.peer);
        member(self.hash);
        member(self.maybe);
        member(self.list, &wire_limits::peers);
        member(self.values, &wire_limits::floats);
        member(self.set, &wire_limits::peers);
        member(self.by_number, &wire_limits::peers);
        member(self.pairs, &wire_limits::peers);
    }
    friend bool operator==(everything const&, everything const&) = default;
};

std::vector<std::byte> bytes(std::initializer_list<int> values) {
    std::vector<std::byte> made;
    for (int const value : values) made.push_back(static_cast<std::byte>(value));
    return made;
}

everything full() {
    everything all;
    all.flag = true;
    all.large = 1'000'000'007;
    all.real = -0.0;
    all.single = 1.5f;
    all.peer = peer_id{9};
    all.hash.bytes[31] = std::byte{5};
    all.maybe = inner{300, colour::green};
    all.list = {{1, colour::red}, {65'535, colour::green}};
    all.values = std::vector<float>(200, 2.5f);
    all.set = member_set(11);
    all.set.insert(0);
    all.set.insert(10);
    all.by_number = {{300, {1, colour::green}}, {7, {}}};
    all.pairs = {{peer_id{2}, true}, {peer_id{2}, false}};
    return all;
}

struct lists {
    std::vector<std::uint8_t> small = {};
    static constexpr void members(auto& self, auto&& member) { member(self.small, &wire_limits::claims); }
};

struct only_set {
    member_set set;
    static constexpr void members(auto& self, auto&& member) { member(self.set, &wire_limits::peers); }
};

struct only_map {
    std::map<std::uint32_t, bool> map = {};
    static constexpr void members(auto& self, auto&& member) { member(self.map, &wire_limits::claims); }
};

} // namespace

TEST_CASE("encoding: numbers have the lowest byte first, counts as many bytes as they need") {
    CHECK(encode(inner{0x1234, colour::green}) == bytes({0x34, 0x12, 1}));
    CHECK(encode(lists{{7, 8}}) == bytes({2, 7, 8}));
    CHECK(encode(std::uint64_t{5}) == bytes({5}));
    CHECK(encode(peer_id{300}) == bytes({0xAC, 0x02}));
    CHECK(encode(~std::uint64_t{0}).size() == 10);
    lists const longer{std::vector<std::uint8_t>(200)};
    CHECK(encode(longer).size() == 202);
    CHECK(encode(longer)[0] == std::byte{0xC8});
    CHECK(encode(longer)[1] == std::byte{0x01});
}

TEST_CASE("encoding: what was written is read, bit for bit") {
    for (auto const& value : {everything{}, full()}) {
        auto const written = encode(value);
        auto const read = decode<everything>(written);
        REQUIRE(read);
        CHECK(*read == value);
        CHECK(std::signbit(read->real) == std::signbit(value.real));
        CHECK(encode(*read) == written);
    }
    auto odd = full();
    odd.real = std::numeric_limits<double>::quiet_NaN(); // bytes are bytes: whoever uses a number checks it
    CHECK(encode(decode<everything>(encode(odd)).value()) == encode(odd));
}

TEST_CASE("decode: whatever is cut off or added is refused") {
    auto const written = encode(full());
    for (std::size_t length = 0; length < written.size(); ++length)
        REQUIRE(!decode<everything>(std::span(written).first(length)));
    auto longer = written;
    longer.push_back(std::byte{});
    CHECK(!decode<everything>(longer));
}

TEST_CASE("decode: each value has one form") {
    CHECK(decode<bool>(bytes({1})) == true);
    for (std::uint64_t const number :
         {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128}, ~std::uint64_t{0} / 2, ~std::uint64_t{0}})
        CHECK(decode<std::uint64_t>(encode(number)) == number);
    CHECK(decode<peer_id>(encode(peer_id{~std::uint32_t{0}})) == peer_id{~std::uint32_t{0}});
    CHECK(!decode<peer_id>(encode(std::uint64_t{1} << 32))); // that number has 33 bits
    CHECK(!decode<std::uint64_t>(bytes({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2}))); // 65 bits
    CHECK(!decode<std::uint64_t>(bytes({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x81, 0})));
    CHECK(!decode<peer_id>(bytes({0x85, 0}))); // five in two bytes
    CHECK(!decode<bool>(bytes({2})));
    CHECK(!decode<colour>(bytes({2})));
    CHECK(decode<lists>(bytes({0})).has_value());
    CHECK(!decode<lists>(bytes({0x80, 0})));       // zero in two bytes
    CHECK(!decode<lists>(bytes({0x81, 0, 7})));    // one in two bytes
    CHECK(decode<only_set>(bytes({3, 0b101})).has_value());
    CHECK(!decode<only_set>(bytes({3, 0b1101}))); // a fourth entry of three
    CHECK(encode(only_map{{{5, true}, {3, false}}}) == bytes({2, 3, 0, 5, 1}));
    CHECK(decode<only_map>(bytes({2, 3, 0, 5, 1})).has_value());
    CHECK(!decode<only_map>(bytes({2, 5, 1, 3, 0}))); // in another order
    CHECK(!decode<only_map>(bytes({2, 3, 0, 3, 1}))); // one key twice
}

TEST_CASE("decode: a bit flipped anywhere gives another value or none, and never the same") {
    auto const value = full();
    auto const written = encode(value);
    for (std::size_t bit = 0; bit < 8 * written.size(); ++bit) {
        auto flipped = written;
        flipped[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
        auto const read = decode<everything>(flipped);
        if (read) CHECK(encode(*read) == flipped);
    }
}

TEST_CASE("decode: a list is never longer than its limit, nor than what is left of the bytes") {
    wire_limits const few{.claims = 3};
    CHECK(decode<lists>(bytes({3, 1, 2, 3}), few).has_value());
    CHECK(!decode<lists>(bytes({4, 1, 2, 3, 4}), few));
    CHECK(!decode<only_map>(bytes({4, 1, 0, 2, 0, 3, 0, 4, 0}), few));
    CHECK(!decode<only_map>(bytes({3, 1, 0})));
    CHECK(!decode<lists>(bytes({0xFF, 0x7F, 1}))); // 16,383 elements in one byte
    CHECK(!decode<lists>(bytes({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1})));
    CHECK(!decode<lists>(bytes({0xFF, 0xFF, 0xFF, 0xFF, 0x0F})));
}

TEST_CASE("decode: random bytes never do harm") {
    random_stream random(seed{5, 7});
    for (int k = 0; k < 20'000; ++k) {
        std::vector<std::byte> noise(random.below(120));
        for (auto& byte : noise) byte = static_cast<std::byte>(random.bits() & 0xFF);
        auto const read = decode<everything>(noise);
        if (read) CHECK(encode(*read) == noise);
    }
}

namespace {
struct with_end {
    std::uint32_t first = 0;
    at_end<inner> last = {};

    static constexpr void members(auto& self, auto&& member) {
        member(self.first);
        member(self.last);
    }
    friend bool operator==(with_end const&, with_end const&) = default;
};
} // namespace

TEST_CASE("encoding: what may be absent at the end has no bytes then, and is whole or refused otherwise") {
    with_end one{7, {}};
    CHECK(encode(one).size() == 1);
    CHECK(decode<with_end>(encode(one)) == one);
    one.last.is = inner{300, colour::green};
    auto const bytes = encode(one);
    CHECK(bytes.size() == 4);
    CHECK(decode<with_end>(bytes) == one);
    CHECK(!decode<with_end>(std::span(bytes).first(3)));
    CHECK(!decode<with_end>(std::span(bytes).first(2)));
}

TEST_CASE("member_set: entries come and go, and others do not exist") {
    member_set set(70);
    CHECK(set.count() == 0);
    set.insert(3);
    set.insert(69);
    CHECK(set.contains(69));
    CHECK(!set.contains(4));
    set.erase(3);
    CHECK(set.count() == 1);
    set.fill();
    CHECK(set.count() == 70);
    CHECK_THROWS_AS(set.insert(70), contract_violation);
    CHECK_THROWS_AS((void)set.contains(70), contract_violation);
}
