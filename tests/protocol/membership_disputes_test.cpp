// SPDX-License-Identifier: Apache-2.0
// Members that complain about each other.
#include "run_of.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace membership_test {

TEST_CASE("membership: more quarrels than there can be liars remove with a strike, the others stay") {
    run_of m(6, rules(1));
    auto const complain = [&](peer_id owner, peer_id sender) {
        for (int k = 0; k < 4; ++k) { // c = 3
            if (k > 0) CHECK(m.end().empty());
            m.of.complained(std::vector{missing_row{owner, sender, part_id{}}});
        }
    };
    complain(p1, p2);
    CHECK(m.of.in_dispute(key_of(1), key_of(2)));
    CHECK(m.of.in_dispute(key_of(2), key_of(1)));
    CHECK(m.of.context().disputes.empty()); // this step has begun without it
    CHECK(m.end().empty());                 // one each: at most f
    CHECK(m.of.context().disputes == std::vector{dispute{p1, p2}});
    complain(p1, p3);
    CHECK(m.end() == std::vector{act::removed{7, key_of(1), offence::quarrels}});
    CHECK(m.numbers() == std::vector<std::size_t>{0, 2, 3, 4, 5});
    CHECK(m.of.context().disputes.empty()); // it has paid for them
}

TEST_CASE("membership: a step counts once between two members, however many rows are missing") {
    run_of m(6, rules(1));
    std::vector<missing_row> many;
    for (std::uint32_t part = 0; part < 6; ++part)
        for (peer_id const owner : {p0, p1, p4}) many.push_back({owner, p3, part_id{part}});
    for (int k = 0; k < 3; ++k) {
        m.of.complained(many);
        CHECK(m.end().empty());
        CHECK(m.of.context().disputes.empty());
    }
    m.of.complained(many);
    CHECK(m.end() == std::vector{act::removed{3, key_of(3), offence::quarrels}});
}

TEST_CASE("membership: a dispute that comes from detours strikes nobody that is in dispute with f others, a second "
          "one does") {
    run_of m(8, rules(2));
    auto const complain = [&](peer_id sender, bool by_detour) {
        for (int k = 0; k < 4; ++k) {
            m.of.complained(std::vector{missing_row{p1, sender, part_id{}, by_detour && k == 3}});
            if (k < 3) CHECK(m.end().empty());
        }
    };
    for (peer_id const liar : {p2, p3}) {
        complain(liar, false);
        CHECK(m.end().empty()); // f of them
    }
    complain(p4, true);
    CHECK(m.end().empty());
    CHECK(m.of.context().disputes.size() == 3);
    complain(p0, true);
    CHECK(m.end() == std::vector{act::removed{15, key_of(1), offence::quarrels}});
}

TEST_CASE("membership: a step begins with the disputes of its members, under their numbers in it, as long as they "
          "last") {
    run_of m(6, rules(2));
    for (int k = 0; k < 4; ++k) {
        if (k > 0) m.end();
        m.of.complained(std::vector{missing_row{p4, p2, part_id{}}});
    }
    m.of.against(offences{{p1, offence::leave}});
    m.end();
    CHECK(m.of.context().disputes == std::vector{dispute{p1, p3}}); // one has gone before them
    m.of.against(offences{{p1, offence::leave}});
    m.end();
    CHECK(m.of.context().disputes.empty());
    m.steps(30);
    m.end({m.join_of(2)});
    CHECK(m.of.context().disputes == std::vector{dispute{m.at(4), m.at(2)}});
    m.steps(1'002 - m.of.step());
    CHECK(m.of.context().disputes.size() == 1);
    m.end();
    CHECK(m.of.context().disputes.empty());
}

TEST_CASE("membership: who was struck for its quarrels comes back without them, and is not struck for them again "
          "unless it goes on") {
    run_of m(6, rules(1));
    std::vector const both{missing_row{p1, p2, part_id{}}, missing_row{p1, p3, part_id{}}};
    for (int k = 0; k < 4; ++k) {
        REQUIRE(m.all.empty());
        m.of.complained(both);
        m.end();
    }
    REQUIRE(m.all == std::vector{act::removed{3, key_of(1), offence::quarrels}});
    m.steps(5);
    m.end({m.join_of(1)});
    REQUIRE(m.is_member(1));
    CHECK(!m.of.in_dispute(key_of(1), key_of(2)));
    m.steps(20); // the disputes would have lasted a thousand
    CHECK(m.is_member(1));
    CHECK(m.is_member(2)); // one quarrel each: at most f
    CHECK(m.is_member(3));
    peer_id const it = m.at(1), one = m.at(2), other = m.at(3);
    m.of.complained(std::vector{missing_row{it, one, part_id{}}});
    m.end();
    CHECK(m.of.context().disputes.size() == 1); // the first complaint is one too many
    CHECK(m.is_member(1));
    m.of.complained(std::vector{missing_row{it, other, part_id{}}});
    m.end();
    CHECK(!m.is_member(1));
    CHECK(m.of.standing().is_struck(key_of(1)));
}

} // namespace membership_test
