// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/aggregate.hpp>
#include <btard/aggregate/centered_clip.hpp>
#include <btard/aggregate/coordinate_median.hpp>
#include <btard/aggregate/mean.hpp>
#include <btard/attack/not_finite.hpp>
#include <btard/core/policy_text.hpp>
#include <btard/testing/attack_laws.hpp>
#include <btard/train/quadratic.hpp>
#include <btard/train/swarm.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

using namespace btard;
using floats = std::vector<float>;

namespace {
floats sent(not_finite attack, floats gradient) {
    attack.corrupt_gradient({}, gradient);
    return gradient;
}

/// The swarm, or the honest part of it alone.
template <class Rule>
floats trained(Rule rule, bool attacked, not_finite attack = {}) {
    swarm_options options{.peers = attacked ? 6u : 4u};
    if (attacked) options.byzantine = {4, 5};
    swarm run{quadratic{.dimension = 10}, rule, attack, options};
    run.train(20, [&](step_report const& r) {
        if (attacked) CHECK(r.aggregation.not_finite == std::vector<std::size_t>{4, 5});
    });
    return {run.parameters().begin(), run.parameters().end()};
}
} // namespace

TEST_CASE("not_finite: keeps the laws of attacks, but that its numbers are none") {
    for (auto const value : {not_a_number::nan, not_a_number::plus_infinity, not_a_number::minus_infinity}) {
        CHECK(testing::broken_laws(not_finite{.value = value, .every = 3}, testing::sends::anything) == "");
        CHECK(testing::broken_laws(not_finite{.value = value}).find("infinite or NaN") != std::string::npos);
    }
}

TEST_CASE("not_finite: in all coordinates, or in some") {
    float const inf = std::numeric_limits<float>::infinity();
    CHECK(sent({.value = not_a_number::plus_infinity}, {1, 2, 3}) == floats{inf, inf, inf});
    CHECK(sent({.value = not_a_number::minus_infinity, .every = 2}, {1, 2, 3}) == floats{-inf, 2, -inf});
    auto const one = sent({.every = 100}, {1, 2, 3});
    CHECK(std::isnan(one[0]));
    CHECK(one[1] == 2);
}

TEST_CASE("not_finite: one coordinate of one row ruins a plain mean") {
    floats const rows{1, 2, 3, 4}, bad = sent({.every = 100}, {5, 6});
    CHECK(std::isnan((rows[0] + rows[2] + bad[0]) / 3));
}

TEST_CASE(
    "not_finite: no rule sees such rows, not even the mean: the swarm trains as if those peers were away") {
    for (auto const& attack : {not_finite{}, not_finite{.value = not_a_number::plus_infinity},
                               not_finite{.value = not_a_number::minus_infinity, .every = 1'000}}) {
        CHECK(trained(mean{}, true, attack) == trained(mean{}, false));
        CHECK(trained(coordinate_median{}, true, attack) == trained(coordinate_median{}, false));
        CHECK(trained(centered_clip{.tau = 1}, true, attack) == trained(centered_clip{.tau = 1}, false));
    }
}

TEST_CASE("not_finite: its text") {
    CHECK(to_text(not_finite{}) == "not_finite{.value = nan, .every = 1}");
    CHECK(parse<not_finite>("not_finite{plus_infinity}") == not_finite{.value = not_a_number::plus_infinity});
    CHECK_THROWS_WITH_AS(validate(not_finite{.every = 0}), "every is 0, it must be 1 or more",
                         contract_violation);
}
