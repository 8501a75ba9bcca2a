// SPDX-License-Identifier: Apache-2.0
#include "judged_step.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>

namespace judgement_tests {

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

} // namespace judgement_tests
