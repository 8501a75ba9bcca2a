// SPDX-License-Identifier: Apache-2.0
#include <btard/core/random.hpp>
#include <btard/transport/tcp/chunk_reader.hpp>
#include <btard/transport/tcp/send_queue.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

using namespace btard;

namespace {

std::vector<std::byte> message(std::size_t size, std::uint64_t from) {
    std::vector<std::byte> bytes(size);
    random_stream draw({from, 1});
    for (auto& one : bytes) one = static_cast<std::byte>(draw.bits() & 0xff);
    return bytes;
}
void append(std::vector<std::byte>& to, std::span<std::byte const> bytes) {
    to.insert(to.end(), bytes.begin(), bytes.end());
}

constexpr std::array<std::size_t, 3> limits{1'000, 100'000, 5'000'000};

/// All messages of the bytes, handed over in pieces of at most `piece`.
std::vector<received_message> read_all(chunk_reader& reader, std::span<std::byte const> bytes, std::size_t piece) {
    std::vector<received_message> all;
    while (!bytes.empty() && !reader.error()) {
        auto part = bytes.first(std::min(piece, bytes.size()));
        bytes = bytes.subspan(part.size());
        while (auto one = reader.next(part)) all.push_back(std::move(*one));
    }
    return all;
}
std::error_code error_of(std::span<std::byte const> bytes) {
    chunk_reader reader(limits);
    (void)read_all(reader, bytes, 7);
    return reader.error();
}

} // namespace

