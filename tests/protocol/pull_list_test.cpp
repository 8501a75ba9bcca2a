// tests/protocol/pull_list_test.cpp: who is asked, and when.
// SPDX-License-Identifier: Apache-2.0
#include <btard/protocol/pull_list.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <vector>

using namespace btard;

TEST_CASE("pull_list: with each question twice as many are asked, so that one holder among many is found in time") {
    std::vector<public_key> others(31);
    for (std::size_t k = 0; k < others.size(); ++k) others[k].bytes[0] = std::byte(k);
    pull_list pulls;
    wire::wanted const what{.step = 3, .part = part_id{1}};
    time_point now{};
    pulls.want(what, others, now);
    std::vector<std::size_t> asked;
    std::vector<bool> reached(others.size());
    for (int round = 0; round < 5; ++round, now += std::chrono::seconds(1)) {
        std::size_t count = 0;
        pulls.handle_timeout(now, std::chrono::seconds(1), [&](public_key const& whom, wire::wanted const&) {
            ++count;
            reached[std::to_integer<std::size_t>(whom.bytes[0])] = true;
        });
        asked.push_back(count);
    }
    CHECK(asked == std::vector<std::size_t>{1, 2, 4, 8, 16});
    CHECK(reached == std::vector<bool>(others.size(), true));
    pulls.got(what);
    CHECK_FALSE(pulls.poll_deadline().has_value());
}
