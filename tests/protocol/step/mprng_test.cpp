// SPDX-License-Identifier: Apache-2.0
#include <btard/protocol/step/mprng.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

using namespace btard;

namespace mprng_tests { // other tests of its batch have helpers of the same names

namespace {

mprng_slot const here{.run = {}, .epoch = 1, .step = 2, .draw = 0};

mprng_share share_of(std::uint64_t k) {
    return {tagged_hash("value", k).bytes, tagged_hash("salt", k).bytes};
}

std::vector<mprng_entry> honest_log(std::size_t n) {
    std::vector<mprng_entry> log;
    for (std::size_t k = 0; k < n; ++k) {
        public_key const key{tagged_hash("key", k).bytes};
        log.push_back({peer_id(k), key, commitment_to(share_of(k), here, key), share_of(k)});
    }
    return log;
}

} // namespace

TEST_CASE("mprng: the value is the exclusive or of all shares") {
    auto const out = open_shares(honest_log(3), here);
    REQUIRE(out.value);
    for (std::size_t k = 0; k < 32; ++k)
        CHECK(out.value->bytes[k] == (share_of(0).value[k] ^ share_of(1).value[k] ^ share_of(2).value[k]));
    CHECK(out.shared == std::vector{peer_id{0}, peer_id{1}, peer_id{2}});
}

TEST_CASE("mprng: who committed to nothing has no share and spoils nothing") {
    auto log = honest_log(3);
    log[1].committed.reset();
    log[1].revealed.reset();
    auto const out = open_shares(log, here);
    CHECK(out.value);
    CHECK(out.shared == std::vector{peer_id{0}, peer_id{2}});
}

TEST_CASE("mprng: a share that is not opened voids the draw, and its owner is absent") {
    auto log = honest_log(3);
    log[2].revealed.reset();
    CHECK(open_shares(log, here) ==
          mprng_outcome{.shared = {peer_id{0}, peer_id{1}}, .missing = {peer_id{2}}});
}

TEST_CASE("mprng: another share than that committed to is evidence") {
    auto log = honest_log(3);
    log[0].revealed->value[31] ^= std::byte{1};
    CHECK(open_shares(log, here) == mprng_outcome{.shared = {peer_id{1}, peer_id{2}}, .wrong = {peer_id{0}}});
}

TEST_CASE("mprng: a commitment holds for one owner and one draw only") {
    public_key const one{}, other{{std::byte{1}}};
    auto const share = share_of(0);
    auto const made = commitment_to(share, here, one);
    CHECK(made == commitment_to(share, here, one));
    CHECK(made != commitment_to(share, here, other));
    for (auto const& elsewhere : {mprng_slot{.run = {{std::byte{1}}}, .epoch = 1, .step = 2, .draw = 0},
                                  mprng_slot{.run = {}, .epoch = 2, .step = 2, .draw = 0},
                                  mprng_slot{.run = {}, .epoch = 1, .step = 3, .draw = 0},
                                  mprng_slot{.run = {}, .epoch = 1, .step = 2, .draw = 1}})
        CHECK(made != commitment_to(share, elsewhere, one));
}

TEST_CASE("mprng: a draw of nobody has no value") {
    CHECK(open_shares({}, here) == mprng_outcome{});
    CHECK(genesis_value({}) != genesis_value({{std::byte{1}}}));
}

} // namespace mprng_tests
