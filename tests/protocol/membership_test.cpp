// SPDX-License-Identifier: Apache-2.0
// Steps in which everybody does what it should, as records; and what is noted against members in them.
#include <btard/crypto/text.hpp>
#include <btard/protocol/membership.hpp>
#include <btard/testing/counting_signer.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

using namespace btard;

namespace {

constexpr peer_id p0{0}, p1{1}, p2{2}, p3{3}, p4{4};
digest const run = tagged_hash("a run");

testing::counting_signer signer_of(std::size_t k) { return testing::counting_signer(k); }
public_key key_of(std::size_t k) { return signer_of(k).key(); }
log_member member(std::size_t k, std::uint64_t life = 0) {
    log_member one{key_of(k), {}};
    one.incarnation[0] = std::byte(life);
    return one;
}
std::vector<log_member> first(std::size_t n) {
    std::vector<log_member> all;
    for (std::size_t k = 0; k < n; ++k) all.push_back(member(k));
    return all;
}
run_rules rules(std::size_t faults = 1, std::size_t validators = 1) {
    run_rules made;
    made.faults = faults;
    made.validators = validators;
    made.standing.first_wait = 5;
    return made;
}
template <class Body>
log_entry<Body> said(Body body) {
    return {log_entry<Body>::kind::present, std::move(body)};
}

/// The step that a membership is in, done well by all.
step_record worked(step_context const& in, std::size_t validators) {
    step_record record(in.step, in.roster, in.idle, in.before, {.quota = 1, .validators = validators}, hash_of(in),
                       in.probation.checked);
    std::size_t const n = in.roster.size();
    agreed_log<wire::commit> commits(n, said(wire::commit{.context = hash_of(in)}));
    for (peer_id const who : record.workers()) {
        commits[std::size_t(who)].body.root = tagged_hash("root", in.step, std::uint32_t(who));
        commits[std::size_t(who)].body.microbatches = 1;
    }
    REQUIRE(record.read(commits).empty());
    agreed_log<wire::result> results(n, said(wire::result{}));
    agreed_log<wire::reveal> reveals(n, said(wire::reveal{{}, member_set(record.parts().size())}));
    for (std::size_t k = 0; k < n; ++k) {
        mprng_share const share{tagged_hash("share", in.step, k).bytes, {}};
        results[k].body.share = commitment_to(share, {in.run, in.epoch, in.step, 0}, in.roster[k].key);
        for (std::size_t j = 0; j < record.parts().size(); ++j)
            if (record.parts()[j].owner == peer_id(k)) results[k].body.parts.push_back({part_id(j), {}});
        reveals[k].body.opened = share;
        reveals[k].body.aggregates.fill();
    }
    REQUIRE(record.read(results).empty());
    REQUIRE(record.read(reveals, in.run, in.epoch).empty());
    REQUIRE(record.value());
    return record;
}

struct run_of {
    run_rules with;
    membership of;
    std::vector<act::removed> all = {};

    explicit run_of(std::size_t n, run_rules r = rules()) : with(r), of(run, first(n), r) {}

    /// The step ends, after that was said in COMMIT by its first member.
    std::vector<act::removed> end(std::vector<wire::join> const& joins = {}) {
        auto const record = worked(of.context(), with.validators);
        agreed_log<wire::commit> log(of.members()->size(), said(wire::commit{}));
        log.front().body.joins = joins;
        of.read(signer_of(0), log);
        judgement const judge(record, nullptr);
        auto removed = of.finish(record, judge);
        all.insert(all.end(), removed.begin(), removed.end());
        return removed;
    }
    void steps(std::size_t count) {
        for (std::size_t k = 0; k < count; ++k) end();
    }
    /// Of the step that is going on.
    wire::join join_of(std::size_t k, std::uint64_t life = 1) const {
        return ask_to_join(signer_of(k), run, member(k, life), of.step());
    }
    std::vector<std::size_t> numbers() const {
        std::vector<std::size_t> them;
        for (auto const& one : of.context().roster)
            for (std::size_t k = 0; k < 40; ++k)
                if (key_of(k) == one.key) them.push_back(k);
        return them;
    }
    bool is_member(std::size_t k) const { return of.members()->find(key_of(k)).has_value(); }
    peer_id at(std::size_t k) const { return of.members()->find(key_of(k)).value(); }
};

} // namespace

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

TEST_CASE("membership: who leaves in good order may come back after the first wait, each time") {
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
    m.of.against(offences{{p1, offence::no_part}, {p1, offence::points}, {p1, offence::quarrels}, {p1, offence::absence}});
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
        std::vector<missing_row> const some(4, missing_row{owner, sender, part_id{}}); // c = 3
        m.of.complained(some);
    };
    complain(p1, p2);
    CHECK(m.of.in_dispute(key_of(1), key_of(2)));
    CHECK(m.of.in_dispute(key_of(2), key_of(1)));
    CHECK(m.end().empty()); // one each: at most f
    complain(p1, p3);
    CHECK(m.end() == std::vector{act::removed{1, key_of(1), offence::quarrels}});
    CHECK(m.numbers() == std::vector<std::size_t>{0, 2, 3, 4, 5});
}

