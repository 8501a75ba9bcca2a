// SPDX-License-Identifier: Apache-2.0
#include "judged_step.hpp"

#include <btard/protocol/membership.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace judgement_tests {

TEST_CASE("judgement: an honest step needs no vote") {
    trial t;
    CHECK(t.testify().empty());
    CHECK(t.judge.said(part_id{3}).size() == n);
    CHECK(t.accuse().empty());
    CHECK(!t.judge.needs_vote());
    for (part_id const part : t.judge.standing()) CHECK(t.judge.stands(part));
}

TEST_CASE("judgement: evidence that most hold convicts the accused, or the accuser; hidden evidence nobody") {
    for (int const outcome : {0, 1, 2}) {
        trial t;
        (void)t.testify();
        t.accuse_of(p2, p4, wire::charge::testimony, 1, part_id{1});
        CHECK(t.accuse().empty());
        REQUIRE(t.judge.needs_vote());
        auto votes = t.votes();
        if (outcome == 2)
            for (std::size_t k = 0; k < 3; ++k) votes[k].body.evidence.erase(0);
        auto const against = t.judge.read(votes, [&](std::size_t) { return outcome == 0; });
        CHECK(against == (outcome == 0   ? found{{p4, offence::false_testimony}}
                          : outcome == 1 ? found{{p2, offence::slander}}
                                         : found{}));
        CHECK(t.judge.verdicts()[0] == (outcome == 0   ? verdict::guilty
                                        : outcome == 1 ? verdict::slander
                                                       : verdict::hidden));
    }
}

TEST_CASE("judgement: of a gradient more than half of those present decide, for guilt as for slander") {
    for (std::size_t guilty = 0; guilty <= 5; ++guilty) {
        for (std::size_t slander = 0; guilty + slander <= 5; ++slander) {
            trial t;
            (void)t.testify();
            auto const [by, target] = t.pair();
            t.accuse_of(by, target, wire::charge::gradient, 0);
            (void)t.accuse();
            auto votes = t.votes();
            for (std::size_t k = 0; k < guilty; ++k) votes[k].body.ballots[0].says = wire::opinion::guilty;
            for (std::size_t k = 0; k < slander; ++k) votes[4 - k].body.ballots[0].says = wire::opinion::slander;
            auto const against = t.judge.read(votes, [](std::size_t) -> bool { throw 0; }); // never asked
            CHECK(against == (guilty >= 3    ? found{{target, offence::wrong_gradient}}
                              : slander >= 3 ? found{{by, offence::slander}}
                                             : found{}));
        }
    }
}

TEST_CASE("judgement: who leaves without a gradient cannot judge one, and lets nobody get away by that; liars alone still "
          "convict nobody") {
    for (std::size_t leave = 0; leave < n; ++leave) {
        for (std::size_t say = 0; leave + say <= n; ++say) {
            for (bool const is_guilty : {true, false}) {
                trial t;
                auto const [by, target] = t.pair();
                std::vector<peer_id> leavers;
                for (std::size_t k = 0; leavers.size() < leave; ++k) leavers.push_back(peer_id(k));
                t.step = worked(1, 1, leavers);
                t.judge = judgement(t.step, &t.before);
                for (peer_id const who : leavers) t.testimonies[std::size_t(who)].body.parts.clear();
                REQUIRE(t.testify().empty());
                t.accuse_of(by, target, wire::charge::gradient, 0);
                REQUIRE(t.accuse().empty());
                auto votes = t.votes();
                auto const says = is_guilty ? wire::opinion::guilty : wire::opinion::slander;
                for (std::size_t k = 0; k < say; ++k) votes[n - 1 - k].body.ballots[0].says = says;
                bool const decided = 2 * say > n || (say > 1 && 2 * say > n - leave); // f = 1
                CHECK(t.judge.read(votes, [](std::size_t) { return false; }) ==
                      (!decided    ? found{}
                       : is_guilty ? found{{target, offence::wrong_gradient}}
                                   : found{{by, offence::slander}}));
            }
        }
    }
}

TEST_CASE("judgement: with a tolerance a gradient that a validator asks for is wrong if most say so, hidden "
          "if the rest lack rows") {
    using enum wire::opinion;
    for (std::size_t guilty = 0; guilty <= n; ++guilty) {
        for (std::size_t lack = 0; guilty + lack <= n;
             ++lack) { // the others have found it right, or had no gradient in time
            for (wire::opinion const rest : {slander, cannot}) {
                asked t;
                auto const [by, target] = t.pair();
                for (std::size_t k = 0; k < n; ++k) {
                    t.cast[k].body.ballots[0].says = k < guilty          ? wire::opinion::guilty
                                                     : k < guilty + lack ? cannot
                                                                         : rest;
                    if (k >= guilty && k < guilty + lack) t.cast[k].body.evidence.erase(1 + k); // each another row
                }
                INFO(guilty, " guilty, ", lack, " lack rows");
                CHECK(t.read() == (guilty >= 3          ? found{{target, offence::wrong_gradient}}
                                   : guilty + lack >= 3 ? found{{target, offence::hidden_row}}
                                                        : found{})); // the validator is not to blame
                bool const nothing = guilty + lack < 3;
                REQUIRE(t.judge.needless().size() == (nothing ? 1 : 0));
                if (nothing) CHECK(t.judge.needless()[0] == std::pair(by, five()[std::size_t(target)].key));
            }
        }
    }
}

