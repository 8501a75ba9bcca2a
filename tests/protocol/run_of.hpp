// Steps in which everybody does what it should, as records; and what is noted against members in them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/protocol/membership.hpp>
#include <btard/testing/counting_signer.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace membership_test {

using namespace btard;

inline constexpr peer_id p0{0}, p1{1}, p2{2}, p3{3}, p4{4};
inline digest const run = tagged_hash("a run");

inline testing::counting_signer signer_of(std::size_t k) { return testing::counting_signer(k); }
inline public_key key_of(std::size_t k) { return signer_of(k).key(); }
inline log_member member(std::size_t k, std::uint64_t life = 0) {
    log_member one{key_of(k), {}};
    one.incarnation[0] = std::byte(life);
    return one;
}
inline std::vector<log_member> first(std::size_t n) {
    std::vector<log_member> all;
    for (std::size_t k = 0; k < n; ++k) all.push_back(member(k));
    return all;
}
inline run_rules rules(std::size_t faults = 1, std::size_t validators = 1) {
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
inline step_record worked(step_context const& in, std::size_t validators) {
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

} // namespace membership_test
