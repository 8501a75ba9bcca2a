// SPDX-License-Identifier: Apache-2.0
#include "../../apps/common/crew.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <stdexcept>
#include <vector>

using btard::apps::crew;

TEST_CASE("crew: alone, tasks are done in their order, and those that a task brings come next") {
    crew workers;
    std::vector<int> seen;
    workers.add({[&] {
                     seen.push_back(1);
                     workers.add({[&] { seen.push_back(2); }, [&] { seen.push_back(3); }});
                 },
                 [&] { seen.push_back(4); }});
    workers.work(1);
    CHECK(seen == std::vector<int>{1, 2, 3, 4});
}

TEST_CASE("crew: several tasks are at work at the same time") {
    crew workers;
    std::latch all_there(3);
    std::atomic<int> done = 0;
    crew::task const meet = [&] {
        all_there.arrive_and_wait(); // never passed by two
        ++done;
    };
    workers.add({meet, meet, meet});
    workers.work(3);
    CHECK(done == 3);
}

TEST_CASE("crew: those who have nothing to do wait for what a task may bring") {
    crew workers;
    std::latch both_there(2);
    std::atomic<int> done = 0;
    crew::task const meet = [&] {
        both_there.arrive_and_wait();
        ++done;
    };
    workers.add({[&] { workers.add({meet, meet}); }});
    workers.work(2);
    CHECK(done == 2);
}

TEST_CASE("crew: the first exception is thrown on, and nothing begins after it") {
    for (std::size_t const threads : {1u, 3u}) {
        crew workers;
        std::atomic<int> done = 0;
        workers.add({[] { throw std::runtime_error("no"); }});
        CHECK_THROWS_WITH_AS(workers.work(threads), "no", std::runtime_error);
        workers.add({[] { throw std::runtime_error("again"); }, [&] { ++done; }});
        CHECK_THROWS_WITH_AS(workers.work(1), "again", std::runtime_error);
        CHECK(done == 0);
        workers.add({[&] { ++done; }});
        workers.work(threads);
        CHECK(done == 1);
    }
}
