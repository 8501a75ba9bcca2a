// SPDX-License-Identifier: Apache-2.0
#include "broadcast_exhaustive.hpp"

#include <doctest/doctest.h>

#include <cstdio>

using namespace log_test;

namespace {

template <broadcast_rules rules = broadcast_rules{}>
explorer<rules> explore(std::size_t n, std::size_t f, std::size_t injections, bool whole) {
    explorer<rules> all{.n = n, .f = f, .injections = injections, .whole = whole};
    all.run();
    std::printf("n = %zu, f = %zu: %zu states, %zu ends, %zu bad\n", n, f, all.states, all.leaves, all.bad);
    return all;
}

/// The smallest roster in which it shows.
template <broadcast_rules rules>
bool caught() {
    return explore<rules>(3, 1, 2, true).bad > 0 || explore<rules>(4, 1, 2, true).bad > 0 ||
           explore<rules>(5, 2, 1, true).bad > 0;
}

} // namespace

TEST_CASE("broadcast: whatever one or two liars among 3, 4 or 5 send, the honest logs are equal and hold all "
          "honest") {
    for (auto const& [n, f] : {std::pair<std::size_t, std::size_t>{3, 1}, {4, 1}, {5, 2}}) {
        auto const all = explore(n, f, n < 5 ? 2 : 1, true);
        INFO("first bad path: ", all.first_bad);
        CHECK(all.bad == 0);
        CHECK(all.leaves > 20);
    }
}

// Not in the daily loop: it takes minutes.
TEST_CASE("broadcast: whatever three liars among 7 send, the honest logs are equal and hold all honest" *
          doctest::test_suite("slow") * doctest::skip()) {
    auto const all = explore(7, 3, 1, false);
    INFO("first bad path: ", all.first_bad);
    CHECK(all.bad == 0);
    CHECK(all.leaves > 1'000);
}

TEST_CASE("broadcast: a relay of f rounds is found out") {
    CHECK(caught<broadcast_rules{.relay_rounds_beyond_faults = 0}>());
}

TEST_CASE("broadcast: certificates of f signers are found out") {
    CHECK(caught<broadcast_rules{.quorum_of_signers = false}>());
}

TEST_CASE("broadcast: late certificates that nobody countersigned are found out") {
    CHECK(caught<broadcast_rules{.late_certificates_need_relays = false}>());
}

TEST_CASE("broadcast: closing in spite of another digest is found out") {
    CHECK(caught<broadcast_rules{.differing_digest_keeps_open = false}>());
}

TEST_CASE("broadcast: held bodies that stay out of the relay are found out") {
    CHECK(caught<broadcast_rules{.held_bodies_enter_the_relay = false}>());
}

TEST_CASE("broadcast: a relay of the slots alone that a member sees contested is found out") {
    CHECK(caught<broadcast_rules{.relays_any_slot = false}>());
}
