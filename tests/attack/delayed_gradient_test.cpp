// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/centered_clip.hpp>
#include <btard/aggregate/krum.hpp>
#include <btard/aggregate/mean.hpp>
#include <btard/attack/any_attack.hpp>
#include <btard/attack/delayed_gradient.hpp>
#include <btard/attack/scheduled.hpp>
#include <btard/core/policy_text.hpp>
#include <btard/testing/attack_laws.hpp>
#include <btard/train/quadratic.hpp>
#include <btard/train/swarm.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <vector>

using namespace btard;

namespace {
/// What an attacker sends at steps first ... last - 1, whose own gradient at step t is {t}.
template <class A>
std::vector<float> sent(A& attack, std::size_t first, std::size_t last) {
    std::vector<float> all;
    attack_context at;
    for (at.step = first; at.step < last; ++at.step) {
        std::vector<float> gradient{float(at.step)};
        watch_gradient(attack, at, gradient);
        bool const acts = acts_at(attack, at);
        corrupt_gradient(attack, at, gradient);
        CHECK(acts == (gradient[0] != float(at.step)));
        all.push_back(gradient[0]);
    }
    return all;
}
using floats = std::vector<float>;

/// The loss of a noiseless swarm of 16, seven of them with old gradients.
template <class Rule, class Attack>
double loss_under(Rule rule, Attack attack, std::size_t steps = 60) {
    swarm run{quadratic{.dimension = 50, .noise = 0.01f, .condition = 2},
              rule,
              attack,
              {.byzantine = {0, 1, 2, 3, 4, 5, 6}, .optimizer = sgd{.learning_rate = 0.2f}}};
    run.train(steps);
    return run.evaluate();
}
} // namespace

TEST_CASE("delayed_gradient: keeps the laws of attacks") {
    CHECK(testing::broken_laws(delayed_gradient{.delay = 1}) == "");
    CHECK(testing::broken_laws(delayed_gradient{.delay = 7}) == "");
    CHECK(testing::broken_laws(delayed_gradient{.delay = 500}) == "");
}

TEST_CASE("delayed_gradient: honest until it has a gradient old enough, then it sends that") {
    delayed_gradient attack{.delay = 3};
    CHECK(sent(attack, 0, 8) == floats{0, 1, 2, 0, 1, 2, 3, 4});
    delayed_gradient least{.delay = 1};
    CHECK(sent(least, 5, 9) == floats{5, 5, 6, 7});
}

TEST_CASE("delayed_gradient: after a step that it did not see it begins anew") {
    delayed_gradient attack{.delay = 2};
    (void)sent(attack, 0, 5);
    CHECK(sent(attack, 6, 10) == floats{6, 7, 6, 7});
}

TEST_CASE("delayed_gradient: under a schedule it watches from the beginning") {
    scheduled attack{delayed_gradient{.delay = 3}, {.start = 4}};
    CHECK(sent(attack, 0, 7) == floats{0, 1, 2, 3, 1, 2, 3});
}

TEST_CASE("delayed_gradient: it must be in place `delay` steps before the schedule says so") {
    CHECK(first_step(delayed_gradient{.delay = 30}) == 0);
    CHECK(first_step(scheduled{delayed_gradient{.delay = 30}, {.start = 100}}) == 70);
    CHECK(first_step(scheduled{delayed_gradient{.delay = 30}, {.start = 10}}) == 0);
    scheduled early{delayed_gradient{.delay = 3}, {.start = 10}}, late = early;
    (void)sent(early, 0, 7);
    CHECK(sent(early, 7, 15) == sent(late, first_step(late), 15));
}

