// SPDX-License-Identifier: Apache-2.0
#include "run_of.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace membership_test {

TEST_CASE("membership: a step in which nothing happens changes neither roster nor epoch") {
    run_of m(5);
    auto const then = m.of.members();
    CHECK(m.of.context().before == genesis_value(run));
    CHECK(m.of.context().idle.empty());
    CHECK(m.end().empty());
    CHECK(m.of.members() == then);
    CHECK(m.of.context().epoch == 0);
    CHECK(m.of.step() == 1);
    CHECK(m.of.context().idle.size() == 1);
    CHECK(m.of.context().before != genesis_value(run));
}

TEST_CASE("membership: every offence removes with the end of the step, and those from equivocation on are for good") {
    for (std::size_t k = 0; k < enum_count(offence{}); ++k) {
        auto const what = offence(k);
        INFO(enum_names(what)[k]);
        run_of m(5);
        m.of.against(offences{{p2, what}});
        CHECK(m.is_member(2)); // until the step is over
        CHECK(m.end() == std::vector{act::removed{0, key_of(2), what}});
        CHECK(m.numbers() == std::vector<std::size_t>{0, 1, 3, 4});
        CHECK(m.of.context().epoch == 1);
        CHECK(m.of.banned().contains(key_of(2)) == is_ban(what));
        CHECK(m.of.faults() == (is_ban(what) ? 0 : 1));
        m.steps(200);
        CHECK(m.of.may_return(key_of(2)) == !is_ban(what));
        m.end({m.join_of(2)});
        CHECK(m.is_member(2) == !is_ban(what));
    }
}

TEST_CASE("membership: who was absent comes back after its wait, and not a step before") {
    run_of m(5);
    m.of.against(offences{{p1, offence::absence}});
    m.end();
    std::size_t back = 0;
    for (std::uint64_t step = 1; back == 0; ++step) {
        REQUIRE(m.of.step() == step);
        CHECK(m.of.may_return(key_of(1)) == (step + 1 >= 5));
        m.end({m.join_of(1)});
        if (m.is_member(1)) back = m.of.step();
    }
    CHECK(back == 5);
    CHECK(m.numbers() == std::vector<std::size_t>{0, 2, 3, 4, 1}); // the others keep their order
    CHECK(m.of.context().epoch == 2);
    CHECK(m.of.context().roster.back() == member(1, 1));
    CHECK(!m.of.may_return(key_of(1))); // it is there

    m.of.against(offences{{m.at(1), offence::absence}}); // again: twice as long
    m.end({});
    for (std::uint64_t step = 6; step < 5 + 10 - 1; ++step) m.end({m.join_of(1, 2)});
    CHECK(!m.is_member(1));
    m.end({m.join_of(1, 2)});
    CHECK(m.is_member(1));
}

TEST_CASE("membership: who leaves in good order may come back after the first wait") {
    run_of m(5);
    agreed_log<wire::commit> log(5, said(wire::commit{}));
    log[3].body.leaves = true;
    m.of.read(signer_of(0), log);
    CHECK(m.end() == std::vector{act::removed{0, key_of(3), offence::leave}});
    CHECK(!m.of.may_return(key_of(3)));
    m.steps(5);
    CHECK(m.of.may_return(key_of(3)));
    m.end({m.join_of(3)});
    CHECK(m.numbers() == std::vector<std::size_t>{0, 1, 2, 4, 3});
}

TEST_CASE("membership: the second strike is final, the first one costs a wait") {
    run_of m(5);
    m.of.against(offences{{p1, offence::no_part}});
    m.end();
    CHECK(!m.of.may_return(key_of(1)));
    m.steps(5);
    CHECK(m.of.may_return(key_of(1)));
    m.end({m.join_of(1)});
    REQUIRE(m.is_member(1));
    m.of.against(offences{{m.at(1), offence::points}});
    m.end();
    m.steps(500);
    CHECK(!m.of.may_return(key_of(1)));
    CHECK(!m.of.banned().contains(key_of(1)));
    m.end({m.join_of(1, 2)});
    CHECK(!m.is_member(1));
}

TEST_CASE("membership: several reasons in one step are one strike, and one wait") {
    run_of m(5);
    m.of.against(offences{
        {p1, offence::no_part}, {p1, offence::points}, {p1, offence::quarrels}, {p1, offence::absence}});
    CHECK(m.end().size() == 4);
    m.steps(3);
    CHECK(m.of.step() == 4);
    CHECK(m.of.may_return(key_of(1)));
    m.end({m.join_of(1)});
    CHECK(m.is_member(1));
}

TEST_CASE("membership: an offence of somebody that is no member any more bans it all the same") {
    run_of m(5);
    m.of.against(offences{{p1, offence::leave}});
    m.end();
    m.of.against(key_of(1), offence::equivocation); // found in what was said of its last broadcast
    CHECK(m.end() == std::vector{act::removed{1, key_of(1), offence::equivocation}});
    CHECK(!m.of.may_return(key_of(1)));
    m.of.against(key_of(1), offence::equivocation); // once is enough
    m.of.against(key_of(20), offence::equivocation); // who never was one is nobody
    m.of.against(key_of(1), offence::points);
    CHECK(m.end().empty());
    CHECK(m.of.context().epoch == 1);
}

