// SPDX-License-Identifier: Apache-2.0
// Links that take time, members that come later, each by a clock of its own, and one that crashes.
#include "log_swarm.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <utility>
#include <variant>
#include <vector>

using namespace log_test;

namespace {

/// Honest members; what one sends to another arrives in order, after half an interval at most: who begins
/// a relay because of another one is as late as that, and both together must not be an interval.
struct slow_links {
    struct letter {
        std::size_t from, to;
        wire::log_message message;
    };

    std::mt19937_64 random;
    plain s;
    time_point now = at(-4);
    std::size_t who; ///< crashes
    time_point dies;
    std::map<std::size_t, time_point> late; ///< those that come later, and when
    std::multimap<time_point, letter> way;  // those that arrive at one time in the order in which they were sent
    std::vector<std::vector<time_point>> last;

    slow_links(std::uint64_t seed, std::size_t n)
        : random(seed), s(n, (n - 1) / 2, 0), who(std::size_t(below(n))), dies(now + below(14) * delta),
          last(n, std::vector<time_point>(n)) {
        for (auto tries = below(3); tries > 0; --tries) late[std::size_t(below(n))] = at(0) + below(14) * delta;
        for (std::size_t k = 0; k < n; ++k) {
            s.peers[k].reset();
            if (!late.contains(k)) begin(k, at(0) + below(2) * below(1'000) * delta / 1'000);
        }
    }
    std::int64_t below(std::uint64_t end) { return std::int64_t(random() % end); }

    void begin(std::size_t k, time_point deadline) {
        auto setup = s.setup(k);
        setup.deadline = deadline;
        s.peers[k].emplace(s.who->signers[k], setup).submit(body_of(k));
        drain(k);
    }
    void drain(std::size_t k) {
        while (auto const action = s.peers[k]->poll_action()) {
            if (auto const* one = std::get_if<act::send_log>(&*action)) post(k, std::size_t(one->to), one->message);
            if (auto const* all = std::get_if<act::broadcast_log>(&*action))
                for (std::size_t to = 0; to < s.n; ++to) post(k, to, all->message);
            s.pauses += std::holds_alternative<act::log_paused>(*action);
        }
    }
    void post(std::size_t from, std::size_t to, wire::log_message const& message) {
        if (from == to) return;
        auto& arrives = last[from][to];
        arrives = std::max(arrives, now + (10 + below(490)) * delta / 1'000);
        way.emplace(arrives, letter{from, to, message});
    }
    /// The next thing that happens; false: nothing does.
    bool next() {
        std::optional<time_point> first;
        auto const sooner = [&](std::optional<time_point> when) {
            if (when && (!first || *when < *first)) first = std::max(*when, now);
        };
        if (s.peers[who]) sooner(dies);
        if (!way.empty()) sooner(way.begin()->first);
        for (auto const& [k, when] : late) sooner(when);
        for (auto const& one : s.peers)
            if (one) sooner(one->poll_deadline());
        if (!first) return false;
        now = *first;
        if (now >= dies) s.peers[who].reset(), late.erase(who); // what it has sent arrives
        for (std::size_t k = 0; k < s.n; ++k) {
            if (late.contains(k) && late[k] <= now) late.erase(k), begin(k, now + below(7) * delta / 2);
            if (s.peers[k]) s.peers[k]->handle_timeout(now), drain(k);
        }
        if (!way.empty() && way.begin()->first <= now) {
            auto const one = way.extract(way.begin()).mapped();
            if (s.peers[one.to]) s.peers[one.to]->handle_message(peer_id(one.from), one.message), drain(one.to);
        }
        return true;
    }
};

} // namespace

TEST_CASE("broadcast: over links that take up to half an interval, with a crash and two that come later: one log, "
          "and all have it") {
    std::size_t relays = 0, pauses = 0;
    for (std::uint64_t seed = 1; seed <= 500; ++seed) {
        INFO("seed ", seed);
        slow_links net(seed, 4 + seed % 4);
        while (net.now < at(200) && net.next()) {}
        CHECK(net.s.all_closed());
        CHECK(!net.s.differs(net.s.n)); // who came later may be absent
        relays += net.s.any_relay();
        pauses += net.s.pauses > 0;
    }
    MESSAGE(relays, " with a relay, ", pauses, " with a pause");
    CHECK(relays > 100); // else nothing was tried
    CHECK(pauses > 50);
}
