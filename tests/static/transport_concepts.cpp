// tests/static/transport_concepts.cpp: what carries frames, and what does not.
// SPDX-License-Identifier: Apache-2.0
#include <btard/transport/loopback.hpp>

#include <cstddef>
#include <memory>
#include <vector>

using namespace btard;

struct carries_bytes {
    void post(public_key const&, std::vector<std::byte>);
    void wake_at(time_point);
};
static_assert(transport<carries_bytes>);
static_assert(!transport<carries_bytes, std::shared_ptr<int const>>);
static_assert(!transport<loopback<int>::port>);                       // of messages, not of bytes
static_assert(!transport<loopback<int>, std::shared_ptr<int const>>); // of all endpoints, not of one

struct has_no_timer {
    void post(public_key const&, std::vector<std::byte>);
};
static_assert(!transport<has_no_timer>);

struct hears_all {
    void on_frame(endpoint_id, endpoint_id, std::shared_ptr<int const>, time_point);
    void on_timer(endpoint_id, time_point);
};
static_assert(loopback_handler<hears_all, int>);
static_assert(!loopback_handler<hears_all, double>);
struct never_wakes {
    void on_frame(endpoint_id, endpoint_id, std::shared_ptr<int const>, time_point);
};
static_assert(!loopback_handler<never_wakes, int>);
