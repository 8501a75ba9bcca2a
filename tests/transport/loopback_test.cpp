// SPDX-License-Identifier: Apache-2.0
#include <btard/core/policy_text.hpp>
#include <btard/transport/loopback.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

using namespace btard;
using namespace std::chrono_literals;

namespace {

public_key key(std::size_t who) { return {{std::byte(who), std::byte(1)}}; }
endpoint_id id(std::size_t who) { return static_cast<endpoint_id>(who); }
time_point at(std::chrono::nanoseconds since) { return time_point{} + since; }

enum class what { frame, timer, lost };
struct event {
    what kind;
    std::size_t who, from;
    int value; // of a frame
    std::chrono::nanoseconds when;

    friend bool operator==(event const&, event const&) = default;
};

/// Writes down all that happens.
struct recorder {
    std::vector<event> seen;

    void on_frame(endpoint_id to, endpoint_id from, std::shared_ptr<int const> frame, time_point now) {
        seen.push_back({what::frame, std::size_t(to), std::size_t(from), *frame, now.time_since_epoch()});
    }
    void on_timer(endpoint_id who, time_point now) {
        seen.push_back({what::timer, std::size_t(who), 0, 0, now.time_since_epoch()});
    }
    void on_lost(endpoint_id who, endpoint_id lost, time_point now) {
        seen.push_back({what::lost, std::size_t(who), std::size_t(lost), 0, now.time_since_epoch()});
    }
    [[nodiscard]] std::vector<int> values() const {
        std::vector<int> all;
        for (auto const& one : seen)
            if (one.kind == what::frame) all.push_back(one.value);
        return all;
    }
};

struct swarm : loopback<int> {
    recorder log;

    explicit swarm(std::size_t n, loopback_options const& options = {}) : loopback(options) {
        for (std::size_t k = 0; k < n; ++k) add(key(k));
    }
    void say(std::size_t from, std::size_t to, int value) {
        post(id(from), id(to), std::make_shared<int const>(value));
    }
    recorder const& run() {
        while (run_next(log)) {
        }
        return log;
    }
};

constexpr loopback_options quick{.least_delay = 1'000, .most_delay = 1'000, .notices = false};

/// Everybody tells everybody, many times.
std::vector<event> crowd(loopback_options const& options) {
    swarm net(5, options);
    for (int round = 0; round < 40; ++round) {
        for (std::size_t a = 0; a < 5; ++a) {
            net.wake_at(id(a), net.now() + 3ms);
            for (std::size_t b = 0; b < 5; ++b) net.say(a, b, round);
        }
        for (int k = 0; k < 20; ++k) net.run_next(net.log);
    }
    return net.run().seen;
}

} // namespace

TEST_CASE("loopback: what happens is a function of the seed") {
    auto const once = crowd({.seed = 7, .loss = 0.1});
    CHECK(once.size() > 700);
    CHECK(crowd({.seed = 7, .loss = 0.1}) == once);
    CHECK(crowd({.seed = 8, .loss = 0.1}) != once);
}

TEST_CASE("loopback: what others send does not change the delays of a link") {
    std::vector<std::chrono::nanoseconds> delays[2];
    for (bool const noisy : {false, true}) {
        swarm net(3);
        for (int k = 0; k < 20; ++k) {
            if (noisy) net.say(2, 1, -1), net.say(1, 0, -1);
            net.say(0, 1, k);
        }
        for (auto const& one : net.run().seen)
            if (one.value >= 0) delays[noisy].push_back(one.when);
    }
    CHECK(delays[0].size() == 20);
    CHECK(delays[0] == delays[1]);
}

