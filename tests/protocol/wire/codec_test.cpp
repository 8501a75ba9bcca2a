// SPDX-License-Identifier: Apache-2.0
#include <btard/core/random.hpp>
#include <btard/protocol/wire/codec.hpp>
#include <btard/protocol/wire/tagged_hash.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

using namespace btard;

namespace {

/// One message of each kind, with something in every member.
std::vector<wire::message> examples() {
    place const at{1, 2, 3, 4};
    signature by;
    by.bytes.fill(std::byte{9});
    digest const hash = tagged_hash("x");
    log_list const list{{entry_kind::body, hash}, {entry_kind::absent, {}}, {entry_kind::equivocated, {}}};
    wire::signed_body const body{at, peer_id{7}, {std::byte{1}, std::byte{2}}, by};
    wire::log_certificate const certificate{at, true, list, {{peer_id{1}, by}, {peer_id{2}, by}}};
    return {body,
            wire::signed_digest{at, peer_id{1}, hash, by},
            wire::signed_list{at, peer_id{1}, list, by},
            wire::log_question{at, {peer_id{3}, peer_id{5}}, true, false},
            certificate,
            wire::relayed_body{body, {{peer_id{1}, by}}},
            wire::relayed_certificate{certificate, {{peer_id{4}, by}}},
            wire::signed_outcome{at, peer_id{1}, hash, by},
            wire::row{5, peer_id{1}, part_id{2}, {hash, hash}, {1.5f, -0.0f, 3e38f}},
            wire::aggregate{5, part_id{2}, {1, 2, 3}},
            wire::wanted{5, part_id{2}, peer_id{3}, {}},
            wire::evidence{{{5, peer_id{1}, part_id{2}, {hash}, {1, 2}}}, 6},
            wire::join{{{hash.bytes}, {std::byte{5}}}, 300, by},
            wire::trial{{{hash.bytes}, {std::byte{5}}}, hash, 3, by},
            wire::introduction{
                {{{.run = hash, .epoch = 1}, {certificate, {{{std::byte{3}}, by}}}}},
                {.run = hash, .step = 4, .probation = {{{{{hash.bytes}, {}}, 2, {{hash.bytes}}}}, {}, 3, 2},
                 .disputes = {{peer_id{1}, peer_id{4}}}},
                kept_log{certificate, {}}}};
}

} // namespace

TEST_CASE("frame: every kind of message comes back as it was") {
    auto const all = examples();
    REQUIRE(all.size() == std::variant_size_v<wire::message>);
    for (std::size_t kind = 0; kind < all.size(); ++kind) {
        REQUIRE(all[kind].index() == kind);
        auto const bytes = encode_frame(all[kind]);
        CHECK(bytes[0] == std::byte{wire::version});
        CHECK(bytes[1] == static_cast<std::byte>(kind));
        auto const read = decode_frame(bytes);
        REQUIRE(read);
        CHECK(*read == all[kind]);
    }
}

TEST_CASE("frame: what is cut off, added, of another version or kind is none") {
    for (auto const& message : examples()) {
        auto bytes = encode_frame(message);
        for (std::size_t length = 0; length < bytes.size(); ++length)
            REQUIRE(!decode_frame(std::span(bytes).first(length)));
        bytes.push_back(std::byte{});
        CHECK(!decode_frame(bytes));
        bytes.pop_back();
        bytes[0] = std::byte{wire::version + 1};
        CHECK(!decode_frame(bytes));
        bytes[0] = std::byte{wire::version};
        bytes[1] = static_cast<std::byte>(std::variant_size_v<wire::message>);
        CHECK(!decode_frame(bytes));
    }
}

TEST_CASE("frame: a flipped bit gives another message or none, and each message has one frame") {
    for (auto const& message : examples()) {
        auto const bytes = encode_frame(message);
        for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
            auto flipped = bytes;
            flipped[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
            if (auto const read = decode_frame(flipped)) REQUIRE(encode_frame(*read) == flipped);
        }
    }
}

TEST_CASE("frame: longer lists than the limits are refused") {
    wire_limits limits;
    limits.floats = 3;
    limits.branch = 2;
    limits.peers = 3;
    limits.bytes = 2;
    for (auto const& message : examples()) CHECK(decode_frame(encode_frame(message), limits));
    auto const refused = [&](wire::message const& m) { return !decode_frame(encode_frame(m), limits); };
    CHECK(refused(wire::aggregate{0, {}, {1, 2, 3, 4}}));
    CHECK(refused(wire::row{0, {}, {}, std::vector<digest>(3), {}}));
    CHECK(refused(wire::signed_list{{}, {}, log_list(4), {}}));
    CHECK(refused(wire::signed_body{{}, {}, std::vector<std::byte>(3), {}}));
}

TEST_CASE("frame: a list that claims to be long costs no memory") {
    // A part of 2^28 floats, of which none is there.
    std::vector<std::byte> bytes{std::byte{1}, std::byte{9}};
    bytes.resize(2 + 2); // step, part
    for (int const b : {0x80, 0x80, 0x80, 0x80, 0x01}) bytes.push_back(static_cast<std::byte>(b));
    CHECK(!decode_frame(bytes));
}

TEST_CASE("frame: random bytes after a good beginning do no harm") {
    random_stream random(seed{3, 1});
    for (int k = 0; k < 20'000; ++k) {
        std::vector<std::byte> bytes(2 + random.below(200));
        for (auto& byte : bytes) byte = static_cast<std::byte>(random.bits() & 0xFF);
        bytes[0] = std::byte{wire::version};
        bytes[1] = static_cast<std::byte>(random.below(11));
        if (auto const read = decode_frame(bytes)) REQUIRE(encode_frame(*read) == bytes);
    }
}

TEST_CASE("bodies: what honest members send of a full roster is never beyond the limits") {
    std::size_t const n = 2'048;
    wire::open const all{member_set(n * n)}; // every row of every part
    CHECK(decode<wire::open>(encode(all)) == all);
    wire::have const complaints{member_set(n * n / 2)};
    CHECK(decode<wire::have>(encode(complaints)) == complaints);
    wire::vote const votes{member_set(n * n), std::vector<wire::ballot>(n)};
    CHECK(decode<wire::vote>(encode(votes)) == votes);
    CHECK(encode(all).size() < wire_limits{}.bytes);
}
