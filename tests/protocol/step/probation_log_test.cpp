// SPDX-License-Identifier: Apache-2.0
// Keys that never were members: in a run in which everybody else does what it should.
#include "../run_of.hpp"

#include <btard/crypto/text.hpp>
#include <btard/protocol/wishes.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

namespace membership_test {

namespace {

run_rules trying(std::uint64_t share = 2) {
    run_rules made = rules();
    made.probation = {.admits = admission::anybody, .steps = 4, .cleans = 2, .apart = 6, .share = share};
    return made;
}
/// Newcomers have the numbers from 20 on.  Each commits as it should and each validator tells, but for those named.
struct trying_run : run_of {
    /// In the second step: a wish says which step its owner knows of, and 0 says none.
    explicit trying_run(std::size_t n, run_rules r = trying()) : run_of(n, r) { end(); }

    std::set<std::size_t> silent = {};          ///< newcomers that commit to nothing
    bool tells = true;                          ///< the validator says what it found
    std::optional<public_key> only = {};        ///< this one alone says so
    std::vector<wire::trial> more = {};         ///< said in RESULT, too
    wire::opinion found = wire::opinion::slander; ///< of an accusation of whom is checked
    bool accuses = false;

    wire::trial trial_of(std::size_t k, std::uint64_t root = 0, std::uint32_t microbatches = 1) const {
        wire::trial one{member(k, 1), tagged_hash("root", k, root), microbatches, {}};
        one.by = signer_of(k).sign(text_of_trial(hash_of(of.context()), one).bytes);
        return one;
    }
    std::vector<act::removed> end(std::vector<wire::join> const& joins = {}) {
        auto const& in = of.context();
        agreed_log<wire::commit> commits(of.members()->size(), said(wire::commit{}));
        commits.front().body.joins = joins;
        of.read(signer_of(0), commits);
        agreed_log<wire::result> results(of.members()->size(), said(wire::result{}));
        for (auto const& one : in.probation.tried)
            if (auto const k = number(one.who.key); !silent.contains(k))
                results[1].body.trials.push_back(trial_of(k));
        results[2].body.trials = more;
        of.read(signer_of(0), results);
        if (last) before.emplace(*last);
        last.emplace(worked(in, with.validators));
        judgement judge(*last, before ? &*before : nullptr);
        if (auto const& tried = in.probation.checked; tried && (!only || *only == tried->validator)) {
            agreed_log<wire::accuse> log(of.members()->size(), said(wire::accuse{}));
            auto& own = log[std::size_t(of.members()->find(tried->validator).value())].body;
            if (tells && !accuses) own.cleans.push_back({on_trial, in.step - 1});
            if (accuses) own.accusations.push_back({on_trial, in.step - 1, wire::charge::gradient, {}, {}});
            CHECK(judge.read(log).empty());
            if (accuses) {
                agreed_log<wire::vote> votes(log.size(), said(wire::vote{member_set(1), {{found, 0}}}));
                of.against(judge.read(votes, [](std::size_t) { return false; }));
            }
        }
        return of.finish(*last, judge);
    }
    static std::size_t number(public_key const& key) {
        std::size_t k = 0;
        while (key_of(k) != key) ++k;
        return k;
    }
    std::vector<std::size_t> tried() const {
        std::vector<std::size_t> them;
        for (auto const& one : of.context().probation.tried) them.push_back(number(one.who.key));
        return them;
    }
    std::optional<step_record> last, before;
};

} // namespace

TEST_CASE("probation: nobody is tried whom the rules do not let in") {
    auto closed = trying();
    closed.probation.admits = admission::nobody;
    trying_run m(6, closed);
    m.end({m.join_of(20)});
    CHECK(m.tried().empty());
    closed.probation.admits = admission::listed;
    closed.probation.allowed = {to_text(key_of(21))};
    trying_run listed(6, closed);
    listed.end({listed.join_of(20), listed.join_of(21)});
    CHECK(listed.tried() == std::vector<std::size_t>{21});
}

TEST_CASE("probation: T steps and two validators that found nothing: then it is a member, with the next step") {
    trying_run m(6);
    m.end({m.join_of(20)});
    CHECK(m.tried() == std::vector<std::size_t>{20});
    CHECK(m.of.context().epoch == 0); // no member yet
    std::uint64_t steps = 0;
    while (!m.is_member(20) && steps < 50) {
        CHECK(m.of.context().probation.find(key_of(20))->cleans.size() < 6);
        m.end();
        ++steps;
    }
    CHECK(steps >= 4);
    CHECK(m.is_member(20));
    CHECK(m.tried().empty());
    CHECK(m.of.context().roster.back() == member(20, 1));
    CHECK(m.of.context().epoch == 1);
    CHECK(m.of.context().probation.admitted == 1);
    m.steps(3);
    CHECK(m.is_member(20));
}

TEST_CASE("probation: silence of validators counts for nothing, nor do two acquittals by one and the same") {
    trying_run m(6);
    m.tells = false;
    m.end({m.join_of(20)});
    for (int k = 0; k < 60; ++k) m.end();
    CHECK(m.tried() == std::vector<std::size_t>{20});
    m.tells = true;
    m.only = key_of(2);
    for (int k = 0; k < 60; ++k) m.end();
    CHECK(m.of.context().probation.tried.front().cleans == std::vector{key_of(2)});
    m.only.reset();
    for (int k = 0; k < 12 && !m.is_member(20); ++k) m.end();
    CHECK(m.is_member(20));
}

TEST_CASE("probation: an acquittal by a member that is banned since does not count") {
    trying_run m(6);
    m.only = key_of(2);
    m.end({m.join_of(20)});
    for (int k = 0; k < 60; ++k) m.end();
    m.of.against(offences{{p2, offence::slander}});
    m.end();
    CHECK(m.of.context().probation.tried.front().cleans.empty());
}

TEST_CASE("probation: there are as many places as the rules say, drawn among those that ask; who asks late waits") {
    trying_run m(6, trying(2));
    std::vector<wire::join> many;
    for (std::size_t k = 20; k < 36; ++k) many.push_back(m.join_of(k));
    m.end(many);
    auto const first = m.tried();
    CHECK(first.size() == 3);
    m.end(many);
    CHECK(m.tried() == first);
    trying_run little(6, trying(100));
    little.end(many);
    CHECK(little.tried().size() == 1);
}

TEST_CASE("probation: a missed commitment frees the place, and whoever missed it may ask once more, in the "
          "same life") {
    trying_run m(6, trying(6));
    m.end({m.join_of(20)});
    m.end();
    CHECK(m.tried() == std::vector<std::size_t>{20});
    m.silent = {20};
    m.end({m.join_of(21)});
    CHECK(m.tried() == std::vector<std::size_t>{21});
    m.silent = {21};
    m.end();
    CHECK(m.tried().empty());
    m.silent = {};
    m.end({m.join_of(20)});
    CHECK(m.tried() == std::vector<std::size_t>{20});
    CHECK(m.of.context().probation.tried.front().since == m.of.step()); // from the beginning
    CHECK(m.of.context().probation.tried.front().cleans.empty());
}

TEST_CASE("probation: a wish that somebody kept finds no place, nor does one whose owner knows no step yet") {
    trying_run m(6);
    auto const kept = m.join_of(20);
    m.steps(m.with.standing.wish_lasts);
    CHECK(m.of.may_try(kept));
    m.steps(1);
    m.end({kept});
    CHECK(m.tried().empty());
    auto const early = ask_to_join(signer_of(20), run, member(20, 1), m.of.step() + 1);
    m.end({early});
    CHECK(m.tried().empty());
    run_of young(6, trying());
    young.end({young.join_of(20)});
    CHECK(young.of.context().probation.tried.empty()); // it could not commit in the next step
}

TEST_CASE("probation: two commitments that differ are none; the same one carried twice is one") {
    trying_run m(6);
    m.end({m.join_of(20)});
    m.more = {m.trial_of(20)};
    m.end();
    CHECK(m.tried() == std::vector<std::size_t>{20});
    m.more = {m.trial_of(20, 7)};
    m.end();
    CHECK(m.tried().empty());
}

TEST_CASE("probation: what nobody signed, or for another step, and zeros without work, count for nothing, "
          "against nobody") {
    trying_run m(6);
    m.end({m.join_of(20)});
    auto forged = m.trial_of(20, 5);
    forged.root = tagged_hash("what a member makes of it");
    auto old = m.trial_of(20, 3);
    m.more = {forged};
    m.end();
    m.more = {old};
    m.end();
    m.more = {m.trial_of(21)};
    m.end();
    CHECK(m.tried() == std::vector<std::size_t>{20});
    m.silent = {20};
    m.more = {m.trial_of(20, 0, 0)};
    m.end();
    CHECK(m.tried().empty());
}

TEST_CASE("probation: there are so many steps between two admissions, whoever is ready") {
    trying_run m(8, trying(2));
    m.end({m.join_of(20), m.join_of(21), m.join_of(22)});
    std::vector<std::uint64_t> in;
    std::size_t members = 8;
    for (int k = 0; k < 40; ++k) {
        m.end();
        if (m.of.members()->size() > members) in.push_back(m.of.step());
        CHECK(m.of.members()->size() <= members + 1);
        members = m.of.members()->size();
    }
    REQUIRE(in.size() == 3);
    CHECK(in[1] - in[0] >= 6);
    CHECK(in[2] - in[1] >= 6);
}

TEST_CASE("probation: most members find its gradient wrong: it is banned, for good, and f stays what it was") {
    trying_run m(6);
    m.end({m.join_of(20)});
    m.end();
    REQUIRE(m.of.context().probation.checked);
    m.accuses = true;
    m.found = wire::opinion::guilty;
    CHECK(m.end() == std::vector{act::removed{3, key_of(20), offence::wrong_gradient}});
    CHECK(m.tried().empty());
    CHECK(m.of.faults() == 1); // else an attacker could lower it with keys that are no members
    CHECK(!m.of.may_try(m.join_of(20, 5)));
    m.accuses = false;
    m.end({m.join_of(20, 5)});
    CHECK(m.tried().empty());
}

TEST_CASE("probation: a validator that slanders a newcomer is banned, and the newcomer goes on") {
    trying_run m(6);
    m.end({m.join_of(20)});
    m.end();
    auto const liar = m.of.context().probation.checked.value().validator;
    m.accuses = true;
    CHECK(m.end() == std::vector{act::removed{3, liar, offence::slander}});
    m.accuses = false;
    CHECK(m.tried() == std::vector<std::size_t>{20});
    for (int k = 0; k < 20; ++k) m.end();
    CHECK(m.is_member(20));
}

TEST_CASE("probation: banned members lower f, and newcomers that are let in raise it again, never beyond "
          "what it was") {
    trying_run m(7, trying());
    CHECK(m.of.faults() == 1);
    m.end({m.join_of(20)});
    m.of.against(offences{{p3, offence::slander}});
    m.end();
    CHECK(m.of.faults() == 0);
    for (int k = 0; k < 20; ++k) m.end();
    REQUIRE(m.is_member(20));
    CHECK(m.of.faults() == 1); // the newcomer may be another attacker
    m.end({m.join_of(21)});
    for (int k = 0; k < 20; ++k) m.end();
    REQUIRE(m.is_member(21));
    CHECK(m.of.faults() == 1);
}

TEST_CASE("probation: only the validator that was drawn may say something of the newcomer, and of its "
          "gradient alone") {
    trying_run m(6);
    m.end({m.join_of(20)});
    m.end();
    auto const in = m.of.context();
    auto const record = worked(in, 1);
    auto const validator = m.of.members()->find(in.probation.checked.value().validator).value();
    for (std::uint32_t k = 0; k < 6; ++k) {
        for (auto const of :
             {wire::charge::gradient, wire::charge::result, wire::charge::testimony, wire::charge::shape}) {
            judgement judge(record, &*m.last);
            agreed_log<wire::accuse> log(6, said(wire::accuse{}));
            log[k].body.accusations.push_back({on_trial, in.step - 1, of, {}, {}});
            bool const right = peer_id(k) == validator && of == wire::charge::gradient;
            CHECK(judge.read(log).empty() == right);
            CHECK(judge.needs_vote() == right);
        }
        judgement judge(record, &*m.last);
        agreed_log<wire::accuse> log(6, said(wire::accuse{}));
        log[k].body.cleans.push_back({on_trial, in.step - 1});
        CHECK(judge.read(log).empty() == (peer_id(k) == validator));
    }
}

TEST_CASE("probation: a key that is struck, or left, does not come in as a newcomer") {
    trying_run m(6);
    m.of.against(offences{{p1, offence::leave}});
    m.end();
    m.end({m.join_of(1)});
    CHECK(m.tried().empty());
    m.steps(5);
    m.end({m.join_of(1)});
    CHECK(m.is_member(1)); // as one that was a member
}

TEST_CASE("probation: rules that bear with inexact gradients let nobody in: a newcomer shows no rows") {
    auto both = trying();
    CHECK_NOTHROW(both.validate(6));
    both.tolerance = 1e-5;
    CHECK_THROWS_WITH_AS(both.validate(6), doctest::Contains("must be right to the last bit"), contract_violation);
    both.probation.admits = admission::listed;
    CHECK_THROWS_WITH_AS(both.validate(6), doctest::Contains("gradients may differ by 1e-05"), contract_violation);
    both.probation.admits = admission::nobody;
    CHECK_NOTHROW(both.validate(6));
}

// ---- who asks

TEST_CASE("wishes: whoever was a member is heard among any number of strangers, and a stranger may be") {
    for (bool const late : {false, true}) { // after them, or before
        digest const secret = tagged_hash("secret");
        wishes of(secret);
        auto const join_of = [](std::size_t k, std::uint64_t step) {
            return wire::join{member(k), step, {}};
        };
        auto const proves = [] { return true; };
        std::size_t heard = 0;
        for (int round = 0; round < 60; ++round) {
            auto const honest = join_of(1, 7);
            if (!late) of.hear_returning(join_of(0, 7), proves), of.hear_stranger(honest, 4, proves);
            for (std::size_t k = 10; k < 22; ++k) {
                of.hear_stranger(join_of(k, 7), 4, proves);
                of.hear_stranger(join_of(k, 8), 4, proves); // once more
                of.hear_guest(join_of(k, 0).who.key, 2);
                of.hear_guest(join_of(k, 0).who.key, 2);
            }
            if (late) of.hear_returning(join_of(0, 7), proves), of.hear_stranger(honest, 4, proves);
            auto const said = of.take();
            REQUIRE(said.size() == 5);
            CHECK(said.front() == join_of(0, 7));
            heard += std::size_t(std::ranges::count(said, honest));
            CHECK(of.take_guests().size() == 2);
        }
        CHECK(heard >= 8); // of 60, where 4 of 13 have a place: about 18
        CHECK(heard <= 30);
    }
}

} // namespace membership_test
