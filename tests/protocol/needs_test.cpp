// SPDX-License-Identifier: Apache-2.0
// How long members have for what has to be done in a phase.
#include "step/judged_step.hpp"

#include <btard/protocol/needs.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace judgement_tests {

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

} // namespace judgement_tests
