// A step of five members after its results, and what they testify, say and vote of it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/protocol/step/judgement.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace judgement_tests {

using namespace btard;

inline constexpr peer_id p0{0}, p1{1}, p2{2}, p3{3}, p4{4};
inline constexpr std::size_t n = 5;
using found = std::vector<std::pair<peer_id, offence>>;

inline digest some(std::uint64_t k) { return tagged_hash("test", k); }
inline std::vector<log_member> five() {
    std::vector<log_member> all;
    for (std::size_t k = 0; k < n; ++k) all.push_back({public_key{some(k).bytes}, {}});
    return all;
}
template <class Body>
log_entry<Body> said(Body body) {
    return {log_entry<Body>::kind::present, std::move(body)};
}

/// A step of five workers, up to r.  Part j belongs to peer (j + step) mod 5, if nobody leaves without a gradient.
inline step_record worked(std::uint64_t step, std::size_t faults = 0, std::span<peer_id const> leavers = {}) {
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

} // namespace judgement_tests
