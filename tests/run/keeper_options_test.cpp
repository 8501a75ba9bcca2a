// SPDX-License-Identifier: Apache-2.0
#include "small_run.hpp"

#include <btard/run/keeper_options.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <set>

using namespace btard;

namespace {

/// Of a run whose only member is key 1; 2 was one, 3 is banned, 4 struck; the others are welcome.
struct some_membership {
    struct standings {
        [[nodiscard]] bool is_struck(public_key const& key) const { return key == key_of(4); }
    };
    step_context now = {.roster = {{key_of(1), {}}}};
    std::set<public_key> out = {key_of(3)};

    [[nodiscard]] step_context const& context() const { return now; }
    [[nodiscard]] std::set<public_key> const& banned() const { return out; }
    [[nodiscard]] standings standing() const { return {}; }
    [[nodiscard]] bool was_member(public_key const& key) const { return key == key_of(2); }
    [[nodiscard]] bool may_be_told(public_key const& key) const { return key != key_of(3) && key != key_of(4); }
};

} // namespace

TEST_CASE("a follower is known by what it has been, not by what it says, and who was banned follows nobody") {
    some_membership const now;
    auto const kind = [&](std::size_t who, bool named, bool claims) {
        return kind_of_follower(now, key_of(who), named, claims);
    };
    CHECK(kind(1, false, false) == follower_kind::known);
    CHECK(kind(2, false, true) == follower_kind::known);
    for (bool const named : {false, true})
        for (bool const claims : {false, true}) CHECK(!kind(3, named, claims));
    CHECK(!kind(4, false, true));
    CHECK(kind(5, false, false) == follower_kind::stranger);
    CHECK(kind(5, false, true) == follower_kind::coordinator);
    CHECK(kind(5, true, true) == follower_kind::known);
}
