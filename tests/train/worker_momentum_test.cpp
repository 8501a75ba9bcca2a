// SPDX-License-Identifier: Apache-2.0
#include <btard/core/policy_text.hpp>
#include <btard/core/random.hpp>
#include <btard/train/worker_momentum.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <vector>

using namespace btard;
using floats = std::vector<float>;

TEST_CASE("worker_momentum: m <- beta m + (1 - beta) g, or + g, and the peer sends m") {
    floats m(2), g{8, -4};
    worker_momentum const average{.beta = 0.75f};
    average.step(m, g);
    CHECK(g == floats{2, -1});
    g = {0, 4};
    average.step(m, g);
    CHECK(g == floats{1.5f, 0.25f});
    CHECK(m == g);

    floats sum(1), h{8};
    worker_momentum const adding{.beta = 0.75f, .form = momentum_form::sum};
    adding.step(sum, h);
    CHECK(h == floats{8}); // the first gradient itself
    h = {1};
    adding.step(sum, h);
    CHECK(h == floats{7});
}

TEST_CASE("worker_momentum: noise of variance 1 falls to (1 - beta) / (1 + beta)") {
    random_stream random({5, 0});
    floats m(1'000), g(1'000);
    for (int step = 0; step < 200; ++step) {
        for (float& x : g) x = static_cast<float>(random.normal());
        worker_momentum{.beta = 0.9f}.step(m, g);
    }
    double squares = 0;
    for (float const x : m) squares += double{x} * double{x};
    double const right = 0.1 / 1.9;
    CHECK(std::abs(squares / 1'000 - right) < 4 * right * std::sqrt(2.0 / 1'000));
}

TEST_CASE("worker_momentum: its text, and what makes no sense") {
    CHECK(to_text(worker_momentum{}) == "worker_momentum{.beta = 0.9, .form = average}");
    CHECK(parse<worker_momentum>("{.form = sum}") == worker_momentum{.form = momentum_form::sum});
    CHECK_THROWS_WITH_AS(validate(worker_momentum{.beta = -1}), "beta is -1, it must be in [0, 1)",
                         contract_violation);
    floats m(2), g(3);
    CHECK_THROWS_WITH_AS(worker_momentum{}.step(m, g), "the momentum has 2 elements, the gradient 3",
                         contract_violation);
}
