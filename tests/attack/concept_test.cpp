// SPDX-License-Identifier: Apache-2.0
#include <btard/attack/concept.hpp>
#include <btard/testing/attack_laws.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

using namespace btard;

namespace {
struct doubles_labels {
    void corrupt_labels(attack_context const&, std::span<std::int64_t> labels, std::int64_t) {
        for (auto& y : labels) y *= 2;
    }
};
struct misspelled {
    void corrupt_gradiant(attack_context const&, std::span<float>) {}
};
struct watches_only {
    void watch_gradient(attack_context const&, std::span<float const>) {}
};
struct sends_last { // what it saw at the step before
    float seen = 0, sent = 0;
    void watch_gradient(attack_context const&, std::span<float const> gradient) {
        sent = seen;
        seen = gradient[0];
    }
    void corrupt_gradient(attack_context const&, std::span<float> gradient) const { gradient[0] = sent; }
};
struct counts_its_attacks { // a schedule changes what it knows
    float times = 0;
    void corrupt_gradient(attack_context const&, std::span<float> gradient) { gradient[0] = ++times; }
};
} // namespace

static_assert(!attack<watches_only> && watches_gradient<sends_last> && !watches_gradient<honest>);
static_assert(attack<doubles_labels> && corrupts_labels<doubles_labels> &&
              !corrupts_gradient<doubles_labels>);
static_assert(!attack<misspelled>);
static_assert(attack<honest>);

TEST_CASE("attack: a hook that an attack has is called, one that it has not does nothing") {
    doubles_labels a;
    std::vector<std::int64_t> labels{1, 2};
    std::vector<float> gradient{1, 2};
    corrupt_labels(a, {}, labels, 10);
    corrupt_gradient(a, {}, gradient);
    CHECK(labels == std::vector<std::int64_t>{2, 4});
    CHECK(gradient == std::vector<float>{1, 2});
}

TEST_CASE("honest: keeps all laws, by doing nothing") {
    CHECK(testing::broken_laws(honest{}) == "");
    testing::attack_fixture const swarm;
    auto const outcome = testing::attack_once(honest{}, swarm, swarm.at(3));
    CHECK(outcome.gradient == swarm.gradient(5));
    CHECK(outcome.labels == swarm.labels());
}

TEST_CASE("attack: what it remembers comes from watch_gradient, and the laws notice what does not") {
    CHECK(testing::broken_laws(sends_last{}) == "");
    CHECK(testing::broken_laws(counts_its_attacks{}).find("under a schedule it is not itself") !=
          std::string::npos);
}
