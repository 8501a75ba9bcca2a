// SPDX-License-Identifier: Apache-2.0
#include "broadcast_exhaustive.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <optional>

using namespace log_test;

namespace {

template <broadcast_rules rules = broadcast_rules{}>
explorer<rules> explore(std::size_t n, std::size_t f, bool whole, bool early_relays,
                        std::optional<std::size_t> left_out = {}) {
    explorer<rules> all{.n = n,
                        .f = f,
                        .injections = n < 5 ? 2u : 1u,
                        .whole = whole,
                        .early_relays = early_relays,
                        .left_out = left_out};
    all.run();
    MESSAGE(concat("n = ", n, ", f = ", f, whole ? ", whole" : ", reduced", left_out ? ", one left out" : "",
                   early_relays ? ", early relays: " : ": ", all.states, " states, ", all.leaves, " ends"));
    return all;
}

template <class E>
void holds_in(E const& all) {
    INFO("first bad path: ", all.first_bad);
    CHECK(all.bad == 0);
    CHECK(all.open == 0);
    CHECK(all.leaves > 20);
}

/// The smallest roster in which it shows.
template <broadcast_rules rules>
bool caught() {
    return explore<rules>(3, 1, true, true).bad > 0 || explore<rules>(4, 1, true, false).bad > 0 ||
           explore<rules>(5, 2, true, false).bad > 0;
}

} // namespace

TEST_CASE("broadcast: whatever one or two liars among 3, 4 or 5 send, the honest logs are equal and hold all "
          "honest") {
    holds_in(explore(3, 1, true, true));
    holds_in(explore(4, 1, true, true));
    holds_in(explore(5, 2, true, false));
    holds_in(explore(5, 2, false, true));
}

TEST_CASE("broadcast: the same with one member left out from the start, a liar or an honest one") {
    CHECK(explore(4, 1, true, true, 0).bad == 0); // its bodies change nothing: few runs
    holds_in(explore(4, 1, false, true, 3));
}

TEST_CASE("broadcast: the same, whole, and among six, two of which lie" * doctest::test_suite("slow") * doctest::skip()) {
    holds_in(explore(4, 1, true, true, 3));
    holds_in(explore(6, 2, false, true, 1));
    holds_in(explore(6, 2, false, true, 5));
}

TEST_CASE("broadcast: whatever three liars among 7 send, the honest logs are equal and hold all honest" *
          doctest::test_suite("slow") * doctest::skip()) {
    holds_in(explore(7, 3, false, true));
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

TEST_CASE("broadcast: certificates of liars and members without a slot are found out") {
    CHECK(explore<broadcast_rules{.only_slots_vote = false}>(4, 1, true, true, 3).bad > 0);
}
