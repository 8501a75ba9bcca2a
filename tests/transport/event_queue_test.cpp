// SPDX-License-Identifier: Apache-2.0
#include <btard/core/random.hpp>
#include <btard/transport/event_queue.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <set>
#include <tuple>

using namespace btard;

TEST_CASE("event_queue: hands over the earliest, of equal times the one of the lowest order, as a sorted set "
          "does") {
    random_stream draw({5, 0});
    for (std::uint32_t const most : {1u, 2u, 5u, 6u, 21u, 300u}) {
        detail::event_queue queue;
        std::set<std::tuple<time_point, std::uint64_t, std::uint32_t>> plain;
        std::uint64_t order = 0;
        for (int k = 0; k < 3'000 || !plain.empty(); ++k) {
            REQUIRE(queue.empty() == plain.empty());
            if (k < 3'000 && plain.size() < most && draw.below(5) < 3) {
                auto const when = time_point{} + std::chrono::nanoseconds(draw.below(20));
                std::uint32_t const what = draw.bits();
                queue.push({when, ++order, what, false});
                plain.emplace(when, order, what);
            } else if (!plain.empty()) {
                REQUIRE(queue.front().order == std::get<1>(*plain.begin()));
                auto const one = queue.pop();
                REQUIRE(std::tuple(one.when, one.order, one.what) == *plain.begin());
                plain.erase(plain.begin());
            }
        }
    }
}
