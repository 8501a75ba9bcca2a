// SPDX-License-Identifier: Apache-2.0
#include <btard/protocol/membership.hpp>
#include <btard/protocol/needs.hpp>
#include <btard/protocol/step/judgement.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

using namespace btard;

namespace judgement_tests { // other tests of its batch have helpers of the same names

namespace {

constexpr peer_id p0{0}, p1{1}, p2{2}, p3{3}, p4{4};
constexpr std::size_t n = 5;
using found = std::vector<std::pair<peer_id, offence>>;

digest some(std::uint64_t k) { return tagged_hash("test", k); }
std::vector<log_member> five() {
    std::vector<log_member> all;
    for (std::size_t k = 0; k < n; ++k) all.push_back({public_key{some(k).bytes}, {}});
    return all;
}
template <class Body>
log_entry<Body> said(Body body) {
    return {log_entry<Body>::kind::present, std::move(body)};
}

/// A step of five workers, up to r.  Part j belongs to peer (j + step) mod 5, if nobody leaves without a gradient.
step_record worked(std::uint64_t step, std::size_t faults = 0, std::span<peer_id const> leavers = {}) {
    step_record record(step, five(), {}, some(90 + step), {.quota = 1, .validators = 2, .faults = faults});
    agreed_log<wire::commit> commits(n);
    agreed_log<wire::result> results(n);
    agreed_log<wire::reveal> reveals(n);
    for (std::size_t k = 0; k < n; ++k) {
        wire::commit one;
        one.leaves = std::ranges::find(leavers, peer_id(k)) != leavers.end();
        if (!one.leaves) one.root = some(10 + k), one.microbatches = 1;
        commits[k] = said(one);
        mprng_share const share{some(20 + k).bytes, {}};
        wire::result made;
        made.share = commitment_to(share, {{}, 0, step, 0}, five()[k].key);
        results[k] = said(made);
        reveals[k] = said(wire::reveal{share, member_set(n)});
        reveals[k].body.aggregates.fill();
    }
    (void)record.read(commits);
    for (std::size_t j = 0; j < n; ++j) {
        auto const owner = std::size_t(record.parts()[j].owner);
        results[owner].body.parts.push_back({part_id(j), some(30 + owner)});
    }
    (void)record.read(results);
    (void)record.read(reveals, {}, 0);
    return record;
}

struct trial {
    step_record before = worked(0), step = worked(1); // part j of step 1 belongs to peer j + 1
    judgement judge{step, &before};
    agreed_log<wire::testify> testimonies{n, said(wire::testify{std::vector<testimony>(n, {0.5, 1})})};
    agreed_log<wire::accuse> accusations{n, said(wire::accuse{})};

