// SPDX-License-Identifier: Apache-2.0
#include <btard/attack/label_flip.hpp>
#include <btard/attack/scheduled.hpp>
#include <btard/attack/sign_flip.hpp>
#include <btard/core/policy_text.hpp>
#include <btard/testing/attack_laws.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

using namespace btard;

static_assert(attack<scheduled<sign_flip>> && corrupts_gradient<scheduled<sign_flip>>);
static_assert(!corrupts_labels<scheduled<sign_flip>>);
static_assert(corrupts_labels<scheduled<label_flip>> && !corrupts_gradient<scheduled<label_flip>>);
static_assert(!attack<scheduled<honest>>);

namespace {
std::vector<std::size_t> steps_of(schedule const& when, std::size_t last, std::size_t self = 0) {
    std::vector<std::size_t> steps;
    attack_context at;
    at.self = self;
    for (at.step = 0; at.step <= last; ++at.step)
        if (when.contains(at)) steps.push_back(at.step);
    return steps;
}
using steps = std::vector<std::size_t>;
} // namespace

TEST_CASE("schedule: from start on, every so many steps, before stop") {
    CHECK(steps_of({}, 3) == steps{0, 1, 2, 3});
    CHECK(steps_of({.start = 2}, 4) == steps{2, 3, 4});
    CHECK(steps_of({.start = 2, .stop = 4}, 9) == steps{2, 3});
    CHECK(steps_of({.start = 3, .every = 4}, 12) == steps{3, 7, 11});
    CHECK(steps_of({.start = 5, .stop = 5}, 9).empty());
    CHECK(steps_of({.probability = 0}, 99).empty());
}

TEST_CASE("schedule: with a probability, each peer draws for itself, and the draw can be repeated") {
    schedule const half{.start = 100, .probability = 0.5};
    auto const one = steps_of(half, 10'099, 1), other = steps_of(half, 10'099, 2);
    CHECK(std::abs(double(one.size()) - 5'000) < 4 * 50);
    CHECK(one.front() >= 100);
    CHECK(one == steps_of(half, 10'099, 1));
    std::size_t both = 0;
    for (std::size_t const step : one) both += std::binary_search(other.begin(), other.end(), step);
    CHECK(std::abs(double(both) - 2'500) < 4 * 44); // independent of each other
}

TEST_CASE("schedule: another run of the same swarm draws otherwise") {
    schedule const half{.probability = 0.5};
    attack_context at, elsewhere;
    elsewhere.shared = {1, 1};
    int different = 0;
    for (; at.step < 100; ++at.step, ++elsewhere.step)
        different += half.contains(at) != half.contains(elsewhere);
    CHECK(different > 20);
}

TEST_CASE("scheduled: keeps the laws of attacks") {
    CHECK(testing::broken_laws(scheduled{sign_flip{}, {.start = 20, .stop = 90, .every = 3}}) == "");
    CHECK(testing::broken_laws(scheduled{label_flip{}, {.start = 5, .probability = 0.3}}) == "");
    CHECK(testing::broken_laws(scheduled{scheduled{sign_flip{}, {.every = 2}}, {.every = 3}}) == "");
}

TEST_CASE("scheduled: the laws notice an attack that acts outside of its schedule") {
    struct sly { // says that it waits for step 50
        void corrupt_gradient(attack_context const&, std::span<float> gradient) const { gradient[0] = 0; }
        bool acts_at(attack_context const& at) const { return at.step >= 50; }
        std::size_t first_step() const { return 50; }
    };
    CHECK(testing::broken_laws(sly{}).find("it acts where acts_at says that it does not") !=
          std::string::npos);
}

TEST_CASE("scheduled: says when it acts, from which step on, and on what") {
    scheduled const later{sign_flip{}, {.start = 100, .every = 2}};
    attack_context at;
    at.step = 100;
    CHECK(acts_at(later, at));
    at.step = 101;
    CHECK_FALSE(acts_at(later, at));
    CHECK(first_step(later) == 100);
    CHECK(first_step(sign_flip{}) == 0);
    CHECK(first_step(honest{}) == never);
    CHECK(first_step(scheduled{later, {.start = 50}}) == 100);
    CHECK_FALSE(acts_on_labels(later));
    CHECK(acts_on_labels(scheduled{label_flip{}, {}}));
    CHECK_FALSE(acts_on_labels(honest{}));
    CHECK_FALSE(acts_at(honest{}, at));
}

TEST_CASE("scheduled: its text, and the short form that a program uses") {
    scheduled const attack{sign_flip{.scale = 1'000}, {.start = 100}};
    CHECK(to_text(attack) ==
          "scheduled{sign_flip{.scale = 1000}, schedule{.start = 100, .every = 1, .probability = 1}}");
    CHECK(parse<scheduled<sign_flip>>(to_text(attack)) == attack);
    CHECK(parse<scheduled<sign_flip>>("scheduled{sign_flip{.scale = 1'000}, {.start = 100}}") == attack);
}

TEST_CASE("schedule: values that make no sense are refused with what would be right") {
    CHECK_THROWS_WITH_AS(validate(scheduled{sign_flip{}, {.every = 0}}), "every is 0, it must be 1 or more",
                         contract_violation);
    CHECK_THROWS_WITH_AS(validate(schedule{.probability = 1.5}), "probability is 1.5, it must be 0 to 1",
                         contract_violation);
    CHECK_THROWS_AS(validate(schedule{.probability = std::nan("")}), contract_violation);
    CHECK_THROWS_WITH_AS(validate(schedule{.start = 5, .stop = 5}),
                         "stop is 5, the attack begins at 5 and would never be on", contract_violation);
}