TEST_CASE("delayed_gradient: its memory is known before, and limited") {
    delayed_gradient const attack{.delay = 1'000};
    CHECK(memory_of(attack, 11'173'962) == 1'001ul * 11'173'962 * 4);
    CHECK(memory_of(scheduled{attack, {}}, 5) == 1'001 * 20);
    CHECK(memory_of(honest{}, 1'000) == 0);
    CHECK(memory_of(delayed_gradient{.delay = never}, 1'000) == never);
    CHECK_THROWS_WITH_AS(
        check_size(attack, 11'173'962),
        "with .delay = 1000 each attacker keeps 42668 MiB of gradients of 11173962 elements, it may "
        "use .memory = 1024",
        contract_violation);
    CHECK_THROWS_AS((swarm{quadratic{.dimension = 300'000}, mean{}, attack, {.peers = 2, .byzantine = {1}}}),
                    contract_violation);
    check_size(delayed_gradient{.delay = 3, .memory = 1}, 1 << 16); // exactly
    CHECK_THROWS_AS(check_size(delayed_gradient{.delay = 3, .memory = 1}, (1 << 16) + 1), contract_violation);
    delayed_gradient late{.memory = 0};
    CHECK_THROWS_AS(watch_gradient(late, {}, floats(5)), contract_violation);
}

TEST_CASE(
    "delayed_gradient: seven of sixteen keep the mean from settling, and not Krum, which leaves them out") {
    delayed_gradient const attack{.delay = 20};
    double const calm = loss_under(mean{}, honest{});
    CHECK(loss_under(mean{}, attack) > 100 * calm);
    CHECK(loss_under(krum{.byzantine = 7}, attack) < 20 * calm);
}

TEST_CASE("delayed_gradient: a copy of a swarm remembers what the swarm remembers") {
    swarm run{
        quadratic{.dimension = 20}, mean{}, delayed_gradient{.delay = 4}, {.peers = 4, .byzantine = {3}}};
    run.train(6);
    auto copy = run;
    run.train(5);
    copy.train(5);
    CHECK(floats(run.parameters().begin(), run.parameters().end()) ==
          floats(copy.parameters().begin(), copy.parameters().end()));
}

TEST_CASE("delayed_gradient: gradients that are computed again have the bits of those that were kept") {
    auto const parameters = [](std::size_t start, std::size_t every, swarm_options options) {
        std::vector<floats> both;
        for (bool const replay : {false, true}) {
            swarm run{quadratic{.dimension = 30, .noise = 1},
                      centered_clip{.tau = 3},
                      scheduled{delayed_gradient{.delay = 4, .replay = replay},
                                {.start = start, .every = every}},
                      options};
            run.train(start + 11); // the copies attack too, with gradients of copies of theirs
            auto copy = run;
            copy.train(6);
            both.emplace_back(copy.parameters().begin(), copy.parameters().end());
        }
        CHECK(both[0] == both[1]);
        return both[0];
    };
    swarm_options const few{.peers = 6, .byzantine = {1, 4}};
    auto const early = parameters(0, 1, few);
    CHECK(parameters(9, 1, few) != early);
    CHECK(parameters(9, 3, few) != early);
    CHECK(parameters(9, 1, {.peers = 6, .byzantine = {1, 4}, .bans = bans::simulated}) != early);
    CHECK(parameters(7, 1,
                     {.peers = 6,
                      .byzantine = {1, 4},
                      .optimizer = lamb{},
                      .clip_gradient = 2.f,
                      .worker_momentum = worker_momentum{}}) != early);
}

TEST_CASE(
    "delayed_gradient: what is computed again takes no memory of the attackers, and begins where it is set") {
    delayed_gradient const attack{.delay = 1'000, .replay = true};
    CHECK(memory_of(attack, 11'173'962) == 0);
    check_size(attack, 11'173'962);
    CHECK(steps_back(scheduled{attack, {}}) == 1'000);
    CHECK(steps_back(delayed_gradient{}) == 0);
    CHECK(testing::broken_laws(attack) == "");

    auto const trained = [](bool replay) { // set in the midst of a run: nothing before that can be computed again
        swarm run{quadratic{.dimension = 20},
                  mean{},
                  scheduled{delayed_gradient{.delay = 3}, {.start = 99}},
                  {.peers = 4, .byzantine = {3}}};
        run.train(5);
        run.set_attack({delayed_gradient{.delay = 3, .replay = replay}, {}});
        std::vector<std::size_t> attacking;
        run.train(6, [&](step_report const& now) { attacking.push_back(now.attacking); });
        CHECK(attacking == std::vector<std::size_t>{0, 0, 0, 1, 1, 1});
        return floats(run.parameters().begin(), run.parameters().end());
    };
    CHECK(trained(true) == trained(false));

    swarm run{quadratic{.dimension = 20},
              mean{},
              any_attack{delayed_gradient{.delay = 3, .replay = true}},
              {.peers = 4, .byzantine = {3}}};
    run.train(5);
    run.set_bans(bans::none); // the swarm of before had, as far as it knows, other bans
    std::vector<std::size_t> attacking;
    run.train(4, [&](step_report const& now) { attacking.push_back(now.attacking); });
    CHECK(attacking == std::vector<std::size_t>{0, 0, 0, 1});
}
static_assert(looks_back<scheduled<delayed_gradient>> && looks_back<any_attack>);
static_assert(!looks_back<scheduled<sign_flip>> && !looks_back<honest>);

TEST_CASE("delayed_gradient: its text, in which its memories are not") {
    delayed_gradient attack{.delay = 2};
    (void)sent(attack, 0, 3);
    CHECK(to_text(attack) == "delayed_gradient{.delay = 2, .memory = 1024, .replay = false}");
    CHECK(parse<delayed_gradient>("delayed_gradient{.delay = 5}") == delayed_gradient{.delay = 5});
    CHECK_THROWS_WITH_AS(validate(delayed_gradient{.delay = 0}), "delay is 0, it must be 1 or more",
                         contract_violation);
}
