// SPDX-License-Identifier: Apache-2.0
#include <btard/core/policy_text.hpp>
#include <btard/core/random.hpp>
#include <btard/train/sgd.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <vector>

using namespace btard;

TEST_CASE("sgd: the first step is minus the rate times the gradient") {
    std::vector<float> parameters{1, 2, 3};
    std::vector<float> const gradient{1, 0, -2};
    auto state = sgd::start(3);
    sgd{.learning_rate = 0.5f}.step(state, {}, gradient, parameters, 1, 1);
    CHECK(parameters == std::vector<float>{0.5f, 2, 4});
    sgd{.learning_rate = 0.5f}.step(state, {}, gradient, parameters, 0.5, 1);
    CHECK(parameters == std::vector<float>{0.25f, 2, 4.5f});
}

TEST_CASE("sgd: the same bits for any number of threads, each element rounded once") {
    std::size_t const n = 200'000;
    random_stream random({1, 0});
    std::vector<float> gradient(n), start(n);
    for (auto& g : gradient) g = static_cast<float>(random.normal());
    for (auto& p : start) p = static_cast<float>(random.normal());
    auto const after = [&](std::size_t threads) {
        auto parameters = start;
        auto state = sgd::start(n);
        sgd{.learning_rate = 0.3f}.step(state, {}, gradient, parameters, 0.7, threads);
        return parameters;
    };
    auto const one = after(1);
    float const rate = static_cast<float>(0.3f * 0.7);
    for (std::size_t k = 0; k < n; ++k)
        REQUIRE(one[k] == static_cast<float>(std::fma(-double{rate}, double{gradient[k]}, double{start[k]})));
    CHECK(after(2) == one);
    CHECK(after(3) == one);
}

TEST_CASE("sgd: lengths that differ, and values that make no sense, are refused") {
    std::vector<float> parameters(3);
    std::vector<float> const gradient(2);
    auto state = sgd::start(3);
    CHECK_THROWS_WITH_AS(sgd{}.step(state, {}, gradient, parameters, 1, 1),
                         "the gradient has 2 elements, there are 3 parameters", contract_violation);
    CHECK_THROWS_WITH_AS(validate(sgd{.learning_rate = -1}),
                         "learning_rate is -1, it must be finite and not negative", contract_violation);
}
