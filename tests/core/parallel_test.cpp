// SPDX-License-Identifier: Apache-2.0
#include <btard/core/parallel.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#endif

using namespace btard;

TEST_CASE("parallel: every task runs once, on a slot below the number of threads") {
    for (std::size_t const threads : {1u, 2u, 3u, 8u}) {
        for (std::size_t const count : {0u, 1u, 2u, 7u, 1'000u}) {
            std::vector<std::atomic<int>> runs(count);
            std::atomic<bool> slots_hold = true;
            parallel::run(count, threads, [&](std::size_t number, std::size_t slot) {
                ++runs[number];
                if (slot >= threads) slots_hold = false;
            });
            bool once = true;
            for (auto const& r : runs) once = once && r == 1;
            CHECK(once);
            CHECK(slots_hold);
        }
    }
}

TEST_CASE("parallel: two tasks never have the same slot at the same time") {
    std::vector<std::atomic<int>> busy(4);
    std::atomic<bool> alone = true;
    parallel::run(2'000, 4, [&](std::size_t, std::size_t slot) {
        if (++busy[slot] != 1) alone = false;
        --busy[slot];
    });
    CHECK(alone);
}

TEST_CASE("parallel: really uses several threads") {
    std::atomic<int> arrived = 0;
    std::set<std::thread::id> ids[2];
    parallel::run(2, 2, [&](std::size_t number, std::size_t) {
        ids[number].insert(std::this_thread::get_id());
        ++arrived;
        while (arrived < 2) std::this_thread::yield(); // each waits for the other
    });
    CHECK(ids[0] != ids[1]);
}

TEST_CASE("parallel: a call from inside a task runs its tasks on the spot, in order") {
    std::vector<std::vector<std::size_t>> order(3);
    parallel::run(3, 2, [&](std::size_t outer, std::size_t) {
        parallel::run(
            4, 2, [&](std::size_t inner, std::size_t slot) { order[outer].push_back(inner + 10 * slot); });
    });
    for (auto const& one : order) CHECK(one == std::vector<std::size_t>{0, 1, 2, 3});
}

TEST_CASE("parallel: the exception of a task reaches the caller, and the pool works on") {
    for (std::size_t const threads : {1u, 2u, 3u}) {
        auto const failing = [&] {
            parallel::run(100, threads, [](std::size_t number, std::size_t) {
                if (number == 10) throw std::runtime_error("task 10");
            });
        };
        CHECK_THROWS_WITH_AS(failing(), "task 10", std::runtime_error);
        std::atomic<int> runs = 0;
        parallel::run(100, threads, [&](std::size_t, std::size_t) { ++runs; });
        CHECK(runs == 100);
    }
}

TEST_CASE("parallel: callers from several threads take turns") {
    std::atomic<int> runs = 0;
    std::vector<std::thread> callers;
    for (int k = 0; k < 4; ++k)
        callers.emplace_back([&] { parallel::run(50, 2, [&](std::size_t, std::size_t) { ++runs; }); });
    for (auto& caller : callers) caller.join();
    CHECK(runs == 200);
}

#if defined(__linux__)
TEST_CASE("parallel: the processors that count are those that the caller may use, not those of the machine") {
    std::size_t all = 0, one = 0;
    std::thread([&] { // in a thread of its own, for what it may use is changed
        cpu_set_t allowed, first;
        CPU_ZERO(&allowed);
        CHECK(sched_getaffinity(0, sizeof allowed, &allowed) == 0);
        all = parallel::hardware();
        CHECK(all == std::size_t(CPU_COUNT(&allowed)));
        std::size_t number = 0;
        while (number + 1 < CPU_SETSIZE && !CPU_ISSET(number, &allowed)) ++number;
        CPU_ZERO(&first);
        CPU_SET(number, &first);
        CHECK(sched_setaffinity(0, sizeof first, &first) == 0);
        one = parallel::hardware();
    }).join();
    CHECK(one == 1);
    CHECK(parallel::hardware() == all); // that of the thread alone has changed
}
#endif
