// SPDX-License-Identifier: Apache-2.0
#include <btard/core/random.hpp>
#include <btard/protocol/step/roster.hpp>
#include <btard/run/messages.hpp>
#include <btard/run/model_state.hpp>
#include <btard/run/refusals.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

using namespace btard;

namespace {

/// One message of each kind, with something in every member.
std::vector<wire::run_message> examples() {
    digest const hash = tagged_hash("x");
    log_member const who{{hash.bytes}, {std::byte{5}}};
    step_context const context{
        .run = hash, .epoch = 1, .step = 300, .roster = {who}, .given = {{0, 3, hash}}, .far = 2.5};
    wire::charter const charter{wire::letters("rule = mean"), hash, hash, {std::byte{1}}, {who}};
    return {wire::greeting{run_role::coordinator, hash, {std::byte{3}}, 1'700'000'000'000, tagged_hash("token")},
            wire::addresses{{{{hash.bytes}, wire::letters("example.org"), 4'000}}},
            charter,
            wire::refusal{refusal_reason::waits, 300},
            wire::ready{hash},
            wire::follow{302},
            wire::progress{context, {hash, hash}, hash, wire::snapshot_head{296, hash}},
            wire::fetch{wire::fetched::chunk, 296, 300},
            wire::missing{{wire::fetched::applied, 299, 0}},
            wire::leaves{296, {hash, hash}},
            wire::chunk{296, 1, {1.5f, -0.0f}},
            wire::applied{299, {3, 4, 5}},
            wire::held{300, {.context = context, .last = context}, {{1, 2, 3}, {4, 5, 6}, {{299, part_id{1}, {7}}}}},
            wire::metrics{299, 2.5, 0.5, 1.25, 1'000, 2'000, {{{hash.bytes}, offence::wrong_gradient}}},
            wire::finished{500, hash}};
}

} // namespace

TEST_CASE("run frame: every kind of message comes back as it was, and is none of the protocol's") {
    auto const all = examples();
    REQUIRE(all.size() == std::variant_size_v<wire::run_message>);
    for (std::size_t kind = 0; kind < all.size(); ++kind) {
        REQUIRE(all[kind].index() == kind);
        auto const bytes = encode_run_frame(all[kind]);
        CHECK(is_run_frame(bytes));
        CHECK(bytes[1] == static_cast<std::byte>(kind));
        auto const read = decode_run_frame(bytes);
        REQUIRE(read);
        CHECK(*read == all[kind]);
    }
    CHECK(!is_run_frame({}));
}

TEST_CASE("run frame: what is cut off, added, of another version or kind is none") {
    for (auto const& message : examples()) {
        auto bytes = encode_run_frame(message);
        for (std::size_t length = 0; length < bytes.size(); ++length)
            REQUIRE(!decode_run_frame(std::span(bytes).first(length)));
        bytes.push_back(std::byte{});
        CHECK(!decode_run_frame(bytes));
        bytes.pop_back();
        bytes[0] = std::byte{1};
        CHECK(!decode_run_frame(bytes));
        bytes[0] = std::byte{wire::run_version};
        bytes[1] = static_cast<std::byte>(std::variant_size_v<wire::run_message>);
        CHECK(!decode_run_frame(bytes));
    }
}

TEST_CASE("run frame: a flipped bit gives another message or none, and each message has one frame") {
    for (auto const& message : examples()) {
        auto const bytes = encode_run_frame(message);
        for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
            auto flipped = bytes;
            flipped[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
            if (auto const read = decode_run_frame(flipped)) REQUIRE(encode_run_frame(*read) == flipped);
        }
    }
}

TEST_CASE("run frame: longer lists than the limits are refused") {
    wire_limits limits;
    limits.floats = 3;
    limits.claims = 2;
    limits.bytes = 11;
    for (auto const& message : examples()) CHECK(decode_run_frame(encode_run_frame(message), limits));
    auto const refused = [&](wire::run_message const& m) { return !decode_run_frame(encode_run_frame(m), limits); };
    CHECK(refused(wire::applied{0, {1, 2, 3, 4}}));
    CHECK(refused(wire::chunk{0, 0, {1, 2, 3, 4}}));
    CHECK(refused(wire::leaves{0, std::vector<digest>(3)}));
    CHECK(refused(wire::progress{{}, std::vector<digest>(3), {}, {}}));
    CHECK(refused(wire::charter{wire::letters("twelve bytes"), {}, {}, {}, {}}));
}

TEST_CASE("model state: its floats make it again, bit for bit, whatever the numbers of the optimizer are") {
    for (optimizer const& method : {optimizer(sgd{}), optimizer(sgd{.momentum = 0.9f}), optimizer(lamb{})}) {
        auto state = first_state(method, {1, -0.0f, 3e38f});
        state.step = 7;
        if (auto* const kept = std::get_if<lamb::state>(&state.memory)) {
            kept->means = {1, 2, 3};
            kept->mean_weight = 0.1;
            kept->square_weight = std::numeric_limits<double>::denorm_min();
        }
        auto all = flat(state);
        CHECK(all.size() == flat_size(method, 3));
        CHECK(is_state_of(state, method, 3));
        CHECK(!is_state_of(state, method, 4));
        CHECK(unflat(all, 7, method, 3) == state);
        all.push_back(0);
        CHECK(!unflat(all, 7, method, 3));
        CHECK(!unflat(std::span(all).first(all.size() - 2), 7, method, 3));
    }
    auto all = flat(first_state(lamb{}, {1}));
    for (float const bad : {-1.0f, 65'536.0f, std::numeric_limits<float>::quiet_NaN()}) {
        all.back() = bad;
        CHECK(!unflat(all, 0, lamb{}, 1));
    }
}

TEST_CASE("model state: the root says the step, each float, and the order of the chunks") {
    auto state = first_state(sgd{}, std::vector<float>(chunk_floats + 1));
    state.parameters[0] = 1;
    auto const root = root_of(state), other = [&] {
        auto changed = state;
        changed.parameters.back() = 1;
        return root_of(changed);
    }();
    CHECK(chunks_of(state.parameters.size()) == 2);
    CHECK(root != other);
    auto leaves = leaves_of(state.parameters);
    CHECK(root == root_of(0, leaves));
    CHECK(root != root_of(1, leaves));
    std::swap(leaves[0], leaves[1]);
    CHECK(root != root_of(0, leaves));
}

TEST_CASE("refusals: what members say of a key counts when f + 1 of them say the same, and once") {
    auto const key = [](std::size_t k) { return public_key{{std::byte(k + 1)}}; };
    std::vector<log_member> roster;
    for (std::size_t k = 0; k < 5; ++k) roster.push_back({key(k), {}});
    heard_refusals heard;
    auto const hear = [&](std::size_t from, refusal_reason why, std::uint64_t step = 0) {
        return heard.hear(key(from), {why, step}, roster, 2);
    };
    CHECK(!hear(0, refusal_reason::struck));
    CHECK(!hear(0, refusal_reason::struck)); // one voice, however often
    CHECK(!hear(7, refusal_reason::struck)); // no member
    CHECK(!hear(8, refusal_reason::struck));
    CHECK(!hear(1, refusal_reason::banned));
    CHECK(!hear(2, refusal_reason::waits, 30));
    CHECK(!hear(1, refusal_reason::struck)); // a last word counts, and that is the second one
    CHECK(hear(3, refusal_reason::struck) == wire::refusal{refusal_reason::struck});
    CHECK(!hear(4, refusal_reason::struck)); // it is known
    for (std::size_t k = 0; k < 4; ++k) CHECK(!hear(k, refusal_reason::waits, 30 + k % 2)); // two say 30, two 31
    CHECK(hear(4, refusal_reason::waits, 31) == wire::refusal{refusal_reason::waits, 31});
}

namespace {

/// In step 10 1 is banned, 2 struck, 3 waits for step 12, 4 for step 11, and 5 is a member that was absent once.
struct told_members {
    struct standings {
        [[nodiscard]] static bool is_struck(public_key const& key) { return key == key_of(2); }
        [[nodiscard]] static std::uint64_t may_return_at(public_key const& key) { return key == key_of(3) ? 12 : 11; }
    };
    static public_key key_of(std::size_t k) { return public_key{{std::byte(k)}}; }
    roster there{{{key_of(5), {}}}};
    std::set<public_key> out = {key_of(1)};

    [[nodiscard]] std::set<public_key> const& banned() const { return out; }
    [[nodiscard]] static standings standing() { return {}; }
    [[nodiscard]] static bool was_member(public_key const& key) { return key_of(3) <= key && key <= key_of(5); }
    [[nodiscard]] roster const* members() const { return &there; }
    [[nodiscard]] static std::uint64_t step() { return 10; }
};

} // namespace

TEST_CASE("refusals: who is banned, struck or waits is told so, and nobody else") {
    told_members const now;
    auto const of = [&](std::size_t k) { return refusal_of(now, now.key_of(k)); };
    CHECK(of(1) == wire::refusal{refusal_reason::banned});
    CHECK(of(2) == wire::refusal{refusal_reason::struck});
    CHECK(of(3) == wire::refusal{refusal_reason::waits, 12});
    for (std::size_t k = 4; k < 7; ++k) CHECK(!of(k));
}