TEST_CASE("membership: leaving in good order costs a wait that doubles, with an absence in the same step one wait") {
    run_of m(5);
    std::uint64_t life = 0;
    for (std::size_t const wait : {5, 10, 20}) {
        m.of.against(offences{{m.at(1), offence::leave}});
        m.end();
        m.steps(wait - 3);
        CHECK(!m.of.may_return(key_of(1)));
        m.end();
        CHECK(m.of.may_return(key_of(1)));
        m.end({m.join_of(1, ++life)});
        REQUIRE(m.is_member(1));
    }
    m.of.against(
        offences{{m.at(1), offence::absence}, {m.at(1), offence::leave}}); // it left before the step was over
    m.end();
    m.steps(37);
    CHECK(!m.of.may_return(key_of(1)));
    m.end();
    CHECK(m.of.may_return(key_of(1))); // the fourth wait
}

TEST_CASE("membership: a spent budget of points removes with a strike") {
    run_of m(5, rules(1));
    m.of.charge(p3, 2 * point); // f + 1
    CHECK(m.end().empty());
    m.of.charge(p3);
    CHECK(m.end() == std::vector{act::removed{1, key_of(3), offence::points}});
}

TEST_CASE("membership: contests are paid by keys, not by places") {
    run_of m(5, rules(1));
    auto const then = m.of.members();
    m.of.against(offences{{p0, offence::leave}});
    m.end(); // who was 3 is 2 now
    contest_verdict verdict;
    for (int k = 0; k < 3; ++k) verdict.charges.push_back({p3, p3, point});
    verdict.charges.push_back({p0, p0, 10 * point}); // no member any more: no matter
    m.of.contested(verdict, *then);
    CHECK(m.end() == std::vector{act::removed{1, key_of(3), offence::points}});

    equivocation proof;
    proof.member = p4;
    m.of.contested({{}, {proof}}, *then);
    CHECK(m.end() == std::vector{act::removed{2, key_of(4), offence::equivocation}});
    CHECK(m.of.banned().contains(key_of(4)));
}

TEST_CASE("membership: of one sender's slots others pay no more than a point in a window") {
    run_of m(5, rules(1));
    contest_verdict verdict;
    for (int k = 0; k < 20; ++k) verdict.charges.push_back({p3, p1, point});
    m.of.contested(verdict, *m.of.members());
    CHECK(m.of.standing().points_of(key_of(3), 0) == point);
    CHECK(m.end().empty());
}

TEST_CASE("membership: bans lower f, and a majority is always left") {
    run_of m(9, rules(3));
    CHECK(m.of.faults() == 3);
    m.of.against(offences{{p0, offence::malformed}});
    m.end();
    CHECK(m.of.faults() == 2);
    m.of.against(offences{
        {p0, offence::absence}, {p1, offence::absence}, {p2, offence::absence}, {p3, offence::absence}});
    m.end();
    CHECK(m.of.members()->size() == 4);
    CHECK(m.of.faults() == 1);
}

TEST_CASE("membership: idle are the validators of the step before, under their new numbers, as far as they "
          "are left") {
    for (std::size_t removed = 0; removed < 7; ++removed) {
        run_of m(7, rules(2, 2));
        auto const pairs = worked(m.of.context(), 2);
        m.of.against(offences{{peer_id(removed), offence::leave}});
        std::vector<public_key> expected;
        for (auto const& pair : pairs.pairs())
            if (pair.validator != peer_id(removed)) expected.push_back(key_of(std::size_t(pair.validator)));
        m.end();
        std::vector<public_key> idle;
        for (peer_id const who : m.of.context().idle) idle.push_back(m.of.members()->key(who));
        std::ranges::sort(expected);
        CHECK(std::ranges::is_sorted(m.of.context().idle));
        std::ranges::sort(idle);
        CHECK(idle == expected);
    }
}

TEST_CASE("membership: the order in which things are found changes nothing") {
    offences some{{p1, offence::absence},
                  {p3, offence::malformed},
                  {p1, offence::no_part},
                  {p4, offence::leave},
                  {p3, offence::slander}};
    std::ranges::sort(some);
    std::optional<std::vector<act::removed>> expected;
    std::optional<step_context> after;
    do {
        run_of m(7, rules(2));
        for (auto const& one : some) m.of.against(offences{one});
        m.of.against(some); // and that it is found twice
        auto const removed = m.end();
        if (!expected) expected = removed, after = m.of.context();
        CHECK(removed == *expected);
        CHECK(m.of.context() == *after);
    } while (std::ranges::next_permutation(some).found);
    CHECK(expected->size() == 5);
}

TEST_CASE("membership: who is found guilty and wants to come back in the same step does not") {
    run_of m(5);
    m.of.against(offences{{p1, offence::leave}});
    m.end();
    m.of.against(key_of(1), offence::wrong_gradient);
    m.end({m.join_of(1)});
    CHECK(!m.is_member(1));
    CHECK(m.of.banned().contains(key_of(1)));
}

} // namespace membership_test