TEST_CASE("judgement: who is not there has hidden nothing, and its validator has not asked for nothing") {
    asked t;
    auto const target = std::size_t(t.pair().target);
    t.cast[target] = {};
    for (std::size_t k = 0; k < n; ++k)
        if (k != target) t.cast[k].body.evidence.erase(1);
    CHECK(t.read().empty());
    CHECK(t.judge.needless().empty());
}

TEST_CASE("judgement: whoever asks for nothing, again and again, is in dispute with its target, and then "
          "pays a point each time") {
    membership of(some(1), five(), {.faults = 1, .validators = 1, .tolerance = 1e-3});
    asked t;
    REQUIRE(t.read().empty());
    auto const [by, target] = std::pair(t.pair().validator, five()[std::size_t(t.pair().target)].key);
    public_key const validator = five()[std::size_t(by)].key;
    for (std::uint64_t k = 0; k < 4; ++k) {
        CHECK(!of.in_dispute(validator, target));
        of.asked(t.judge.needless());
        CHECK(of.standing().points_of(validator, 0) == 0);
    }
    CHECK(of.in_dispute(validator, target));
    of.asked(t.judge.needless());
    CHECK(of.standing().points_of(validator, 0) == point);
    CHECK(of.standing().points_of(target, 0) == 0);
}

TEST_CASE("judgement: of a gradient that a validator asks for its sender alone answers, for each row") {
    for (std::size_t row = 0; row < n; ++row) {
        trial t;
        t.judge = judgement(t.step, &t.before, true);
        (void)t.testify();
        auto const [by, target] = t.pair();
        t.accuse_of(by, target, wire::charge::gradient, 0);
        t.accusations[std::size_t(by)].body.accusations[0].evidence = {};
        (void)t.accuse();
        auto votes = t.votes();
        for (std::size_t k = 0; k < n; ++k)
            votes[k].body.ballots[0].says = wire::opinion::slander; // whatever they say
        for (std::size_t k = 0; k < 3; ++k) votes[k].body.evidence.erase(1 + row);
        CHECK(t.judge.read(votes, [](std::size_t) { return false; }) == found{{target, offence::hidden_row}});
        CHECK(!t.judge.has_shown_gradient(target));
    }
}

TEST_CASE("judgement: with a tolerance an accusation of a gradient has evidence, and who shows it to nobody "
          "pays a point") {
    trial t;
    t.judge = judgement(t.step, &t.before, true);
    (void)t.testify();
    auto const [by, target] = t.pair();
    t.accuse_of(by, target, wire::charge::gradient, 0);
    (void)t.accuse();
    CHECK(t.judge.shown().empty());
    auto votes = t.votes();
    for (std::size_t k = 0; k < 3; ++k) votes[k].body.evidence.erase(0);
    CHECK(t.judge.read(votes, [](std::size_t) -> bool { throw 0; }).empty());
    CHECK(t.judge.verdicts()[0] == verdict::hidden);
}

TEST_CASE("judgement: whoever is found guilty of the step before is banned by its key, whatever its number is now") {
    step_record const before = worked(0);
    peer_id const validator = before.pairs()[0].validator, target = before.pairs()[0].target;
    for (bool const target_is_gone : {false, true}) {
        // The next roster begins without the first one of those that need not stay.
        std::vector<log_member> rest = five();
        std::size_t const gone = target_is_gone ? std::size_t(target) : [&] {
            for (std::size_t k = 0;; ++k)
                if (peer_id(k) != validator && peer_id(k) != target) return k;
        }();
        rest.erase(rest.begin() + std::ptrdiff_t(gone));
        step_record const now(1, rest, {}, some(91), {.quota = 1, .validators = 1});
        judgement judge(now, &before);
        auto const number_now = [&](peer_id of) {
            return peer_id(std::size_t(of) - (std::size_t(of) > gone ? 1 : 0));
        };
        agreed_log<wire::testify> const silent(n - 1, said(wire::testify{}));
        REQUIRE(judge.read(silent, [](part_id, testimony const&) { return false; }).empty());
        agreed_log<wire::accuse> accusations(n - 1, said(wire::accuse{}));
        accusations[std::size_t(number_now(validator))].body.accusations = {
            {target, 0, wire::charge::gradient, part_id{}, some(1)}};
        REQUIRE(judge.read(accusations).empty());
        wire::vote one{member_set(1), {{wire::opinion::guilty, 1}}};
        auto const against = judge.read(agreed_log<wire::vote>(n - 1, said(one)), [](std::size_t) { return false; });
        if (target_is_gone) {
            CHECK(against.empty());
            REQUIRE(judge.convicted_gone().size() == 1);
            CHECK(judge.convicted_gone()[0].first == five()[std::size_t(target)].key);
        } else {
            CHECK(against == found{{number_now(target), offence::wrong_gradient}});
            CHECK(judge.convicted_gone().empty());
        }
    }
}

} // namespace judgement_tests
