// SPDX-License-Identifier: Apache-2.0
#include "aggregate.hpp"
#include "train.hpp"

#include <btard/aggregate/aggregate.hpp>
#include <btard/aggregate/parts.hpp>
#include <btard/attack/scheduled.hpp>
#include <btard/testing/aggregator_laws.hpp>
#include <btard/testing/attack_laws.hpp>
#include <btard/testing/mixing_laws.hpp>
#include <btard/testing/true_residual.hpp>
#include <btard/train/any_learnable.hpp>
#include <btard/train/swarm.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

// Every template is used once with a type that has no more than its concept asks for: what compiles here asks
// for no more than it says.

using namespace btard;

namespace {

std::vector<float> const data{1, 2, 3, 3, 4, 8};
std::vector<double> const ones(3, 1.0);

template <class B, class A>
std::vector<float> result(B const& on, A const& rule) {
    std::vector<float> out(2);
    auto const report = aggregate(on, rule, matrix_view<float const>(data.data(), 3, 2),
                                  std::span<double const>(ones), std::span(out));
    CHECK(report.rows_used == 3);
    return out;
}

using floats = std::vector<float>;

} // namespace

TEST_CASE("archetypes: the front door, with every kind of rule and mixing, on the least backend") {
    archetype::backend const on(0);
    archetype::mixing const mixing(0);
    archetype::coefficient_rule const coefficient(0);
    archetype::coordinate_rule const coordinate(0);
    archetype::linear_rule const linear(0);
    CHECK(result(on, coefficient) == floats{8.0f / 3, 13.0f / 3});
    CHECK(result(on, coordinate) == floats{1, 2});
    CHECK(result(on, linear) == floats{1, 2});
    CHECK(result(on, archetype::row_rule(0)) == floats{1, 2});
    CHECK(result(on, mixed{mixing, coefficient}) == result(on, coefficient));
    CHECK(result(on, mixed{mixing, coordinate}) == floats{1, 2});
    CHECK(result(on, mixed{mixing, mixed{mixing, coefficient}}) == result(on, coefficient));
    CHECK(result(on, mixed{mixing, mixed{mixing, linear}}) == floats{1, 2});
    CHECK(result(on, mixed{composed{mixing, mixing}, linear}) == floats{1, 2});
    auto const report = aggregate(coefficient, matrix_view<float const>(data.data(), 3, 2)).report;
    static_assert(std::is_same_v<decltype(report), archetype::report const>);
}

TEST_CASE("archetypes: each part by itself, the laws, the true residual") {
    std::vector<float> out(2);
    aggregate_parts(host{1}, archetype::coordinate_rule(0), matrix_view<float const>(data.data(), 3, 2), ones,
                    std::span(out), partition(2, 2));
    CHECK(out == floats{1, 2});
    CHECK(testing::broken_laws(host{}, archetype::coefficient_rule(0)) == "");
    CHECK(testing::broken_laws(host{}, archetype::row_rule(0), {.any_order = false}) == "");
    CHECK(testing::broken_mixing_laws(host{}, archetype::mixing(0)) == "");
    testing::true_residual const f(archetype::verifiable_rule(0), {{{1}, {3}}, {1, 1}}, {2});
    CHECK(f.norm == 0);
    (void)require_verifiable<archetype::verifiable_rule>{};
}

TEST_CASE("archetypes: attacks, by themselves and on a schedule") {
    floats gradient{1, 2};
    std::vector<std::int64_t> labels{5};
    scheduled<archetype::gradient_attack> on_gradients{archetype::gradient_attack(0), {}};
    scheduled<archetype::labels_attack> on_labels{archetype::labels_attack(0), {}};
    corrupt_gradient(on_gradients, {}, gradient);
    corrupt_gradient(on_labels, {}, gradient);
    corrupt_labels(on_gradients, {}, labels, 10);
    corrupt_labels(on_labels, {}, labels, 10);
    CHECK(gradient == floats{7, 2});
    CHECK(labels[0] == 0);
    CHECK(acts_at(on_gradients, {}));
    CHECK(first_step(on_labels) == 0);
    CHECK(acts_on_labels(on_labels));
    CHECK(testing::broken_laws(archetype::copied_attack(0)) == "");
}

TEST_CASE("archetypes: a swarm of the least task, rule and attack") {
    archetype::learnable const task(0);
    CHECK(layout_of(task).size() == 1);
    any_learnable held(task);
    CHECK(held.size() == 3);
    swarm run{task,
              archetype::coordinate_rule(0),
              archetype::copied_attack(0),
              {.peers = 3, .byzantine = {1}, .threads = 2}};
    CHECK(run.train(2) == 2);
    swarm const copy = run;
    CHECK(copy.step() == 2);
    CHECK(run.evaluate() == double(run.parameters()[0]));
    swarm other{held, archetype::row_rule(0), honest{}, {.peers = 2}};
    CHECK(other.train(1) == 1);
}
