// SPDX-License-Identifier: Apache-2.0
#include <btard/core/norm.hpp>
#include <btard/core/random.hpp>
#include <btard/node/bulk_sink.hpp>
#include <btard/node/outbox.hpp>
#include <btard/protocol/wire/codec.hpp>
#include <btard/transport/tcp/shared_frame.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

using namespace btard;

namespace {

std::vector<float> numbers(std::size_t count) {
    std::vector<float> all(count);
    random_stream draw({count, 5});
    for (float& x : all) x = static_cast<float>(draw.normal());
    return all;
}
/// What a sink makes of these bytes, which come in pieces of at most `piece`.
std::optional<wire::message> sunk(std::span<std::byte const> bytes, std::size_t piece) {
    bulk_sink sink(bytes.size());
    while (!bytes.empty()) {
        auto const next = bytes.first(std::min(piece, bytes.size()));
        sink.take(next);
        bytes = bytes.subspan(next.size());
    }
    return sink.finish();
}
/// The same of a link that puts most of them where there is room, as many at a time as it happens to get.
std::optional<wire::message> put(std::span<std::byte const> bytes, std::uint64_t seed) {
    random_stream draw({seed, 7});
    bulk_sink sink(bytes.size());
    while (!bytes.empty()) {
        auto const most = std::min<std::size_t>(1 + draw.below(1u << 16), bytes.size());
        auto const room = sink.room(most);
        auto const next = bytes.first(room.empty() ? std::min<std::size_t>(most, 5'000) : room.size());
        if (room.empty()) sink.take(next);
        else {
            std::ranges::copy(next, room.begin());
            sink.put(next.size());
        }
        bytes = bytes.subspan(next.size());
    }
    return sink.finish();
}
wire::row row(std::size_t count) { return {300, peer_id(2), part_id(200), std::vector<digest>(5), numbers(count)}; }
wire::aggregate made(std::size_t count) { return {300, part_id(200), numbers(count)}; }

} // namespace

TEST_CASE("bulk_sink: however a message is cut, the same comes out of it as out of its frame, and what is known is right") {
    for (std::size_t const count : {0, 1, 511, 4'096, 4'097, 65'536, 65'537, 200'000})
        for (wire::message const& sent : {wire::message(row(count)), wire::message(made(count)),
                                          wire::message(wire::evidence{{row(count), row(1)}, 301})}) {
            auto const frame = encode_frame(sent);
            for (std::size_t const piece : {std::size_t{1'000}, std::size_t{16'381}, frame.size()}) {
                auto const came = sunk(frame, piece);
                REQUIRE(came.has_value());
                REQUIRE(came == sent);
                square_sum squares;
                if (auto const* const one = std::get_if<wire::aggregate>(&*came); one && one->known.get()) {
                    auto const facts = facts_of(one->values, &squares);
                    CHECK(one->known.get()->facts.hash == facts.hash);
                    CHECK(one->known.get()->facts.admissible);
                    CHECK(one->known.get()->squares.total() == squares.total()); // bit for bit
                } else if (auto const* const some = std::get_if<wire::row>(&*came); some && some->known.get()) {
                    CHECK(some->known.get()->facts.hash == facts_of(some->values).hash);
                }
            }
        }
}

TEST_CASE("bulk_sink: bytes that were put where they stay make the same message, though pieces end within a float") {
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
        for (std::size_t const count : {4'097, 65'536, 65'537, 200'000}) {
            wire::message const sent = made(count);
            auto const came = put(encode_frame(sent), seed);
            REQUIRE(came.has_value());
            REQUIRE(came == sent);
            auto const& known = std::get<wire::aggregate>(*came).known;
            REQUIRE(known.get() != nullptr);
            CHECK(known.get()->facts.hash == facts_of(std::get<wire::aggregate>(*came).values).hash);
        }
}

TEST_CASE("bulk_sink: a value that no gradient has is noticed wherever it stands") {
    for (std::size_t const place : {0, 5'000, 9'999}) {
        auto values = numbers(10'000);
        values[place] = 1e16f;
        auto const came = sunk(encode_frame(wire::row{1, {}, {}, {}, values}), 3'000);
        REQUIRE(came.has_value());
        REQUIRE(std::get<wire::row>(*came).known.get() != nullptr);
        CHECK(!std::get<wire::row>(*came).known.get()->facts.admissible);
    }
}

TEST_CASE("bulk_sink: whatever the bytes, it says what decode_frame says of them") {
    random_stream draw({3, 9});
    for (int round = 0; round < 400; ++round) {
        auto frame = encode_frame(round % 2 == 0 ? wire::message(row(5'000)) : wire::message(made(5'000)));
        std::size_t const head = round % 2 == 0 ? 180 : 12;
        frame[draw.below(std::uint32_t(head))] = static_cast<std::byte>(draw.bits() & 0xFF);
        if (round % 3 == 0) frame.resize(frame.size() - 1 - draw.below(2'000));
        if (round % 3 == 1) frame.resize(frame.size() + 1 + draw.below(2'000));
        CHECK(sunk(frame, 1 + draw.below(9'000)) == decode_frame(frame));
    }
}

TEST_CASE("shared_frame: a row in two pieces is the same bytes on the wire as in one") {
    for (wire::message const& sent : {wire::message(row(3'000)), wire::message(made(3'000)),
                                      wire::message(wire::evidence{{row(10)}, 301}), wire::message(wire::wanted{})}) {
        auto [head, floats] = encode_frame_apart(sent);
        shared_frame const frame(std::move(head), std::move(floats));
        std::vector<std::byte> bytes;
        while (bytes.size() < frame.size()) {
            auto const next = frame.from(bytes.size());
            REQUIRE(!next.empty());
            bytes.insert(bytes.end(), next.begin(), next.end());
        }
        CHECK(bytes == encode_frame(sent));
    }
}