TEST_CASE("membership: who was struck for its quarrels comes back without them, and is not struck for them again") {
    run_of m(6, rules(1));
    for (peer_id const other : {p2, p3}) m.of.complained(std::vector(4, missing_row{p1, other, part_id{}}));
    REQUIRE(m.end() == std::vector{act::removed{0, key_of(1), offence::quarrels}});
    m.steps(5);
    m.end({m.join_of(1)});
    REQUIRE(m.is_member(1));
    CHECK(!m.of.in_dispute(key_of(1), key_of(2)));
    m.steps(20); // the disputes would have lasted a thousand
    CHECK(m.is_member(1));
    CHECK(m.is_member(2)); // one quarrel each: at most f
    CHECK(m.is_member(3));
}

TEST_CASE("membership: leaving in good order costs the first wait, however often, and leaves an absence as it is") {
    run_of m(5);
    std::uint64_t life = 0;
    for (int k = 0; k < 3; ++k) {
        m.of.against(offences{{m.at(1), offence::leave}});
        m.end();
        m.steps(2);
        CHECK(!m.of.may_return(key_of(1)));
        m.end();
        CHECK(m.of.may_return(key_of(1)));
        m.end({m.join_of(1, ++life)});
        REQUIRE(m.is_member(1));
    }
    m.of.against(offences{{m.at(1), offence::absence}, {m.at(1), offence::leave}}); // it left before the step was over
    m.end();
    m.steps(2);
    CHECK(!m.of.may_return(key_of(1)));
    m.end();
    CHECK(m.of.may_return(key_of(1))); // the first absence
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
    m.of.against(offences{{p0, offence::absence}, {p1, offence::absence}, {p2, offence::absence}, {p3, offence::absence}});
    m.end();
    CHECK(m.of.members()->size() == 4);
    CHECK(m.of.faults() == 1);
}

TEST_CASE("membership: idle are the validators of the step before, under their new numbers, as far as they are left") {
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
    offences some{{p1, offence::absence}, {p3, offence::malformed}, {p1, offence::no_part}, {p4, offence::leave}, {p3, offence::slander}};
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

// ---- keys that never were members

namespace {

run_rules trying(std::uint64_t share = 2) {
    run_rules made = rules();
    made.probation = {.admits = admission::anybody, .steps = 4, .cleans = 2, .apart = 6, .share = share};
    return made;
}
/// Newcomers have the numbers from 20 on.  Each commits as it should and each validator tells, but for those named.
struct trying_run : run_of {
    explicit trying_run(std::size_t n, run_rules r = trying()) : run_of(n, r) {}

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
            if (auto const k = number(one.who.key); !silent.contains(k)) results[1].body.trials.push_back(trial_of(k));
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

TEST_CASE("probation: a missed commitment frees the place, and the same life gets none again") {
    trying_run m(6, trying(6));
    m.end({m.join_of(20)});
    m.end();
    CHECK(m.tried() == std::vector<std::size_t>{20});
    m.silent = {20};
    m.end({m.join_of(21)});
    CHECK(m.tried() == std::vector<std::size_t>{21});
    CHECK(!m.of.may_try(member(20, 1)));
    CHECK(m.of.may_try(member(20, 2)));
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

TEST_CASE("probation: what nobody signed, or for another step, and zeros without work, count for nothing, against nobody") {
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
    CHECK(m.end() == std::vector{act::removed{2, key_of(20), offence::wrong_gradient}});
    CHECK(m.tried().empty());
    CHECK(m.of.faults() == 1); // else an attacker could lower it with keys that are no members
    CHECK(!m.of.may_try(member(20, 5)));
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
    CHECK(m.end() == std::vector{act::removed{2, liar, offence::slander}});
    m.accuses = false;
    CHECK(m.tried() == std::vector<std::size_t>{20});
    for (int k = 0; k < 20; ++k) m.end();
    CHECK(m.is_member(20));
}

TEST_CASE("probation: banned members lower f, and newcomers that are let in raise it again, never beyond what it was") {
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

TEST_CASE("probation: only the validator that was drawn may say something of the newcomer, and of its gradient alone") {
    trying_run m(6);
    m.end({m.join_of(20)});
    m.end();
    auto const in = m.of.context();
    auto const record = worked(in, 1);
    auto const validator = m.of.members()->find(in.probation.checked.value().validator).value();
    for (std::uint32_t k = 0; k < 6; ++k) {
        for (auto const of : {wire::charge::gradient, wire::charge::result, wire::charge::testimony, wire::charge::shape}) {
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
