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

TEST_CASE("membership: nobody comes back who is banned, a member, a stranger, or has not asked itself in this run") {
    run_of m(6);
    m.of.against(offences{{p1, offence::leave}, {p2, offence::slander}, {p2, offence::leave}});
    m.end();
    m.steps(5);
    auto const refused = [&](wire::join one) {
        auto const before = m.numbers();
        m.end({one});
        CHECK(m.numbers() == before);
    };
    refused(m.join_of(2));                                    // banned
    refused(m.join_of(3));                                    // a member
    refused(m.join_of(17));                                   // never was one
    refused(ask_to_join(signer_of(4), run, member(1, 1), m.of.step()));  // somebody else asks for it
    refused(ask_to_join(signer_of(1), tagged_hash("another run"), member(1, 1), m.of.step()));
    auto other = m.join_of(1);
    other.who.incarnation[5] = std::byte{1}; // what was signed is another life
    refused(other);
    m.end({m.join_of(2), m.join_of(3), m.join_of(17), other, m.join_of(1)});
    CHECK(m.is_member(1));
    CHECK(m.of.context().roster.size() == 5);
}

TEST_CASE("membership: one that asks in several ways comes back once") {
    run_of m(5);
    m.of.against(offences{{p1, offence::leave}});
    m.end();
    m.steps(5);
    m.end({m.join_of(1, 3), m.join_of(1, 4), m.join_of(1, 3)});
    CHECK(m.numbers() == std::vector<std::size_t>{0, 2, 3, 4, 1});
    CHECK(m.of.context().roster.back() == member(1, 3));
}

TEST_CASE("membership: a life that was a member before is none again: its old wish to join is no new one") {
    run_of m(5);
    m.of.against(offences{{p1, offence::leave}});
    m.end();
    m.steps(5);
    m.end({m.join_of(1, 1)});
    REQUIRE(m.is_member(1));
    m.of.against(offences{{m.at(1), offence::absence}}); // it crashed, and is not there yet
    m.end();
    m.steps(50);
    m.end({m.join_of(1, 1)}); // a liar kept what it had signed
    CHECK(!m.is_member(1));
    m.end({m.join_of(1, 0)}); // the life that the run began with
    CHECK(!m.is_member(1));
    m.end({m.join_of(1, 2)});
    CHECK(m.is_member(1));
}

TEST_CASE("membership: an old wish to come back is none: who kept it cannot make its owner absent once more") {
    run_of m(5);
    m.of.against(offences{{p1, offence::absence}});
    m.end();
    m.steps(5);
    auto const kept = m.join_of(1); // it asked, crashed again, and was never let in
    auto const lasts = m.with.standing.wish_lasts;
    m.steps(lasts);
    CHECK(m.of.is_fresh(kept));
    m.end();
    CHECK(!m.of.is_fresh(kept));
    m.end({kept});
    CHECK(!m.is_member(1));
    CHECK(m.of.may_return(key_of(1))); // it waits for nothing but its own word
    auto forged = kept;
    forged.step = m.of.step();
    m.end({forged}); // the step is signed
    CHECK(!m.is_member(1));
    auto const early = ask_to_join(signer_of(1), run, member(1, 1), m.of.step() + 1);
    m.end({early});
    CHECK(!m.is_member(1));
    m.end({early}); // now it is of this step
    CHECK(m.is_member(1));
}

TEST_CASE("membership: a wish counts as long as the rule says, and not a step longer") {
    for (std::uint64_t const age : {0u, 3u, 4u, 5u, 50u}) {
        run_of m(5);
        m.of.against(offences{{p1, offence::leave}});
        m.end();
        m.steps(5);
        auto const kept = m.join_of(1);
        m.steps(age);
        m.end({kept});
        INFO("age ", age);
        CHECK(m.is_member(1) == (age <= 4));
    }
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