TEST_CASE("chunk: a header is read as it was written, and no other bytes are one") {
    for (chunk_header const& header : {chunk_header{}, chunk_header{chunk_kind::data, 255, 1, 1},
                                       chunk_header{chunk_kind::data, 3, 65'536, 1ull << 40},
                                       chunk_header{chunk_kind::ping}, chunk_header{chunk_kind::goodbye}})
        CHECK(decode_chunk_header(encode(header)) == header);
    CHECK(!decode_chunk_header(encode({chunk_kind::data, 0, 65'537, 70'000})));
    CHECK(!decode_chunk_header(encode({chunk_kind::data, 0, 2, 1})));
    CHECK(!decode_chunk_header(encode({chunk_kind::data, 0, 0, 1})));
    CHECK(!decode_chunk_header(encode({chunk_kind::ping, 0, 1, 1})));
    CHECK(!decode_chunk_header(encode({chunk_kind::ping, 1, 0, 0})));
    CHECK(!decode_chunk_header(encode({static_cast<chunk_kind>(3), 0, 0, 0})));
    auto bytes = encode({chunk_kind::data, 0, 1, 1});
    bytes[2] = std::byte{1};
    CHECK(!decode_chunk_header(bytes));
}

TEST_CASE("chunk_reader: whatever is queued comes out whole and in the order of its channel, however it is cut") {
    std::vector<tcp_channel> const channels{{1'000, 1u << 30}, {100'000, 1u << 30}, {5'000'000, 1u << 30}};
    for (std::uint64_t round = 0; round < 10; ++round) {
        random_stream draw({round, 7});
        send_queue queue(channels);
        chunk_reader reader(limits);
        std::map<std::size_t, std::vector<std::vector<std::byte>>> posted_there, came;
        for (int event = 0; event < 60; ++event) {
            std::size_t const channel = draw.below(3);
            auto bytes =
                message(draw.below(std::uint32_t(limits[channel] / (1 + draw.below(50)) + 1)), draw.bits());
            posted_there[channel].push_back(bytes);
            REQUIRE(queue.push(channel, std::make_shared<std::vector<std::byte> const>(std::move(bytes))) ==
                    posted::queued);
            if (draw.below(3) != 0) continue;
            std::vector<std::byte> wire;
            auto const batch = queue.take(draw.below(200'000));
            for (auto const& piece : batch.pieces) append(wire, piece.header), append(wire, piece.payload());
            CHECK(wire.size() == batch.bytes);
            for (auto& one : read_all(reader, wire, 1 + draw.below(9'000)))
                came[one.channel].push_back(std::move(one.bytes));
        }
        while (!queue.empty()) {
            std::vector<std::byte> wire;
            for (auto const& piece : queue.take(64'000).pieces)
                append(wire, piece.header), append(wire, piece.payload());
            for (auto& one : read_all(reader, wire, 64'000)) came[one.channel].push_back(std::move(one.bytes));
        }
        CHECK(!reader.error());
        CHECK(reader.held() == 0);
        CHECK(came == posted_there);
    }
}

TEST_CASE("chunk_reader: a message above its limit is refused before anything is kept for it") {
    CHECK(error_of(encode({chunk_kind::data, 0, 1'000, 1'001})) == tcp_errc::too_large);
    CHECK(error_of(encode({chunk_kind::data, 2, 1'000, ~std::uint64_t{}})) == tcp_errc::too_large);
    CHECK(error_of(encode({chunk_kind::data, 0, 1'000, 1'000})) == std::error_code{});
}

TEST_CASE("chunk_reader: a chunk that does not continue its message, or has no channel, ends the link") {
    std::vector<std::byte> bytes;
    append(bytes, encode({chunk_kind::data, 1, 10, 30}));
    append(bytes, message(10, 1));
    auto wrong = bytes;
    append(wrong, encode({chunk_kind::data, 1, 10, 30})); // 20 are left
    CHECK(error_of(wrong) == tcp_errc::bad_chunk);
    CHECK(error_of(encode({chunk_kind::data, 3, 1, 1})) == tcp_errc::bad_chunk);
    append(bytes, encode({chunk_kind::data, 1, 20, 20}));
    append(bytes, message(20, 2));
    CHECK(error_of(bytes) == std::error_code{});
}

TEST_CASE("chunk_reader: pings are no messages, and nothing comes after a goodbye") {
    std::vector<std::byte> bytes;
    append(bytes, encode({.kind = chunk_kind::ping}));
    append(bytes, encode({.channel = 2})); // a message of no bytes
    append(bytes, encode({.kind = chunk_kind::goodbye}));
    append(bytes, encode({.channel = 2}));
    chunk_reader reader(limits);
    auto const came = read_all(reader, bytes, 100);
    REQUIRE(came.size() == 1);
    CHECK(came[0].channel == 2);
    CHECK(came[0].bytes.empty());
    CHECK(reader.said_goodbye());
}

TEST_CASE("chunk_reader: whatever the bytes, it holds no more than its limits") {
    for (std::uint64_t round = 0; round < 2'000; ++round) {
        random_stream draw({round, 9});
        std::vector<std::byte> bytes;
        for (int part = 0; part < 8; ++part) {
            auto header = encode({chunk_kind(draw.below(2) == 0 ? 0 : draw.below(4)), std::uint8_t(draw.below(4)),
                                  draw.below(600), draw.below(2'000)});
            if (draw.below(8) == 0) header[draw.below(16)] ^= static_cast<std::byte>(1 << draw.below(8));
            append(bytes, header);
            append(bytes, message(draw.below(600), draw.bits()));
        }
        chunk_reader reader(limits);
        for (auto const& one : read_all(reader, bytes, 1 + draw.below(500)))
            CHECK(one.bytes.size() <= limits[one.channel]);
        CHECK(reader.held() <= bytes.size());
    }
}

TEST_CASE("chunk_reader: a sink gets the bytes of its message as they come, and nothing is kept for it") {
    struct collects final : frame_sink {
        explicit collects(std::vector<std::byte>& all) : into(all) {}
        void take(std::span<std::byte const> bytes) override { append(into, bytes); }
        std::vector<std::byte>& into;
    };
    std::vector<std::byte> collected, wire;
    std::size_t asked = 0;
    chunk_reader reader(limits, [&](std::size_t channel, std::uint64_t size) -> std::unique_ptr<frame_sink> {
        ++asked;
        CHECK(size == (channel == 2 ? 300'000 : 500));
        if (channel != 2) return nullptr;
        return std::make_unique<collects>(collected);
    });
    send_queue queue({{1'000, 1u << 30}, {100'000, 1u << 30}, {5'000'000, 1u << 30}});
    auto const large = message(300'000, 1), small = message(500, 2);
    (void)queue.push(2, std::make_shared<std::vector<std::byte> const>(large));
    for (auto const& piece : queue.take(100'000).pieces) append(wire, piece.header), append(wire, piece.payload());
    (void)queue.push(0, std::make_shared<std::vector<std::byte> const>(small)); // in the middle of the large one
    while (!queue.empty())
        for (auto const& piece : queue.take(100'000).pieces) append(wire, piece.header), append(wire, piece.payload());
    auto const all = read_all(reader, wire, 4'096);
    REQUIRE(all.size() == 2);
    CHECK(asked == 2);
    CHECK(all[0].bytes == small);
    CHECK(all[0].sink == nullptr);
    CHECK(all[1].sink != nullptr);
    CHECK(all[1].bytes.empty());
    CHECK(collected == large);
    CHECK(reader.held() == 0);
}

TEST_CASE("chunk_reader: bytes that were put into the room of a sink make the same message") {
    struct has_room final : frame_sink {
        void take(std::span<std::byte const> bytes) override { append(all, bytes), taken += bytes.size(); }
        std::span<std::byte> room(std::size_t most) override {
            place.resize(std::min<std::size_t>(most, 777));
            return place;
        }
        void put(std::size_t count) override { append(all, std::span(place).first(count)); }
        std::vector<std::byte> all, place;
        std::size_t taken = 0;
    };
    chunk_reader reader(limits, [](std::size_t, std::uint64_t) { return std::make_unique<has_room>(); });
    send_queue queue({{1'000, 1u << 30}, {100'000, 1u << 30}, {5'000'000, 1u << 30}});
    std::vector<std::vector<std::byte>> posted_there, came;
    for (std::size_t const size : {150'000, 1, 0, 65'520, 300'000}) {
        posted_there.push_back(message(size, size));
        (void)queue.push(2, std::make_shared<std::vector<std::byte> const>(posted_there.back()));
    }
    std::vector<std::byte> wire;
    while (!queue.empty())
        for (auto const& piece : queue.take(65'536).pieces) append(wire, piece.header), append(wire, piece.payload());
    random_stream draw({1, 2});
    std::size_t rooms = 0;
    for (std::span<std::byte const> left(wire); !left.empty();) {
        auto const room = reader.room();
        std::size_t const most = room.empty() ? std::min<std::size_t>(900, reader.most_wanted()) : room.size();
        auto part = left.first(std::min<std::size_t>(1 + draw.below(std::uint32_t(most)), left.size()));
        left = left.subspan(part.size());
        if (!room.empty()) std::ranges::copy(part, room.begin());
        rooms += !room.empty();
        auto one = room.empty() ? reader.next(part) : reader.put(part.size());
        if (!room.empty()) part = {};
        for (; one; one = reader.next(part)) {
            auto const& sink = static_cast<has_room&>(*one->sink);
            CHECK(sink.taken < 900); // of the first chunk; of the others, headers alone come without room
            came.push_back(sink.all);
        }
        REQUIRE(!reader.error());
    }
    CHECK(rooms > 100);
    CHECK(came == posted_there);
}
