// SPDX-License-Identifier: Apache-2.0
#include <btard/core/error.hpp>
#include <btard/transport/tcp/back_off.hpp>
#include <btard/transport/tcp/hello.hpp>
#include <btard/transport/tcp/notices.hpp>
#include <btard/transport/tcp/options.hpp>
#include <btard/transport/tcp/send_queue.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <vector>

using namespace btard;
using namespace std::chrono_literals;

namespace {

shared_frame frame(std::size_t size) { return std::make_shared<std::vector<std::byte> const>(size); }
std::vector<tcp_channel> const two{{1'000, 10'000}, {1'000'000, 300'000}};

/// (channel, bytes of the chunk) of a batch
using shape = std::vector<std::pair<int, std::size_t>>;
shape shape_of(send_batch const& batch) {
    shape all;
    for (auto const& piece : batch.pieces) {
        auto const header = decode_chunk_header(piece.header);
        REQUIRE(header);
        CHECK(header->length == piece.length);
        all.emplace_back(header->channel, piece.length);
    }
    return all;
}

} // namespace

TEST_CASE("send_queue: a small message goes before the next chunk of a large one that has begun") {
    send_queue queue(two);
    CHECK(queue.push(1, frame(150'000)) == posted::queued);
    CHECK(shape_of(queue.take(65'536)) == shape{{1, 65'520}});
    CHECK(queue.push(0, frame(100)) == posted::queued);
    CHECK(queue.push(0, frame(0)) == posted::queued);
    CHECK(shape_of(queue.take(65'536)) == shape{{0, 100}, {0, 0}, {1, 65'388}});
    CHECK(shape_of(queue.take(65'536)) == shape{{1, 19'092}});
    CHECK(queue.empty());
    CHECK(queue.waiting() == 0);
}

TEST_CASE("send_queue: before a new link takes anything, one message may go before all that has waited") {
    send_queue queue(two);
    CHECK(queue.push(0, frame(500)) == posted::queued);
    (void)queue.take(200);
    queue.rewind();
    CHECK(queue.push_first(0, frame(7)) == posted::queued);
    CHECK(queue.push_first(0, frame(1'001)) == posted::too_large);
    CHECK(queue.push_first(2, frame(1)) == posted::unknown);
    CHECK(shape_of(queue.take(200)) == shape{{0, 7}, {0, 161}});
    CHECK_THROWS_AS(queue.push_first(0, frame(1)), contract_violation); // one has gone in part
    CHECK(shape_of(queue.take(65'536)) == shape{{0, 339}});
    CHECK(queue.waiting() == 0);
}

TEST_CASE("send_queue: what is dropped frees its room, and a message that has gone in part stays whole") {
    send_queue queue(two);
    for (int k = 0; k < 3; ++k) CHECK(queue.push(1, frame(90'000)) == posted::queued);
    CHECK(queue.push(0, frame(5)) == posted::queued);
    queue.drop(1);
    CHECK(queue.waiting() == 5 + send_queue::overhead);
    for (int k = 0; k < 3; ++k) CHECK(queue.push(1, frame(90'000)) == posted::queued);
    CHECK(shape_of(queue.take(65'536)) == shape{{0, 5}, {1, 65'499}});
    queue.drop(1);
    CHECK(queue.waiting() == 90'000 + send_queue::overhead);
    CHECK(shape_of(queue.take(65'536)) == shape{{1, 24'501}});
    CHECK(queue.waiting() == 0);
}

TEST_CASE("send_queue: it is full beyond its bytes, and an empty one takes a message of any size") {
    send_queue queue(two);
    CHECK(queue.push(1, frame(1'000'000)) == posted::queued);
    CHECK(queue.push(1, frame(1)) == posted::full);
    CHECK(queue.push(0, frame(1)) == posted::queued); // the other channel has room of its own
    CHECK(queue.push(0, frame(1'001)) == posted::too_large);
    CHECK(queue.push(1, frame(1'000'001)) == posted::too_large);
    CHECK(queue.push(2, frame(1)) == posted::unknown);
    CHECK_THROWS_AS(queue.push(0, nullptr), contract_violation);
}

TEST_CASE("send_queue: who was refused hears once that there is room, when half of it is free") {
    send_queue queue(two);
    for (int k = 0; k < 3; ++k) CHECK(queue.push(1, frame(90'000)) == posted::queued);
    CHECK(queue.poll_room().empty()); // nobody was refused
    CHECK(queue.push(1, frame(90'000)) == posted::full);
    (void)queue.take(95'000);
    CHECK(queue.poll_room().empty());
    (void)queue.take(200'000);
    CHECK(queue.poll_room() == std::vector<std::uint8_t>{1});
    CHECK(queue.poll_room().empty());
}

TEST_CASE("send_queue: on a new link, a message that was cut begins again, and those that had gone do not") {
    send_queue queue(two);
    CHECK(queue.push(0, frame(10)) == posted::queued);
    CHECK(queue.push(1, frame(100'000)) == posted::queued);
    (void)queue.take(65'536);
    queue.rewind();
    auto const batch = queue.take(1'000'000);
    CHECK(shape_of(batch) == shape{{1, 65'536}, {1, 34'464}});
    CHECK(batch.pieces[0].offset == 0);
}

TEST_CASE("send_queue: a frame for many peers is not copied") {
    send_queue a(two), b(two);
    auto const both = frame(1'000);
    CHECK(a.push(0, both) == posted::queued);
    CHECK(b.push(0, both) == posted::queued);
    CHECK(a.take(2'000).pieces[0].payload().data() == b.take(2'000).pieces[0].payload().data());
}

TEST_CASE("back_off: the wait doubles up to the longest, and each draw is another half of it") {
    back_off const waits{100ms, 1'000ms};
    std::set<std::int64_t> seen;
    for (std::uint64_t draw = 0; draw < 100; ++draw) {
        CHECK(waits.wait(0, {1, 2}, draw) >= 50ms);
        CHECK(waits.wait(0, {1, 2}, draw) < 100ms);
        CHECK(waits.wait(3, {1, 2}, draw) >= 400ms);
        for (unsigned const failures : {4u, 5u, 63u, ~0u}) {
            CHECK(waits.wait(failures, {1, 2}, draw) >= 500ms);
            CHECK(waits.wait(failures, {1, 2}, draw) < 1'000ms);
        }
        seen.insert(waits.wait(9, {1, 2}, draw).count());
    }
    CHECK(seen.size() == 100);
    CHECK(waits.wait(2, {1, 2}, 5) == waits.wait(2, {1, 2}, 5));
}

TEST_CASE("hello: it is read as it was written, and nothing else is") {
    hello const one{.link = link_kind::plain,
                    .instance = {std::byte{7}},
                    .last_link = 1ull << 60,
                    .host = "2001:db8::1",
                    .port = 65'535};
    auto bytes = encode(one);
    CHECK(decode_hello(bytes) == one);
    CHECK(decode_hello(encode(hello{})) == hello{});
    for (std::size_t size = 0; size < bytes.size(); ++size) CHECK(!decode_hello(std::span(bytes).first(size)));
    auto const with = [&](std::size_t place, int value) {
        auto changed = bytes;
        changed[place] = static_cast<std::byte>(value);
        return decode_hello(changed);
    };
    CHECK(!with(0, 'B'));
    CHECK(!with(5, 2));
    CHECK(!with(6, 2));
    CHECK(!with(33, 5));
    CHECK(!with(34, '\n')); // a host goes into sentences
    std::error_code wrong;
    bytes[5] = std::byte{2};
    CHECK(host_length(std::span(bytes).first<hello::fixed>(), wrong) == 0);
    CHECK(wrong == tcp_errc::other_version);
    link_verdict const no{0, 9};
    CHECK(decode_verdict(encode(no)) == no);
}

TEST_CASE("tcp_options: settings that cannot work are refused with their values") {
    CHECK_THROWS_WITH((tcp_options{.ping = 5'000, .silence = 6'000}.validate()),
                      "tcp: a link is lost after 6000 ms of silence, and a ping comes every 5000 ms; wait for two "
                      "of them at least");
    CHECK_THROWS_AS((tcp_options{.retry_first = 0}.validate()), contract_violation);
    CHECK_THROWS_AS(tcp_setup{}.validate(), contract_violation); // no channel
    for (int code = 1; code <= int(tcp_errc::closed_here); ++code)
        CHECK(std::error_code(static_cast<tcp_errc>(code)).message() != "unknown");
}

TEST_CASE("refusal_notices: one sentence in each interval, and the next one counts the others") {
    refusal_notices notices(10s);
    time_point const begun{};
    CHECK(notices.refused("192.0.2.1:1", tcp_errc::own_key, begun + 10s));
    CHECK(!notices.refused("192.0.2.1:2", tcp_errc::silent, begun + 19s));
    CHECK(!notices.refused("192.0.2.1:3", tcp_errc::silent, begun + 19s));
    CHECK(notices.refused("192.0.2.1:4", tcp_errc::not_admitted, begun + 20s) ==
          "refused a connection from 192.0.2.1:4: its key is not among those that are admitted here; and 2 "
          "more since "
          "the last such line");
}
