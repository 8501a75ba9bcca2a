// SPDX-License-Identifier: Apache-2.0
#include <btard/attack/any_attack.hpp>
#include <btard/testing/attack_laws.hpp>

#include <doctest/doctest.h>

#include <vector>

using namespace btard;
using testing::attack_once;

namespace {
std::vector<any_attack> samples() {
    schedule const when{.start = 30, .stop = 60, .every = 2, .probability = 0.5};
    return {honest{},
            sign_flip{.scale = 3},
            label_flip{.map = label_map::next},
            constant_direction{},
            delayed_gradient{.delay = 3},
            inner_product{.epsilon = 10, .from = gradients_of::attackers},
            little_is_enough{.z = 1.5, .side = side::minus},
            gaussian{.together = false},
            scheduled{sign_flip{}, when},
            scheduled{label_flip{}, when},
            scheduled{constant_direction{.scale = 2}, when},
            scheduled{delayed_gradient{.delay = 9}, when},
            scheduled{little_is_enough{}, when}};
}
} // namespace

TEST_CASE("any_attack: keeps the laws of attacks, whatever it holds") {
    for (auto const& attack : samples()) {
        CAPTURE(attack.text());
        CHECK(testing::broken_laws(attack) == "");
    }
}

TEST_CASE("any_attack: does what the attack does that it holds") {
    testing::attack_fixture const swarm;
    scheduled const held{constant_direction{}, {.start = 3}};
    for (std::size_t const step : {2u, 3u, 4u})
        CHECK(attack_once(any_attack{held}, swarm, swarm.at(step)) ==
              attack_once(held, swarm, swarm.at(step)));
    CHECK(attack_once(any_attack{label_flip{}}, swarm, swarm.at(0)) ==
          attack_once(label_flip{}, swarm, swarm.at(0)));
}

TEST_CASE("any_attack: says the same about itself as the attack that it holds") {
    scheduled const held{label_flip{}, {.start = 3}};
    CHECK(first_step(any_attack{held}) == 3);
    CHECK(acts_on_labels(any_attack{held}));
    CHECK_FALSE(acts_on_labels(any_attack{sign_flip{}}));
    CHECK(first_step(any_attack{sign_flip{}}) == 0);
    CHECK(first_step(any_attack{honest{}}) == never);
    CHECK(any_attack{} == any_attack{honest{}});

    scheduled const old{delayed_gradient{.delay = 20}, {.start = 50}};
    CHECK(first_step(any_attack{old}) == 30);
    CHECK(steps_watched(any_attack{old}) == 20);
    CHECK(memory_of(any_attack{old}, 1'000) == 21 * 4'000);
    CHECK(memory_of(any_attack{sign_flip{}}, 1'000) == 0);
    CHECK_THROWS_AS(check_size(any_attack{old}, 1 << 30), contract_violation);
    check_size(any_attack{sign_flip{}}, 1 << 30);
    CHECK(reads_accomplices(any_attack{inner_product{.from = gradients_of::attackers}}));
    CHECK_FALSE(reads_accomplices(any_attack{inner_product{}}));
}

TEST_CASE("any_attack: what it holds sends what is no number, if that is what it holds") {
    CHECK(testing::broken_laws(any_attack{not_finite{}}, testing::sends::anything) == "");
    CHECK(parse<any_attack>("scheduled{not_finite{.every = 2}, {.start = 3}}") ==
          any_attack{scheduled{not_finite{.every = 2}, {.start = 3}}});
}

TEST_CASE("any_attack: its text is that of the attack that it holds, and reads back") {
    CHECK(to_text(any_attack{sign_flip{}}) == to_text(sign_flip{}));
    CHECK(to_text(any_attack{scheduled{sign_flip{}, {.start = 9}}}) ==
          to_text(scheduled{sign_flip{}, {.start = 9}}));
    for (auto const& attack : samples()) CHECK(parse<any_attack>(to_text(attack)) == attack);
    CHECK(parse<any_attack>("scheduled{sign_flip{.scale = 1000}, {.start = 100}}") ==
          any_attack{scheduled{sign_flip{}, {.start = 100}}});
    CHECK(parse<any_attack>("honest") == any_attack{});
}

TEST_CASE("any_attack: fields are set by name, and those of the schedule make one") {
    auto attack = parse<any_attack>("sign_flip");
    set_field(attack, "scale", "5");
    CHECK(attack == any_attack{sign_flip{.scale = 5}});
    set_field(attack, "start", "7");
    CHECK(attack == any_attack{scheduled{sign_flip{.scale = 5}, {.start = 7}}});
}

TEST_CASE("any_attack: an unknown name is answered with all known ones") {
    CHECK_THROWS_WITH_AS((void)parse<any_attack>("sign_flop{}"),
                         "'sign_flop{}', column 1: unknown name 'sign_flop'; did you mean 'sign_flip'? "
                         "(known: honest, sign_flip, label_flip, constant_direction, delayed_gradient, "
                         "inner_product, little_is_enough, gaussian, not_finite, scheduled)",
                         environment_error);
    CHECK_THROWS_AS((void)parse<any_attack>("scheduled{scheduled{sign_flip{}}}"), environment_error);
    CHECK_THROWS_AS((void)parse<any_attack>("honest{.scale = 1}"), environment_error);
}
