// SPDX-License-Identifier: Apache-2.0
#include <btard/core/policy_text.hpp>
#include <btard/train/any_learnable.hpp>
#include <btard/train/quadratic.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

using namespace btard;

TEST_CASE("quadratic: the loss at the bottom is zero, and so is the gradient without noise") {
    quadratic task{.dimension = 20, .noise = 0};
    std::vector<float> bottom(20), gradient(20, 7.0f);
    task.optimum(bottom);
    CHECK(task.evaluate(bottom) == 0);
    CHECK(task.gradient(bottom, {1, 2}, {}, gradient) == 0);
    CHECK(std::all_of(gradient.begin(), gradient.end(), [](float g) { return g == 0; }));
    CHECK(std::all_of(bottom.begin(), bottom.end(), [](float o) { return o >= -1 && o < 1; }));
}

TEST_CASE("quadratic: the gradient is the slope of the loss that is returned with it") {
    quadratic task{.dimension = 12, .noise = 0.3f, .condition = 4};
    std::vector<float> x(12), gradient(12), unused(12);
    task.initialize({3, 0}, x);
    task.gradient(x, {5, 0}, {}, gradient);
    for (std::size_t k = 0; k < 12; ++k) {
        auto ahead = x, behind = x;
        ahead[k] += 0.25f;
        behind[k] -= 0.25f;
        double const rise =
            task.gradient(ahead, {5, 0}, {}, unused) - task.gradient(behind, {5, 0}, {}, unused);
        CHECK(gradient[k] == doctest::Approx(rise / (double{ahead[k]} - behind[k])).epsilon(1e-5));
    }
}

TEST_CASE("quadratic: the curvatures go from 1 / condition to 1") {
    quadratic task{.dimension = 5, .noise = 0, .condition = 4};
    std::vector<float> x(5), gradient(5);
    task.optimum(x);
    for (float& each : x) each += 1;
    task.gradient(x, {}, {}, gradient);
    CHECK(gradient.front() == doctest::Approx(0.25).epsilon(1e-5));
    CHECK(gradient[2] == doctest::Approx(0.625).epsilon(1e-5));
    CHECK(gradient.back() == doctest::Approx(1).epsilon(1e-5));
}

TEST_CASE("quadratic: the noise has the deviation asked for, and is another for another seed only") {
    quadratic task{.dimension = 10'000, .noise = 0.5f};
    std::vector<float> bottom(10'000), gradient(10'000), again(10'000), other(10'000);
    task.optimum(bottom);
    task.gradient(bottom, {1, 0}, {}, gradient);
    task.gradient(bottom, {1, 0}, {}, again);
    task.gradient(bottom, {2, 0}, {}, other);
    double square = 0;
    for (float const g : gradient) square += double{g} * g;
    CHECK(std::sqrt(square / 10'000) == doctest::Approx(0.5).epsilon(0.03));
    CHECK(gradient == again);
    CHECK(gradient != other);
}

TEST_CASE("quadratic: each problem has a bottom of its own") {
    std::vector<float> one(8), other(8);
    quadratic{.dimension = 8}.optimum(one);
    quadratic{.dimension = 8, .problem = 1}.optimum(other);
    CHECK(one != other);
}

TEST_CASE("quadratic: its tensors follow each other and cover all parameters") {
    for (std::size_t const dimension : {1u, 3u, 4u, 1'000u}) {
        std::size_t next = 0;
        for (auto const& tensor : quadratic{.dimension = dimension}.layout()) {
            CHECK(tensor.offset == next);
            CHECK(tensor.size > 0);
            CHECK(tensor.shape == std::vector<std::size_t>{tensor.size});
            next += tensor.size;
        }
        CHECK(next == dimension);
    }
    CHECK(quadratic{}.layout().front().decays);
    CHECK_FALSE(quadratic{}.layout().back().decays);
}

TEST_CASE("quadratic: any_learnable keeps the tensors that a task makes when asked") {
    any_learnable const task = quadratic{.dimension = 8};
    any_learnable const copy = task;
    CHECK(layout_of(copy) == quadratic{.dimension = 8}.layout());
    CHECK(copy.layout()[1].name == "bias");
    CHECK(copy.size() == 8);
}

TEST_CASE("quadratic: its text, and values that make no sense") {
    CHECK(to_text(quadratic{}) ==
          "quadratic{.dimension = 1000, .noise = 0.1, .condition = 10, .problem = 0}");
    CHECK(parse<quadratic>("quadratic{.dimension = 1'000, .noise = 0.1f}") == quadratic{});
    CHECK_THROWS_WITH_AS(validate(quadratic{.dimension = 0}), "dimension is 0, it must be 1 or more",
                         contract_violation);
    CHECK_THROWS_AS(validate(quadratic{.noise = -1}), contract_violation);
    CHECK_THROWS_AS(validate(quadratic{.condition = 0.5f}), contract_violation);
}
