// SPDX-License-Identifier: Apache-2.0
#include "judged_step.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <vector>

namespace judgement_tests {

TEST_CASE("judgement: rows of those who do not testify, or say what no row can lead to, are shown") {
    trial t;
    t.testimonies[1] = {};
    t.testimonies[2].body.parts[4].distance = -1;
    t.testimonies[3].body.parts.pop_back();
    CHECK(t.testify() == found{{p1, offence::absence}, {p2, offence::malformed}, {p3, offence::absence}});
    CHECK(t.judge.shown().size() == 3 * n);
    CHECK(t.judge.said(part_id{0}).size() == 2);
    (void)t.accuse();
    CHECK(t.judge.needs_vote());
    auto votes = t.votes();
    for (std::size_t k = 0; k < 3; ++k) votes[k].body.evidence.erase(0); // row 1 of part 0, which peer 1 owns
    for (std::size_t k = 0; k < 3; ++k) votes[k].body.evidence.erase(4); // row 2 of part 1, whose owner is not there
    votes[2] = {};
    auto const against = t.judge.read(votes, [](std::size_t) { return false; });
    CHECK(against == found{{p2, offence::absence}, {p1, offence::hidden_row}});
    CHECK(!t.judge.seen(0));
    CHECK(t.judge.seen(1));
}

TEST_CASE("judgement: rows that stay closed cost their sender, the owner, and the part") {
    trial t;
    (void)t.testify();
    (void)t.accuse();
    std::vector const opened{part_id{1}, part_id{3}}; // of peers 2 and 4
    REQUIRE(t.judge.rows_of(opened).size() == 2 * n);
    wire::open all{member_set(2 * n)};
    all.rows.fill();
    agreed_log<wire::open> log(n, said(all));
    for (std::size_t k = 0; k < 3; ++k) log[k].body.rows.erase(n + 0); // row 0 of part 3
    CHECK(t.judge.read(log, opened) == found{{p0, offence::hidden_row}, {p4, offence::hidden_row}});
    CHECK(t.judge.stands(part_id{1}));
    CHECK(!t.judge.stands(part_id{3}));
}

TEST_CASE("judgement: an opened part convicts its owner, liars, and an owner that covered them up") {
    trial t;
    (void)t.testify();
    t.accuse_of(p2, p4, wire::charge::testimony, 1, part_id{1});
    t.accusations[0] = {}; // the owner of part 4 is not there to accuse
    (void)t.accuse();
    CHECK(t.judge.convict(part_id{1}, false, std::vector{p4}) == found{{p4, offence::false_testimony}});
    CHECK(t.judge.convict(part_id{1}, false, std::vector{p3}) ==
          found{{p3, offence::false_testimony}, {p2, offence::cover_up}});
    CHECK(t.judge.convict(part_id{4}, false, std::vector{p3}) == found{{p3, offence::false_testimony}});
    CHECK(t.judge.stands(part_id{2}));
    CHECK(t.judge.convict(part_id{2}, true, {}) == found{{p3, offence::wrong_result}});
    CHECK(!t.judge.stands(part_id{2}));
}

TEST_CASE("judgement: a testimony is replaced by what the row says") {
    trial t;
    t.testimonies[1] = {};
    (void)t.testify();
    CHECK(t.judge.said(part_id{2}).size() == n - 1);
    t.judge.correct(part_id{2}, p1, {7, 8});
    REQUIRE(t.judge.said(part_id{2}).size() == n);
    CHECK(t.judge.said(part_id{2})[1].second == testimony{7, 8});
}

} // namespace judgement_tests
