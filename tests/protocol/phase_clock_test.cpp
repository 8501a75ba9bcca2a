// SPDX-License-Identifier: Apache-2.0
// Deadlines that members agree on, among whole peers.
#include "small_swarm.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>
#include <variant>
#include <vector>

using namespace btard;
using namespace std::chrono_literals;
using small_test::small_swarm;

namespace {

/// Gradients take 0.1 s, and there are 10 s for them until members agree on less.
struct agreeing_swarm : small_swarm {
    explicit agreeing_swarm(std::size_t n, std::uint64_t every = 4, std::uint64_t seed = 1)
        : small_swarm(n, rules_of(n, every), loopback_options{.seed = seed}) {
        gradient = 100ms;
        watch = [this](std::size_t by, peer_action const& action) {
            if (auto const* const one = std::get_if<act::removed>(&action); one && is_there(by))
                removed.emplace(number(one->who), one->why);
            paused += std::holds_alternative<act::paused>(action);
        };
        change = [this](std::size_t from, std::size_t to, wire::message&) { return is_there(from) && is_there(to); };
    }
    static run_rules rules_of(std::size_t n, std::uint64_t every) {
        run_rules made{.faults = (n - 2) / 2};
        made.timing = {.gradient = 10s, .bulk = 5s, .body = 1s, .question = 250ms, .interval = 1s,
                       .renew_every = every, .floor = 500ms};
        return made;
    }
    [[nodiscard]] bool is_there(std::size_t k) const { return !dead.contains(k); }
    /// Of those that are there.
    ///
    /// @return how long they took
    std::chrono::nanoseconds steps(std::size_t count) {
        auto const begun = net.now();
        for (std::size_t step = 0; step < count; ++step) {
            begin();
            auto const goes_on = [&](auto const& one) {
                return is_there(number(one->key())) && one->running() && !one->gone();
            };
            while (std::ranges::any_of(peers, goes_on) && run_next()) {}
            std::set<std::vector<std::uint32_t>> tables;
            for (std::size_t k = 0; k < peers.size(); ++k) {
                if (!is_there(k) || peers[k]->gone()) continue;
                auto const now = peers[k]->deadlines().now();
                tables.insert({now.gradient, now.bulk, now.body});
            }
            CHECK(tables.size() == 1);
        }
        return net.now() - begun;
    }
    [[nodiscard]] deadline_table now() const { return peers[0]->deadlines().now(); }
    /// Member k dies.
    std::chrono::nanoseconds crash(std::size_t k) {
        dead.insert(k);
        return steps(1);
    }

    std::set<std::size_t> dead{};
    std::set<std::pair<std::size_t, offence>> removed{};
    std::size_t paused = 0;
};

} // namespace

TEST_CASE("deadlines: where gradients take 0.1 s of the 10 s that there are, a crash soon costs a fraction") {
    agreeing_swarm fixed(8, 0), agreed(8);
    fixed.steps(24);
    agreed.steps(24);
    CHECK(fixed.now() == deadline_table{10'000, 5'000, 1'000});
    CHECK(agreed.now() == deadline_table{500, 500, 500});
    auto const before = fixed.crash(7), now = agreed.crash(7);
    CHECK(before > 12s);
    CHECK(now < before / 3);
    CHECK(agreed.now() == deadline_table{1'000, 1'000, 1'000}); // at once twice as long
    std::set const absent{std::pair(std::size_t{7}, offence::absence)};
    CHECK(fixed.removed == absent);
    CHECK(agreed.removed == absent);
    agreed.steps(12);
    CHECK(agreed.now() == deadline_table{500, 500, 500});
    MESSAGE(concat("a crash in COMMIT costs ", double(before.count()) / 1e9, " s with fixed deadlines, ",
                   double(now.count()) / 1e9, " s with agreed ones"));
}

TEST_CASE("deadlines: when all are slower than what was agreed on, by little or by much, nobody is removed") {
    for (auto const slower : {300ms, 700ms, 2'000ms, 8'000ms, 15'000ms}) {
        CAPTURE(slower.count());
        agreeing_swarm s(8);
        s.steps(24);
        CHECK(s.now().gradient == 500);
        s.gradient = slower;
        s.steps(16);
        CHECK(s.removed.empty());
        CHECK(s.now().gradient >= std::min<std::int64_t>(10'000, 2 * slower.count()));
        CHECK((s.paused > 0) == (slower > 700ms)); // COMMIT stands still until there are gradients
        s.gradient = 100ms;
        s.steps(28);
        CHECK(s.now().gradient == 500);
        CHECK(s.removed.empty());
    }
    agreeing_swarm fixed(8, 0);
    fixed.gradient = 15s; // more than there are
    fixed.steps(3);
    CHECK(fixed.paused > 0);
    CHECK(fixed.removed.empty());
}

TEST_CASE("deadlines: some that get slower are absent, at worst, and the others wait longer from then on") {
    agreeing_swarm s(8);
    s.steps(20);
    s.more = [](std::size_t by, act::compute const&) { return by >= 6 ? 4s : 0s; };
    s.steps(1);
    for (auto const& [who, why] : s.removed) CHECK((who >= 6 && why == offence::absence));
    CHECK(s.now().gradient >= 1'000);
}

TEST_CASE("deadlines: honest members whose times vary are never removed") {
    std::size_t shorter = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        agreeing_swarm s(4, 2, seed);
        s.more = [&](std::size_t by, act::compute const& what) {
            auto const bits = philox({seed, by}, what.step);
            return std::chrono::microseconds(bits[0] % (bits[1] % 16 == 0 ? 400'000 : 100'000)); // sometimes a stall
        };
        s.steps(10);
        INFO("seed ", seed);
        CHECK(s.removed.empty());
        CHECK(s.paused == 0);
        shorter += s.now().gradient < 2'000;
    }
    CHECK(shorter > 150);
}
