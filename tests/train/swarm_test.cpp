// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/centered_clip.hpp>
#include <btard/aggregate/mean.hpp>
#include <btard/attack/any_attack.hpp>
#include <btard/attack/label_flip.hpp>
#include <btard/attack/scheduled.hpp>
#include <btard/attack/sign_flip.hpp>
#include <btard/core/policy_text.hpp>
#include <btard/train/quadratic.hpp>
#include <btard/train/swarm.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

using namespace btard;

namespace {

using floats = std::vector<float>;
floats parameters_of(auto const& run) { return {run.parameters().begin(), run.parameters().end()}; }

/// Loss by step of a whole run.
std::vector<double> losses(auto run, std::size_t steps) {
    std::vector<double> all;
    run.train(steps, [&](step_report const& r) { all.push_back(r.loss); });
    return all;
}

/// The program of the documentation.
auto documented(auto rule) {
    auto task = quadratic{.dimension = 1'000, .noise = 0.1f};
    auto attack = scheduled{sign_flip{.scale = 1'000}, {.start = 100}};
    return swarm{task, rule, attack, {.peers = 16, .byzantine = {3, 7, 11}}};
}

std::vector<std::size_t> const first_seven{0, 1, 2, 3, 4, 5, 6};

/// A rule of a user: the row of one peer.
struct copies_row {
    std::size_t peer = 0;
    aggregation_report operator()(matrix_view<float const> rows, std::span<double const>,
                                  std::span<float> out) const {
        std::copy(rows.row(peer).begin(), rows.row(peer).end(), out.begin());
        return {};
    }
};

/// A rule that starts at the last result.
struct counts_up {
    aggregation_report operator()(matrix_view<float const>, std::span<double const>,
                                  std::span<float> out) const {
        for (float& v : out) v += 1;
        return {};
    }
};

} // namespace

static_assert(std::copyable<swarm<quadratic, mean, sign_flip>>);

TEST_CASE("swarm: the mean explodes soon after the attack begins, centered_clip does not") {
    auto const exploding = losses(documented(mean{}), 120),
               holding = losses(documented(centered_clip{.tau = 1}), 200);
    CHECK(exploding[99] < 1);
    CHECK(exploding[110] > 1e6);
    CHECK(holding[99] < 1);
    CHECK(*std::max_element(holding.begin() + 100, holding.end()) < 1);
}

TEST_CASE("swarm: without attackers it goes down to the bottom") {
    swarm run{quadratic{.dimension = 100}, mean{}, honest{}, {.peers = 4}};
    double const before = run.evaluate();
    run.train(200);
    CHECK(run.evaluate() < before / 1'000);
    CHECK(run.step() == 200);
}

TEST_CASE("swarm: after an explosion it goes on: what is not finite is data") {
    swarm run{quadratic{.dimension = 10},
              mean{},
              sign_flip{},
              {.peers = 4, .byzantine = {1}, .optimizer = sgd{1e30f}}};
    bool lost = false;
    std::size_t left_out = 0;
    CHECK(run.train(50, [&](step_report const& r) {
        lost = lost || !std::isfinite(r.loss);
        left_out = std::max(left_out, r.aggregation.not_finite.size());
    }) == 50);
    CHECK(lost);
    CHECK(left_out >= 1);
    CHECK_FALSE(std::isfinite(run.evaluate()));
}

TEST_CASE("swarm: the same bits for any number of threads") {
    auto const after = [](std::size_t threads) {
        std::vector<double> history;
        swarm run{quadratic{.dimension = 500},
                  centered_clip{.tau = 0.5f},
                  scheduled{sign_flip{}, {.start = 5, .probability = 0.7}},
                  {.peers = 9,
                   .byzantine = {0, 4, 8},
                   .seed = 3,
                   .threads = threads,
                   .optimizer = lamb{.learning_rate = 0.05f},
                   .schedule = linear_decay{.warm_up = 5, .total = 60},
                   .clip_gradient = 4.0f,
                   .worker_momentum = worker_momentum{.beta = 0.5f},
                   .bans = bans::simulated,
                   .parts = 5}};
        run.train(40, [&](step_report const& r) {
            history.push_back(r.loss);
            history.push_back(r.aggregate_norm);
            history.push_back(double(r.byzantine));
        });
        for (float const p : run.parameters()) history.push_back(p);
        return history;
    };
    auto const one = after(1);
    CHECK(after(2) == one);
    CHECK(after(3) == one);
    CHECK(after(0) == one);
}

TEST_CASE("swarm: the seed is everything: the same one repeats the run, another one does not") {
    auto const after = [](std::uint64_t seed) {
        swarm run{quadratic{.dimension = 30}, mean{}, honest{}, {.peers = 3, .seed = seed}};
        run.train(10);
        return parameters_of(run);
    };
    CHECK(after(1) == after(1));
    CHECK(after(1) != after(2));
}

TEST_CASE("swarm: no two peers, and no two steps, have the same samples") {
    swarm one{quadratic{.dimension = 30}, copies_row{0}, honest{}, {.peers = 2}};
    swarm other{quadratic{.dimension = 30}, copies_row{1}, honest{}, {.peers = 2}};
    std::vector<floats> seen;
    for (int step = 0; step < 2; ++step) {
        one.train(1);
        other.train(1);
        seen.emplace_back(one.aggregate().begin(), one.aggregate().end());
        seen.emplace_back(other.aggregate().begin(), other.aggregate().end());
    }
    std::sort(seen.begin(), seen.end());
    CHECK(std::unique(seen.begin(), seen.end()) == seen.end());
}

TEST_CASE("swarm: a copy goes on by itself, and shares what came before") {
    auto run = documented(centered_clip{.tau = 1});
    run.train(50);
    auto copy = run;
    CHECK(parameters_of(copy) == parameters_of(run));
    run.train(10);
    CHECK(parameters_of(copy) != parameters_of(run));
    copy.train(10);
    CHECK(parameters_of(copy) == parameters_of(run));
}

TEST_CASE("swarm: runs with different attacks are the same until the first attack begins") {
    auto const task = quadratic{.dimension = 50};
    swarm_options const options{.peers = 6, .byzantine = {2}};
    scheduled const attack{sign_flip{}, {.start = 20}};
    swarm attacked{task, mean{}, any_attack{attack}, options},
        calm{task, mean{}, any_attack{honest{}}, options};
    attacked.train(first_step(attack));
    calm.train(20);
    CHECK(parameters_of(attacked) == parameters_of(calm));
    calm.set_attack(any_attack{attack});
    attacked.train(3);
    calm.train(3);
    CHECK(parameters_of(attacked) == parameters_of(calm));
    calm.set_attack(any_attack{honest{}});
    attacked.train(1);
    calm.train(1);
    CHECK(parameters_of(attacked) != parameters_of(calm));
}

TEST_CASE("swarm: an observer that returns false ends the training, one that returns nothing does not") {
    swarm run{quadratic{.dimension = 5}, mean{}, honest{}, {.peers = 2}};
    CHECK(run.train(10, [](step_report const& r) { return r.step < 3; }) == 4);
    CHECK(run.step() == 4);
    CHECK(run.train(10, [](step_report const&) {}) == 10);
    CHECK(run.train(0) == 0);
    CHECK(run.step() == 14);
}

TEST_CASE("swarm: the report counts peers, attacks and the loss of the honest ones") {
    swarm run{quadratic{.dimension = 5, .noise = 0},
              mean{},
              scheduled{sign_flip{}, {.start = 1}},
              {.peers = 5, .byzantine = {4, 1}, .schedule = linear_decay{.warm_up = 4, .total = 10}}};
    std::vector<step_report> reports;
    double const before = run.evaluate();
    run.train(2, [&](step_report const& r) { reports.push_back(r); });
    CHECK(reports[0].step == 0);
    CHECK(reports[0].loss ==
          doctest::Approx(before)); // no noise: every peer has the same loss, before the step
    CHECK(reports[0].attacking == 0);
    CHECK(reports[0].learning_rate_factor == 0.25);
    CHECK(reports[1].attacking == 2);
    CHECK(reports[1].honest == 3);
    CHECK(reports[1].byzantine == 2);
    CHECK(reports[1].banned.empty());
    CHECK(reports[1].aggregation.rows_used == 5);
    CHECK(reports[1].aggregate_norm == doctest::Approx(norm(run.aggregate())));
}

TEST_CASE("swarm: bans remove attackers only, only after they attacked, and all of them in the end") {
    swarm run{quadratic{.dimension = 3},
              centered_clip{.tau = 1},
              scheduled{sign_flip{}, {.start = 10}},
              {.byzantine = first_seven, .bans = bans::simulated}};
    std::vector<std::size_t> banned;
    run.train(400, [&](step_report const& r) {
        if (r.step < 10) CHECK(r.banned.empty());
        CHECK(r.honest == 9);
        banned.insert(banned.end(), r.banned.begin(), r.banned.end());
        CHECK(r.byzantine == 7 - banned.size());
        CHECK(r.aggregation.rows_used >= 9 + r.byzantine); // a row banned at this step was still used
    });
    std::sort(banned.begin(), banned.end());
    CHECK(banned == first_seven);
    CHECK(run.byzantine().empty());
}

TEST_CASE("swarm: an attacker is found out with probability (n-b)/n/(n-1) at each attack") {
    swarm_options const options{.peers = 16, .byzantine = first_seven};
    CHECK(options.check_probability() == doctest::Approx(0.0375));
    CHECK(swarm_options{.peers = 1}.check_probability() == 0);

    double attacks = 0, found = 0;
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        swarm run{quadratic{.dimension = 1},
                  mean{},
                  sign_flip{.scale = 1},
                  {.byzantine = first_seven, .seed = seed, .bans = bans::simulated}};
        run.train(100, [&](step_report const& r) {
            attacks += double(r.attacking);
            found += double(r.banned.size());
        });
    }
    CHECK(std::abs(found - 0.0375 * attacks) < 4 * std::sqrt(0.0375 * attacks));
}

TEST_CASE("swarm: a run with bans shares its steps with one without, until the first ban") {
    auto const make = [](bans mode) {
        return swarm{quadratic{.dimension = 20},
                     centered_clip{.tau = 1},
                     scheduled{sign_flip{}, {.start = 5}},
                     {.byzantine = first_seven, .bans = mode}};
    };
    auto with = make(bans::none);
    with.train(5);
    with.set_bans(bans::simulated);
    auto all_along = make(bans::simulated);
    all_along.train(5);
    with.train(60);
    all_along.train(60);
    CHECK(parameters_of(with) == parameters_of(all_along));
    CHECK(with.byzantine().size() < 7);
}

TEST_CASE("swarm: an attacker sees the honest gradients of this step, its accomplices and the layout") {
    struct spy {
        void corrupt_gradient(attack_context const& at, std::span<float> gradient) const {
            bool const right =
                at.honest.rows() == 3 && at.honest.cols() == 8 && at.self == 1 &&
                std::equal(at.accomplices.begin(), at.accomplices.end(), std::begin({1ul, 2ul})) &&
                at.layout.size() == 2;
            for (std::size_t k = 0; k < gradient.size(); ++k) gradient[k] = right ? at.honest(1, k) : 99;
        }
    };
    // Honest are 0, 3, 4: row 1 of what the spy sees is peer 3.
    swarm_options const options{.peers = 5, .byzantine = {2, 1}};
    swarm spied{quadratic{.dimension = 8}, copies_row{1}, spy{}, options};
    swarm copied{quadratic{.dimension = 8}, copies_row{3}, spy{}, options};
    spied.train(1);
    copied.train(1);
    CHECK(floats(spied.aggregate().begin(), spied.aggregate().end()) ==
          floats(copied.aggregate().begin(), copied.aggregate().end()));
}

TEST_CASE("swarm: each attacker has a copy of the attack, which may remember things") {
    struct grows {
        float times = 0;
        void corrupt_gradient(attack_context const&, std::span<float> gradient) { gradient[0] = ++times; }
    };
    swarm run{quadratic{.dimension = 2}, copies_row{1}, grows{}, {.peers = 3, .byzantine = {0, 1}}};
    run.train(3);
    CHECK(run.aggregate()[0] == 3);
}

TEST_CASE("swarm: a rule that starts at what is given gets the last aggregate, zeros at first") {
    swarm run{quadratic{.dimension = 4}, counts_up{}, honest{}, {.peers = 2}};
    run.train(3);
    CHECK(floats(run.aggregate().begin(), run.aggregate().end()) == floats(4, 3.0f));
}

TEST_CASE("swarm: peers shorten their gradients, before an attack makes them long") {
    swarm run{quadratic{.dimension = 30},
              copies_row{0},
              sign_flip{.scale = 10},
              {.peers = 2, .byzantine = {1}, .clip_gradient = 0.5f}};
    swarm attacker{quadratic{.dimension = 30},
                   copies_row{1},
                   sign_flip{.scale = 10},
                   {.peers = 2, .byzantine = {1}, .clip_gradient = 0.5f}};
    run.train(1);
    attacker.train(1);
    CHECK(norm(run.aggregate()) == doctest::Approx(0.5).epsilon(1e-6));
    CHECK(norm(attacker.aggregate()) == doctest::Approx(5).epsilon(1e-6));
}

TEST_CASE("swarm: with worker momentum, what attackers and rules see is the running mean of each peer") {
    quadratic const task{.dimension = 6};
    for (auto const form : {momentum_form::average, momentum_form::sum}) {
        swarm_options const options{.peers = 3,
                                    .byzantine = {2},
                                    .optimizer = sgd{.learning_rate = 0}, // stay where you are
                                    .clip_gradient = 0.5f};
        auto remembering = options;
        remembering.worker_momentum = worker_momentum{.beta = 0.75f, .form = form};
        for (std::size_t const peer : {0u, 2u}) { // an honest one, and an attacker that doubles what it has
            swarm plain{task, copies_row{peer}, sign_flip{.scale = -2}, options};
            swarm with{task, copies_row{peer}, sign_flip{.scale = -2}, remembering};
            std::vector<double> mean(6);
            double const take = form == momentum_form::average ? 0.25 : 1;
            for (int step = 0; step < 5; ++step) {
                plain.train(1);
                with.train(1);
                for (std::size_t k = 0; k < 6; ++k) {
                    mean[k] = 0.75 * mean[k] + take * plain.aggregate()[k];
                    CHECK(with.aggregate()[k] == doctest::Approx(mean[k]).epsilon(1e-6));
                }
            }
        }
    }
}

TEST_CASE(
    "swarm: an attacker that asks sees what all attackers computed, and one that does not sees nothing") {
    struct sends_last_accomplice { // of two: the second one's own gradient
        bool asks = true;
        bool reads_accomplices() const { return asks; }
        void corrupt_gradient(attack_context const& at, std::span<float> gradient) const {
            for (std::size_t k = 0; k < gradient.size(); ++k)
                gradient[k] = at.colluding.rows() == 2 ? at.colluding(1, k) : 77;
        }
    };
    swarm_options const options{.peers = 4, .byzantine = {3, 1}};
    for (std::size_t const peer : {1u, 3u}) {
        swarm honest_run{quadratic{.dimension = 5}, copies_row{3}, honest{}, options};
        swarm asking{quadratic{.dimension = 5}, copies_row{peer}, sends_last_accomplice{}, options};
        swarm not_asking{quadratic{.dimension = 5}, copies_row{peer}, sends_last_accomplice{false}, options};
        honest_run.train(1);
        asking.train(1);
        not_asking.train(1);
        CHECK(floats(asking.aggregate().begin(), asking.aggregate().end()) ==
              floats(honest_run.aggregate().begin(), honest_run.aggregate().end()));
        CHECK(not_asking.aggregate()[0] == 77);
    }
}

TEST_CASE("swarm: attackers that remember are found to attack only when they do") {
    swarm run{quadratic{.dimension = 5},
              mean{},
              scheduled{delayed_gradient{.delay = 3}, {.start = 5}},
              {.peers = 4, .byzantine = {0, 2}}};
    std::vector<std::size_t> attacking;
    run.train(7, [&](step_report const& r) { attacking.push_back(r.attacking); });
    CHECK(attacking == std::vector<std::size_t>{0, 0, 0, 0, 0, 2, 2});

    run.set_attack({delayed_gradient{.delay = 3}, {.start = 5}}); // one that has seen nothing yet
    attacking.clear();
    run.train(5, [&](step_report const& r) { attacking.push_back(r.attacking); });
    CHECK(attacking == std::vector<std::size_t>{0, 0, 0, 2, 2});
}

TEST_CASE("swarm: runs with and without a remembering attack share the steps until it must be there") {
    quadratic const task{.dimension = 20};
    swarm_options const options{.peers = 5, .byzantine = {1}};
    any_attack const attack = scheduled{delayed_gradient{.delay = 4}, {.start = 10}};
    swarm whole{task, mean{}, attack, options}, shared{task, mean{}, any_attack{}, options};
    whole.train(20);
    shared.train(first_step(attack));
    shared.set_attack(attack);
    shared.train(20 - shared.step());
    CHECK(parameters_of(whole) == parameters_of(shared));
}

TEST_CASE("swarm: false labels for attackers at the steps of the attack, true ones for all others") {
    struct shows_label { // its gradient is the label
        static std::size_t size() { return 1; }
        static std::vector<tensor_layout> layout() { return {{"label", 0, {1}, 1, true}}; }
        static bool labelled() { return true; }
        static void initialize(seed, std::span<float>) {}
        static double gradient(std::span<float const>, seed, labels_hook hook, std::span<float> out) {
            std::int64_t label = 2;
            hook(std::span(&label, 1), 10);
            out[0] = static_cast<float>(label);
            return 0;
        }
        static double evaluate(std::span<float const>) { return 0; }
    };
    scheduled const attack{label_flip{}, {.start = 1}};
    swarm honest_row{shows_label{}, copies_row{0}, attack, {.peers = 2, .byzantine = {1}}};
    swarm false_row{shows_label{}, copies_row{1}, attack, {.peers = 2, .byzantine = {1}}};
    std::vector<float> seen;
    for (int step = 0; step < 2; ++step) {
        honest_row.train(1);
        false_row.train(1);
        seen.push_back(honest_row.aggregate()[0]);
        seen.push_back(false_row.aggregate()[0]);
    }
    CHECK(seen == floats{2, 2, 2, 7});
}

TEST_CASE("swarm: where peers have samples of their own, each gradient is asked for by its peer") {
    struct shows_peer { // its gradient is the number of the peer
        static std::size_t size() { return 1; }
        static std::vector<tensor_layout> layout() { return {{"peer", 0, {1}, 1, true}}; }
        static bool labelled() { return false; }
        static void initialize(seed, std::span<float> out) { out[0] = 0; }
        static double gradient(std::span<float const>, seed, labels_hook, std::span<float> out) {
            out[0] = -1;
            return 0;
        }
        static double gradient_for(std::size_t peer, std::span<float const>, seed, labels_hook,
                                   std::span<float> out) {
            out[0] = float(peer);
            return double(peer);
        }
        static double evaluate(std::span<float const> p) { return p[0]; }
        static evaluation measure(std::span<float const> p) { return {.loss = p[0], .accuracy = 0.75}; }
    };
    static_assert(divided<shows_peer> && measurable<shows_peer>);
    static_assert(!divided<quadratic> && !measurable<quadratic>);
    swarm run{shows_peer{}, copies_row{2}, honest{}, {.peers = 4, .threads = 2}};
    run.train(1, [](step_report const& r) { CHECK(r.loss == 1.5); });
    CHECK(run.aggregate()[0] == 2);
    CHECK((run.measure() == evaluation{.loss = run.evaluate(), .accuracy = 0.75}));
    swarm plain{quadratic{.dimension = 3}, mean{}, honest{}, {.peers = 2}};
    CHECK((plain.measure() == evaluation{.loss = plain.evaluate()}));
}

TEST_CASE("swarm: what makes no sense is refused with the reason") {
    auto const make = [](swarm_options options) {
        return swarm{quadratic{.dimension = 4}, mean{}, sign_flip{}, std::move(options)};
    };
    CHECK_THROWS_WITH_AS(make({.peers = 0}), "peers is 0, it must be 1 or more", contract_violation);
    CHECK_THROWS_WITH_AS(make({.peers = 4, .byzantine = {4}}), "byzantine names peer 4, the last one is 3",
                         contract_violation);
    CHECK_THROWS_WITH_AS(make({.byzantine = {4, 1, 4}}), "byzantine names peer 4 twice", contract_violation);
    CHECK_THROWS_WITH_AS(make({.peers = 2, .byzantine = {0, 1}}),
                         "all 2 peers are byzantine, one must be honest", contract_violation);
    CHECK_THROWS_WITH_AS(make({.clip_gradient = -1.0f}), "clip_gradient is -1, it must be positive",
                         contract_violation);
    CHECK_THROWS_WITH_AS(make({.parts = 0}), "parts is 0, it must be 1 or more", contract_violation);
    CHECK_THROWS_AS(make({.optimizer = sgd{-1.0f}}), contract_violation);
    CHECK_THROWS_WITH_AS((swarm{quadratic{}, mean{}, label_flip{}}),
                         "the attack changes labels, the task has none", contract_violation);
    CHECK_THROWS_AS((swarm{quadratic{}, mean{}, scheduled{sign_flip{}, {.every = 0}}}), contract_violation);
    CHECK_THROWS_AS((swarm{quadratic{.dimension = 0}, mean{}, sign_flip{}}), contract_violation);
}

TEST_CASE("swarm_options: read from a text, field by field") {
    auto options =
        parse<swarm_options>("swarm{.byzantine = {3, 7, 11}, .optimizer = lamb{}, .bans = simulated}");
    set_field(options, "optimizer.learning_rate", "0.02");
    set_field(options, "worker_momentum.beta", "0.8");
    swarm_options const expected{.byzantine = {3, 7, 11},
                                 .optimizer = lamb{.learning_rate = 0.02f},
                                 .worker_momentum = worker_momentum{.beta = 0.8f},
                                 .bans = bans::simulated};
    CHECK(options == expected);
    CHECK(parse<swarm_options>("swarm{.worker_momentum = {.form = sum}}").worker_momentum ==
          worker_momentum{.form = momentum_form::sum});
    CHECK_FALSE(parse<swarm_options>("swarm{}").worker_momentum);
    CHECK_THROWS_WITH_AS(validate(parse<swarm_options>("swarm{.worker_momentum = {.beta = 1}}")),
                         "beta is 1, it must be in [0, 1)", contract_violation);
    CHECK(parse<swarm_options>(to_text(options)) == options);
}

TEST_CASE("swarm: tensors that leave parameters out, or cover one twice, are refused") {
    struct patchy {
        std::vector<tensor_layout> tensors;
        [[nodiscard]] std::size_t size() const { return 4; }
        [[nodiscard]] std::span<tensor_layout const> layout() const { return tensors; }
        [[nodiscard]] bool labelled() const { return false; }
        void initialize(seed, std::span<float>) {}
        double gradient(std::span<float const>, seed, labels_hook, std::span<float>) { return 0; }
        double evaluate(std::span<float const>) { return 0; }
    };
    auto const make = [](std::vector<tensor_layout> tensors) { swarm{patchy{std::move(tensors)}, mean{}, honest{}, {.peers = 2}}; };
    CHECK_NOTHROW(make({{"a", 0, {1}, 1, true}, {"b", 1, {3}, 3, true}}));
    CHECK_THROWS_WITH_AS(make({}), "the tensors of the layout cover 0 of 4 parameters", contract_violation);
    CHECK_THROWS_WITH_AS(make({{"a", 0, {3}, 3, true}}), "the tensors of the layout cover 3 of 4 parameters", contract_violation);
    CHECK_THROWS_WITH_AS(make({{"a", 0, {2}, 2, true}, {"b", 1, {3}, 3, true}}),
                         "the tensor b covers 3 parameters from 1 on; the one before ends at 2 of 4", contract_violation);
    CHECK_THROWS_AS(make({{"a", 0, {5}, 5, true}}), contract_violation);
}