TEST_CASE("loopback: delays fill the interval between the least and the most, and do not leave it") {
    swarm net(2, {.least_delay = 1'000, .most_delay = 1'009, .in_order = false});
    for (int k = 0; k < 10'000; ++k) net.say(0, 1, k);
    std::map<std::int64_t, int> count;
    for (auto const& one : net.run().seen) ++count[one.when.count()];
    CHECK(count.size() == 10);
    CHECK(count.begin()->first == 1'000);
    CHECK(count.rbegin()->first == 1'009);
    double const sigma = std::sqrt(10'000 * 0.1 * 0.9);
    for (auto const& [delay, times] : count) CHECK(std::abs(times - 1'000) < 5 * sigma);
}

TEST_CASE("loopback: in order, messages of one link do not overtake each other; else they do") {
    for (bool const in_order : {true, false}) {
        swarm net(3, {.in_order = in_order});
        for (int k = 0; k < 200; ++k) {
            net.say(0, 2, k);
            net.say(1, 2, k);
            net.run_until(net.now() + 100us, net.log);
        }
        net.run();
        REQUIRE(net.log.seen.size() == 400);
        int last[2] = {-1, -1}, overtaken[2] = {0, 0};
        for (auto const& one : net.log.seen) {
            overtaken[one.from] += one.value < last[one.from];
            last[one.from] = one.value;
        }
        CHECK((overtaken[0] == 0) == in_order);
        CHECK((overtaken[1] == 0) == in_order);
    }
}

TEST_CASE("loopback: as many messages vanish as the loss says") {
    constexpr int n = 100'000;
    for (double const loss : {0.0, 0.03, 0.5, 1.0}) {
        loopback_options options = quick;
        options.loss = loss;
        swarm net(2, options);
        for (int k = 0; k < n; ++k) net.say(0, 1, k);
        auto const arrived = double(net.run().seen.size());
        CHECK(std::abs(n - arrived - n * loss) <= 5 * std::sqrt(n * loss * (1 - loss)));
        CHECK(net.traffic_of(id(0)).lost == n - net.traffic_of(id(1)).received);
    }
}

TEST_CASE("loopback: a loss changes no delay of those that arrive") {
    std::map<int, std::chrono::nanoseconds> arrival;
    swarm whole(2, {.in_order = false}), lossy(2, {.in_order = false, .loss = 0.5});
    for (int k = 0; k < 100; ++k) whole.say(0, 1, k), lossy.say(0, 1, k);
    for (auto const& one : whole.run().seen) arrival[one.value] = one.when;
    CHECK(lossy.run().seen.size() < 100);
    for (auto const& one : lossy.log.seen) CHECK(arrival[one.value] == one.when);
}

TEST_CASE("loopback: events of one moment happen in the order in which they were caused") {
    swarm net(3, quick);
    net.say(0, 1, 1);
    net.wake_at(id(2), at(1us));
    net.say(2, 1, 2);
    net.say(1, 0, 3);
    net.wake_at(id(0), at(1us));
    net.run();
    std::vector<event> const wanted{{what::frame, 1, 0, 1, 1us},
                                    {what::timer, 2, 0, 0, 1us},
                                    {what::frame, 1, 2, 2, 1us},
                                    {what::frame, 0, 1, 3, 1us},
                                    {what::timer, 0, 0, 0, 1us}};
    CHECK(net.log.seen == wanted);
}

TEST_CASE(
    "loopback: what is under way at a cut arrives, what is posted after it does not, one direction only") {
    swarm net(2, quick);
    net.say(0, 1, 1);
    net.cut(id(0), id(1));
    net.say(0, 1, 2);
    net.say(1, 0, 3);
    net.run();
    net.heal(id(0), id(1));
    net.say(0, 1, 4);
    CHECK(net.run().values() == std::vector{1, 3, 4});
    CHECK(net.traffic_of(id(0)) == loopback_traffic{.sent = 3, .received = 1, .lost = 1});
}

TEST_CASE("loopback: what is held sets out in its order when its own link is healed") {
    swarm net(3, {.least_delay = 10, .most_delay = 1'000});
    net.cut(id(0), id(1), at_cut::held);
    net.cut(id(0), id(2), at_cut::held);
    for (int k = 0; k < 20; ++k) net.say(0, 1, k), net.say(0, 2, 100 + k);
    net.run_until(at(5us), net.log);
    CHECK(net.log.seen.empty());
    CHECK(!net.run_next(net.log)); // what is held is no event
    net.heal(id(0), id(1));
    net.say(0, 1, 20);
    net.run();
    REQUIRE(net.log.seen.size() == 21);
    for (int k = 0; k <= 20; ++k) {
        CHECK(net.log.seen[std::size_t(k)].value == k);
        CHECK(net.log.seen[std::size_t(k)].when >= 5us + 10ns);
    }
    net.heal();
    CHECK(net.run().seen.size() == 41);
    CHECK(net.traffic_of(id(0)).lost == 0);
}

TEST_CASE("loopback: a partition cuts what crosses it, both ways, and heals") {
    swarm net(4, quick);
    std::vector const group{id(1), id(3)};
    net.partition(group);
    auto const everybody = [&] {
        for (std::size_t a = 0; a < 4; ++a)
            for (std::size_t b = 0; b < 4; ++b)
                if (a != b) net.say(a, b, 0);
        net.log.seen.clear();
        return net.run().seen;
    };
    auto const seen = everybody();
    CHECK(seen.size() == 4);
    for (auto const& one : seen) CHECK(one.who % 2 == one.from % 2);
    net.heal();
    CHECK(everybody().size() == 12);
}

TEST_CASE("loopback: a slow peer is late by so much, the others are not") {
    swarm net(3, quick);
    net.slow(id(0), 5us);
    net.say(0, 1, 1);
    net.say(2, 1, 2);
    net.say(1, 0, 3);
    net.run();
    std::vector<event> const wanted{
        {what::frame, 1, 2, 2, 1us}, {what::frame, 0, 1, 3, 1us}, {what::frame, 1, 0, 1, 6us}};
    CHECK(net.log.seen == wanted);
}

TEST_CASE("loopback: nothing comes from a stopped peer or to it, nor from its life before") {
    swarm net(2, quick);
    net.say(0, 1, 1); // both are under way when 0 stops
    net.say(1, 0, 2);
    net.wake_at(id(0), at(5us));
    net.stop(id(0));
    CHECK(!net.runs(id(0)));
    net.say(0, 1, 3);
    net.say(1, 0, 4);
    net.wake_at(id(0), at(6us));
    net.start(id(0));
    net.say(0, 1, 5);
    net.say(1, 0, 6);
    net.wake_at(id(0), at(7us));
    net.run();
    std::vector<event> const wanted{
        {what::frame, 1, 0, 5, 1us}, {what::frame, 0, 1, 6, 1us}, {what::timer, 0, 0, 0, 7us}};
    CHECK(net.log.seen == wanted);
    CHECK(net.traffic_of(id(0)) == loopback_traffic{.sent = 2, .received = 1, .lost = 1});
    CHECK(net.traffic_of(id(1)) == loopback_traffic{.sent = 3, .received = 1, .lost = 2});
}

TEST_CASE("loopback: the others hear once of each stop, but not over a cut") {
    loopback_options options = quick;
    options.notices = true;
    swarm net(4, options);
    net.cut(id(0), id(3));
    net.stop(id(1)); // does not run, so hears nothing
    net.stop(id(0));
    net.stop(id(0));
    net.say(2, 0, 1); // and this adds nothing
    net.run();
    std::vector<event> const wanted{
        {what::lost, 2, 1, 0, 1us}, {what::lost, 3, 1, 0, 1us}, {what::lost, 2, 0, 0, 1us}};
    CHECK(net.log.seen.size() == 3);
    for (auto const& one : wanted)
        CHECK(std::find(net.log.seen.begin(), net.log.seen.end(), one) != net.log.seen.end());

    net.log.seen.clear();
    net.start(id(1)); // knows nothing of 0, and hears of it when it posts
    CHECK(net.run().seen.empty());
    net.say(1, 0, 2);
    net.say(1, 0, 3);
    CHECK(net.run().seen == std::vector<event>{{what::lost, 1, 0, 0, 2us}});

    net.log.seen.clear();
    net.start(id(0));
    net.stop(id(0));
    CHECK(net.run().seen.size() == 2);
}

TEST_CASE("loopback: a handler without on_lost is asked for nothing") {
    struct deaf {
        int frames = 0;
        void on_frame(endpoint_id, endpoint_id, std::shared_ptr<int const>, time_point) { ++frames; }
        void on_timer(endpoint_id, time_point) {}
    } handler;
    swarm net(3);
    net.say(1, 2, 1);
    net.stop(id(0));
    while (net.run_next(handler)) {
    }
    CHECK(handler.frames == 1);
}

TEST_CASE("loopback: a timer is replaced by an earlier and by a later one, and rings once") {
    auto const rings = [](std::vector<std::chrono::nanoseconds> const& set) {
        swarm net(1);
        for (auto const when : set) net.wake_at(id(0), at(when));
        std::vector<std::chrono::nanoseconds> all;
        for (auto const& one : net.run().seen) all.push_back(one.when);
        return all;
    };
    using times = std::vector<std::chrono::nanoseconds>;
    CHECK(rings({5us}) == times{5us});
    CHECK(rings({5us, 9us}) == times{9us});
    CHECK(rings({5us, 2us}) == times{2us});
    CHECK(rings({5us, 2us, 9us}) == times{9us});
    CHECK(rings({5us, 2us, 9us, 2us, 5us}) == times{5us});
    CHECK(rings({5us, 5us}) == times{5us});
    CHECK(rings({5us, time_point::max().time_since_epoch()}) == times{});
}

TEST_CASE("loopback: timers do what a plain list of them does") {
    random_stream draw({3, 0});
    swarm net(3, quick);
    std::map<std::size_t, std::pair<std::chrono::nanoseconds, int>> plain; // who, (when, set as which)
    int set = 0;
    for (int k = 0; k < 3'000; ++k) {
        if (draw.below(3) != 0 || plain.empty()) {
            std::size_t const who = draw.below(3);
            auto const when = net.now().time_since_epoch() + std::chrono::nanoseconds(draw.below(8));
            net.wake_at(id(who), at(when));
            ++set;
            if (!plain.contains(who) || plain[who].first != when) plain[who] = {when, set};
        } else {
            auto first = plain.begin();
            for (auto one = plain.begin(); one != plain.end(); ++one)
                if (one->second < first->second) first = one;
            REQUIRE(net.run_next(net.log));
            REQUIRE(net.log.seen.back() == event{what::timer, first->first, 0, 0, first->second.first});
            plain.erase(first);
        }
    }
}

TEST_CASE("loopback: a moment that has passed means now") {
    swarm net(1);
    net.run_until(at(7us), net.log);
    CHECK(net.now() == at(7us));
    net.wake_at(id(0), at(3us));
    CHECK(net.run().seen == std::vector<event>{{what::timer, 0, 0, 0, 7us}});
    CHECK(net.now() == at(7us));
}

TEST_CASE("loopback: run_until takes what happens up to that moment, and no more") {
    swarm net(2, quick);
    net.say(0, 1, 1);
    net.wake_at(id(0), at(2us));
    CHECK(net.run_until(at(999ns), net.log) == 0);
    CHECK(net.now() == at(999ns));
    CHECK(net.run_until(at(1us), net.log) == 1);
    CHECK(net.run_until(at(9us), net.log) == 1);
    CHECK(net.now() == at(9us));
}

TEST_CASE("loopback: handlers may post, sleep, stop others and add endpoints; then the queue empties") {
    struct player {
        swarm& net;
        int frames = 0, timers = 0;

        void on_frame(endpoint_id to, endpoint_id from, std::shared_ptr<int const> frame, time_point now) {
            ++frames;
            if (*frame == 0) return;
            net.say(std::size_t(to), std::size_t(from), *frame - 1);
            net.wake_at(to, now + 1ms);
            if (*frame == 50) net.say(std::size_t(to), std::size_t(net.add(key(net.size()))), 0);
            if (*frame == 20) net.stop(from);
        }
        void on_timer(endpoint_id, time_point) { ++timers; }
    };
    swarm net(2, quick);
    player handler{net};
    net.say(0, 1, 100);
    while (net.run_next(handler)) {
    }
    CHECK(handler.frames == 82); // 100, ..., 20, and one to the newcomer
    CHECK(handler.timers == 1);  // the other one has stopped
    CHECK(!net.run_next(handler));
}

TEST_CASE("loopback: frames are shared, not copied, and freed when they have arrived") {
    swarm net(3, quick);
    std::weak_ptr<int const> seen;
    {
        auto const frame = std::make_shared<int const>(1);
        seen = frame;
        for (std::size_t const to : {1u, 2u}) net.post(id(0), id(to), frame);
        CHECK(frame.use_count() == 3);
    }
    net.run();
    CHECK(seen.expired());
}

TEST_CASE("loopback: bytes are counted, and each frame is measured once") {
    static int measured;
    measured = 0;
    loopback<std::vector<char>> net({},
                                    [](std::vector<char> const& frame) { return ++measured, frame.size(); });
    for (std::size_t k = 0; k < 3; ++k) net.add(key(k));
    auto const frame = std::make_shared<std::vector<char> const>(100);
    for (std::size_t const to : {1u, 2u}) net.post(id(0), id(to), frame);
    net.post(id(1), id(0), std::make_shared<std::vector<char> const>(7));
    struct {
        void on_frame(endpoint_id, endpoint_id, std::shared_ptr<std::vector<char> const>, time_point) {}
        void on_timer(endpoint_id, time_point) {}
    } handler;
    while (net.run_next(handler)) {
    }
    CHECK(measured == 2);
    CHECK(net.traffic_of(id(0)) ==
          loopback_traffic{.sent = 2, .sent_bytes = 200, .received = 1, .received_bytes = 7});
    CHECK(net.traffic_of(id(1)) ==
          loopback_traffic{.sent = 1, .sent_bytes = 7, .received = 1, .received_bytes = 100});
}

TEST_CASE("loopback: a port posts for its endpoint, to keys and to numbers") {
    swarm net(3, quick);
    auto port = net.port_of(net.find(key(1)));
    port.post(key(2), std::make_shared<int const>(1));
    port.post(id(0), std::make_shared<int const>(2));
    port.wake_at(at(9us));
    net.run();
    std::vector<event> const wanted{
        {what::frame, 2, 1, 1, 1us}, {what::frame, 0, 1, 2, 1us}, {what::timer, 1, 0, 0, 9us}};
    CHECK(net.log.seen == wanted);
    CHECK(net.key_of(port.self()) == key(1));
}

TEST_CASE("loopback: mistakes are named") {
    swarm net(2);
    CHECK_THROWS_WITH_AS(net.add(key(1)), "loopback: this key was added before, as endpoint 1",
                         contract_violation);
    CHECK_THROWS_WITH_AS((void)net.find(key(9)), "loopback: none of the 2 endpoints has this key",
                         contract_violation);
    CHECK_THROWS_WITH_AS(net.say(0, 2, 1), "loopback: there are 2 endpoints, and no 2", contract_violation);
    CHECK_THROWS_WITH_AS(net.post(id(0), id(1), nullptr), "loopback: a null pointer is no frame",
                         contract_violation);
    CHECK_THROWS_AS(net.slow(id(0), -1ns), contract_violation);
    CHECK_THROWS_WITH_AS(swarm(1, {.loss = 1.5}), "loopback: a loss of 1.5; it is a probability",
                         contract_violation);
    CHECK_THROWS_AS(swarm(1, {.least_delay = 2, .most_delay = 1}), contract_violation);
}

TEST_CASE("loopback_options: are read as they are written") {
    loopback_options const options{.seed = 3, .least_delay = 5, .in_order = false, .loss = 0.25};
    CHECK(to_text(options) ==
          "loopback{.seed = 3, .least_delay = 5, .most_delay = 10000000, .in_order = false, "
          ".loss = 0.25, .notices = true}");
    CHECK(parse<loopback_options>(to_text(options)) == options);
}
