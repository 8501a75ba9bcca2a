// SPDX-License-Identifier: Apache-2.0
#include "judged_step.hpp"

#include <btard/protocol/step/vote_count.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <vector>

namespace judgement_tests {

TEST_CASE("vote count: a piece is held if more than half of those hold it who are there and say what fits") {
    wire::open one{member_set(3)};
    one.rows.fill();
    agreed_log<wire::open> log(n, said(one));
    log[0] = {};                          // says nothing
    log[1].body.rows = member_set(4);     // of other rows
    log[2].body.rows.erase(1);            // so three are left
    log[2].body.rows.erase(2), log[3].body.rows.erase(2);
    CHECK(held_by_most(log, 3) == std::vector{true, true, false});
    log[1] = said(one);
    log[1].body.rows.erase(1); // two of four
    CHECK(held_by_most(log, 3) == std::vector{true, false, false});
    CHECK(held_by_most(agreed_log<wire::open>(n), 3) == std::vector{false, false, false}); // nobody is there
}

} // namespace judgement_tests
