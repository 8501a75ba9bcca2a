// tests/docs/transport_snippets_test.cpp: the examples of docs/reference/transport.md, each a region.
// SPDX-License-Identifier: Apache-2.0
#include <btard/transport/loopback.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

using namespace btard;

namespace {
std::vector<public_key> some_keys(std::size_t n) {
    std::vector<public_key> keys(n);
    for (std::size_t k = 0; k < n; ++k) keys[k].bytes[0] = std::byte(k);
    return keys;
}

// [handler]
struct greeters {
    loopback<std::string>& net;
    std::size_t greetings = 0, late = 0;

    void on_frame(endpoint_id to, endpoint_id from, std::shared_ptr<std::string const> frame,
                  time_point now) {
        ++greetings;
        if (*frame == "hello") net.post(to, from, std::make_shared<std::string const>("hello to you"));
        net.wake_at(to, now + std::chrono::seconds(1)); // in place of the timer that it had
    }
    void on_timer(endpoint_id, time_point) { ++late; }
};
// [handler]
} // namespace

TEST_CASE("transport.md: a swarm in one process") {
    std::vector<public_key> const keys = some_keys(3);
    // [run]
    loopback<std::string> net({.seed = 1, .loss = 0.01});
    for (public_key const& key : keys) net.add(key);
    endpoint_id const first = net.find(keys[0]);

    auto const hello = std::make_shared<std::string const>("hello");
    net.port_of(first).post(keys[1], hello); // for code that knows one endpoint and the keys of the others
    net.post(first, net.find(keys[2]), hello);

    greeters all{net};
    while (net.run_next(all)) {
    }
    // [run]
    CHECK(all.greetings == 4);
    CHECK(all.late == 3);
}

TEST_CASE("transport.md: what befalls a network") {
    std::vector<public_key> const keys = some_keys(4);
    loopback<std::string> net;
    for (public_key const& key : keys) net.add(key);
    endpoint_id const a{0}, b{1}, c{2};
    std::vector const group{a, b};
    greeters all{net};
    // [befall]
    net.cut(a, b);                        // from a to b; what is posted now is lost
    net.cut(b, a, at_cut::held);          // this way, it waits until the link is healed
    net.slow(c, std::chrono::seconds(2)); // all that c sends
    net.stop(c);                          // a crash
    net.run_until(net.now() + std::chrono::seconds(5), all);
    net.start(c);                       // again, with neither messages nor a timer
    net.heal(a, b);                     // this link
    net.partition(group, at_cut::held); // a and b hear each other, and nobody else
    net.heal();                         // all links
    // [befall]
    CHECK(net.runs(c));
}