    offences testify() {
        return judge.read(testimonies, [](part_id, testimony const& one) { return one.distance < 0; });
    }
    offences accuse() { return judge.read(accusations); }
    /// Everybody holds everything and has no opinion.
    agreed_log<wire::vote> votes() const {
        wire::vote one{member_set(judge.accusations().size() + judge.shown().size()),
                       std::vector<wire::ballot>(judge.accusations().size())};
        one.evidence.fill();
        return {n, said(one)};
    }
    audit_pair pair() const { return before.pairs()[0]; }
    void accuse_of(peer_id by, peer_id target, wire::charge of, std::uint64_t at, part_id part = {}) {
        accusations[std::size_t(by)].body.accusations.push_back({target, at, of, part, some(1)});
    }
};

} // namespace

TEST_CASE("judgement: an honest step needs no vote") {
    trial t;
    CHECK(t.testify().empty());
    CHECK(t.judge.said(part_id{3}).size() == n);
    CHECK(t.accuse().empty());
    CHECK(!t.judge.needs_vote());
    for (part_id const part : t.judge.standing()) CHECK(t.judge.stands(part));
}

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

TEST_CASE("judgement: who may accuse whom of what is written in the log") {
    auto const refused = [](auto change) {
        trial t;
        (void)t.testify();
        peer_id const validator = t.pair().validator, target = t.pair().target;
        peer_id const other = [&] {
            for (std::uint32_t k = 0;; ++k) {
                bool pairs = peer_id{k} == target;
                for (auto const& pair : t.before.pairs()) pairs |= pair.validator == peer_id{k};
                if (!pairs) return peer_id{k};
            }
        }();
        peer_id const by = change(t, validator, target, other);
        auto const against = t.accuse();
        CHECK((against.empty() || against == found{{by, offence::absence}}));
        return !against.empty();
    };
    using wire::charge;
    // The validator of the step before, its target, whatever it did.
    for (charge const of : {charge::gradient, charge::result, charge::testimony})
        CHECK(!refused([of](trial& t, peer_id v, peer_id u, peer_id) { return t.accuse_of(v, u, of, 0), v; }));
    CHECK(refused([](trial& t, peer_id, peer_id u, peer_id x) { return t.accuse_of(x, u, charge::gradient, 0), x; }));
    CHECK(refused([](trial& t, peer_id v, peer_id, peer_id x) { return t.accuse_of(v, x, charge::gradient, 0), v; }));
    CHECK(refused([](trial& t, peer_id v, peer_id u, peer_id) { return t.accuse_of(v, u, charge::gradient, 1), v; }));
    CHECK(refused([](trial& t, peer_id v, peer_id u, peer_id) {
        return t.accuse_of(v, peer_id{99}, charge::gradient, 0), (void)u, v;
    }));
    CHECK(refused([](trial& t, peer_id v, peer_id u, peer_id) {
        t.accuse_of(v, u, charge::gradient, 0);
        return t.accuse_of(v, u, charge::gradient, 0), v; // twice
    }));
    CHECK(refused([](trial& t, peer_id, peer_id u, peer_id x) {
        t.accusations[std::size_t(x)].body.cleans = {{u, 0}};
        return x;
    }));
    // The owner of a part, of its rows.
    for (charge const of : {charge::testimony, charge::shape})
        CHECK(!refused([of](trial& t, peer_id, peer_id, peer_id) {
            return t.accuse_of(p2, p4, of, 1, part_id{1}), p2;
        }));
    CHECK(refused([](trial& t, peer_id, peer_id, peer_id) {
        return t.accuse_of(p2, p4, charge::testimony, 1, part_id{2}), p2;
    }));
    CHECK(refused([](trial& t, peer_id, peer_id, peer_id) {
        return t.accuse_of(p2, p4, charge::result, 1, part_id{1}), p2;
    }));
    CHECK(refused([](trial& t, peer_id, peer_id, peer_id) {
        return t.accuse_of(p2, p4, charge::testimony, 1, part_id{70}), p2;
    }));
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

namespace {

/// With a tolerance; the validator asks for the gradient of its target, and all have voted that they have it, and nothing more.
struct asked : trial {
    asked() {
        judge = judgement(step, &before, true);
        (void)testify();
        accuse_of(pair().validator, pair().target, wire::charge::gradient, 0);
        accusations[std::size_t(pair().validator)].body.accusations[0].evidence = {};
        REQUIRE(accuse().empty());
        REQUIRE(judge.asks_to_show(judge.accusations()[0].what));
        REQUIRE(judge.shown().size() == n); // all rows of the target
        for (auto const& row : judge.shown())
            CHECK((row.sender == pair().target && row.of_before && row.of_gradient));
        cast = votes();
    }
    /// Of the votes, without the absences.
    offences read() {
        auto against = judge.read(cast, [](std::size_t) -> bool { throw 0; });
        std::erase_if(against, [](auto const& one) { return one.second == offence::absence; });
        return against;
    }
    agreed_log<wire::vote> cast;
};

} // namespace

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

TEST_CASE("judgement: asking twice in one step is asking once") {
    trial twice;
    twice.judge = judgement(twice.step, &twice.before, true);
    (void)twice.testify();
    auto const [by, target] = twice.pair();
    for (std::uint32_t const part : {0u, 1u}) {
        twice.accuse_of(by, target, wire::charge::gradient, 0, part_id{part});
        twice.accusations[std::size_t(by)].body.accusations[part].evidence = {};
    }
    REQUIRE(twice.accuse().empty());
    CHECK(twice.judge.shown().size() == n);
    CHECK(twice.judge.read(twice.votes(), [](std::size_t) { return false; }).empty());
    CHECK(twice.judge.needless().size() == 1);
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

TEST_CASE("judgement: there is time to vote for each accused gradient, and for what is shown to all") {
    auto const time_for = [](trial const& t) {
        step_state at(step_context{}, nullptr, p0, run_rules{}, shared_floats(std::vector<float>(100)));
        at.record = t.step;
        at.judge.emplace(t.judge);
        return time_to_judge(at, {.gradient = std::chrono::seconds(1'000), .bulk = std::chrono::seconds(1)})
                   .count() /
               1'000'000'000;
    };
    trial vanished; // a row, and no gradient
    vanished.testimonies[1] = {};
    (void)vanished.testify();
    (void)vanished.accuse();
    REQUIRE(vanished.judge.shown().size() == n);
    CHECK(time_for(vanished) == 1'002);
    trial two;
    (void)two.testify();
    for (auto const& pair : two.before.pairs()) two.accuse_of(pair.validator, pair.target, wire::charge::gradient, 0);
    two.accuse_of(two.pair().validator, two.pair().target, wire::charge::gradient, 0, part_id{1}); // once more
    REQUIRE(two.accuse().empty());
    REQUIRE(two.before.pairs().size() == 2);
    CHECK(time_for(two) == 2'001);
    asked const shown; // its sender sends a whole gradient to each
    CHECK(time_for(shown) == 1'000 + n);
}

TEST_CASE("times: where few are left to pass rows on, there is time for all that one of them has to carry") {
    step_timing const t;
    CHECK(time_to_make_parts(worked(0), t).all == t.bulk);
    CHECK(time_to_make_parts(worked(0), t).to_pass_on == std::chrono::seconds(0));
    for (std::size_t const f : {1, 3, 7}) { // the same f honest ones are in dispute with each of f liars
        std::size_t const members = 2 * f + 2;
        std::vector<log_member> all;
        agreed_log<wire::commit> commits;
        for (std::size_t k = 0; k < members; ++k) {
            all.push_back({public_key{some(200 + k).bytes}, {}});
            commits.push_back(said(wire::commit{.root = some(300 + k), .microbatches = 1, .joins = {}}));
        }
        std::vector<dispute> between;
        for (std::size_t a = 0; a < f; ++a)
            for (std::size_t b = f; b < 2 * f; ++b) between.push_back({peer_id(a), peer_id(b)});
        step_record record(0, all, {}, some(1), {.quota = 1, .validators = 1}, {}, {}, between);
        (void)record.read(commits);
        std::size_t carried = 0;
        for (std::size_t k = 2 * f; k < members; ++k)
            carried = std::max(carried, std::size_t(std::ranges::count(record.detours(), peer_id(k), &detour::via)));
        REQUIRE(carried >= f * f);
        auto const time = time_to_make_parts(record, t);
        auto const gradients = double(carried) / double(members);
        CHECK(time.all - time.to_pass_on >= (1 + gradients) * t.bulk); // its own part comes in too
        CHECK(time.to_pass_on >= gradients * t.bulk);
        CHECK(time.to_pass_on >= t.bulk);
        CHECK(time.all <= (3 + 2 * gradients) * t.bulk);
    }
}

TEST_CASE("times: rows have six questions of time at least") {
    step_timing t;
    t.bulk = 6 * t.question;
    CHECK_NOTHROW(t.validate());
    t.bulk -= std::chrono::milliseconds(1);
    CHECK_THROWS(t.validate());
}

TEST_CASE("times: whoever is complained about by many has time to send all of its rows to all") {
    step_timing const t;
    for (std::size_t by = 1; by < n; ++by) {
        step_record record(0, five(), {}, some(90), {.quota = 1, .validators = 2});
        wire::commit one;
        one.root = some(1);
        one.microbatches = 1;
        (void)record.read(agreed_log<wire::commit>(n, said(one)));
        agreed_log<wire::result> results(n, said(wire::result{}));
        for (std::size_t k = 0; k < by; ++k) results[k].body.complaints = {{part_id(k), p4}};
        results[4].body.complaints = {{part_id(4), p0}, {part_id(4), p1}}; // others have less to send
        REQUIRE(record.read(results).empty());
        CHECK(time_to_show_rows(record, t) == std::max<std::int64_t>(2, std::int64_t(1 + by)) * t.bulk);
    }
}

TEST_CASE("judgement: with a tolerance, too, a newcomer on trial has no rows to show") {
    trial t;
    peer_id const validator = p2;
    step_record const step(
        1, five(), {}, some(91), {.quota = 1, .validators = 1}, {},
        checked_trial{{public_key{some(50).bytes}, {}}, five()[std::size_t(validator)].key, some(51), 1});
    judgement judge(step, &t.before, true);
    (void)judge.read(agreed_log<wire::testify>(n, said(wire::testify{})),
                     [](part_id, testimony const&) { return false; });
    t.accuse_of(validator, on_trial, wire::charge::gradient, 0);
    t.accusations[std::size_t(validator)].body.accusations[0].evidence = {};
    REQUIRE(judge.read(t.accusations).empty());
    REQUIRE(judge.accusations().size() == 1);
    CHECK(judge.shown().empty());
    wire::vote const one{member_set(1), {{wire::opinion::cannot, 0}}};
    CHECK(judge.read(agreed_log<wire::vote>(n, said(one)), [](std::size_t) -> bool { throw 0; }).empty());
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
