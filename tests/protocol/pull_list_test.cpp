// SPDX-License-Identifier: Apache-2.0
#include <btard/protocol/pull_list.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

using namespace btard;
using std::chrono::seconds;

namespace pull_list_tests { // other tests of its batch have helpers of the same names

namespace {

std::vector<public_key> peers(std::size_t count) {
    std::vector<public_key> all(count);
    for (std::size_t k = 0; k < count; ++k) all[k].bytes[0] = std::byte(k);
    return all;
}
/// Those that are asked at that time.
std::vector<std::size_t> asked(pull_list& list, time_point at) {
    std::vector<std::size_t> all;
    list.handle_timeout(at, seconds(1), [&](public_key const& whom, wire::wanted const&) {
        all.push_back(std::to_integer<std::size_t>(whom.bytes[0]));
    });
    return all;
}

} // namespace

TEST_CASE("what does not come is asked for of one peer, of two others, of four others") {
    pull_list list;
    time_point const now{};
    list.want({1, part_id(2), {}, {}}, peers(9), now + seconds(5));
    CHECK(list.poll_deadline() == now + seconds(5));
    CHECK(asked(list, now + seconds(4)).empty());
    CHECK(asked(list, now + seconds(5)) == std::vector<std::size_t>{0});
    CHECK(asked(list, now + seconds(5)).empty());
    CHECK(asked(list, now + seconds(6)) == std::vector<std::size_t>{1, 2});
    CHECK(asked(list, now + seconds(7)) == std::vector<std::size_t>{3, 4, 5, 6});
    CHECK(asked(list, now + seconds(8)) == std::vector<std::size_t>{7, 8, 0, 1, 2, 3, 4, 5});
    CHECK(asked(list, now + seconds(9)).size() == 9); // each of them once
    list.got({1, part_id(2), {}, {}});
    CHECK_FALSE(list.poll_deadline().has_value());
}

TEST_CASE("who wants it still, from others, goes on with as many at once") {
    pull_list list;
    time_point const now{};
    wire::wanted const what{1, part_id(2), {}, {}};
    list.want(what, peers(8), now);
    for (int k = 0; k < 3; ++k) (void)asked(list, now + seconds(k));
    auto others = peers(8);
    std::ranges::reverse(others);
    list.want(what, others, now + seconds(60));
    CHECK(asked(list, now + seconds(3)) == std::vector<std::size_t>{7, 6, 5, 4, 3, 2, 1, 0});
}

TEST_CASE("all peers of a large roster are asked within seven questions") {
    pull_list list;
    time_point const now{};
    list.want({1, part_id(2), {}, {}}, peers(127), now);
    std::vector<bool> seen(127);
    for (int k = 0; k < 7; ++k)
        for (std::size_t const one : asked(list, now + seconds(k))) seen[one] = true;
    CHECK(std::ranges::count(seen, true) == 127);
}

} // namespace pull_list_tests
