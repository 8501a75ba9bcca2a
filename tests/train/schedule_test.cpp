// SPDX-License-Identifier: Apache-2.0
#include <btard/core/policy_text.hpp>
#include <btard/train/schedule.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>

using namespace btard;

TEST_CASE("constant_rate: one, always") {
    CHECK(constant_rate{}.factor(0) == 1);
    CHECK(constant_rate{}.factor(1'000'000) == 1);
}

TEST_CASE("linear_decay: up to one in the warm-up, down to zero at the end, zero after it") {
    linear_decay const rate{.warm_up = 4, .total = 12};
    CHECK(rate.factor(0) == 0.25);
    CHECK(rate.factor(3) == 1);
    CHECK(rate.factor(4) == 1);
    CHECK(rate.factor(6) == 0.75);
    CHECK(rate.factor(11) == 0.125);
    CHECK(rate.factor(12) == 0);
    CHECK(rate.factor(99) == 0);
    CHECK(linear_decay{.warm_up = 0, .total = 2}.factor(0) == 1);
}

TEST_CASE("cosine_decay: half a period of a cosine, to the last digit") {
    cosine_decay const rate{.warm_up = 10, .total = 1'010};
    CHECK(rate.factor(4) == 0.5);
    CHECK(rate.factor(10) == doctest::Approx(1).epsilon(1e-15));
    CHECK(rate.factor(1'010) == 0);
    for (std::size_t step = 10; step <= 1'010; ++step) {
        double const cosine = std::cos(3.14159265358979323846 * double(step - 10) / 1'000);
        CHECK(std::abs(rate.factor(step) - (1 + cosine) / 2) < 1e-15);
    }
}

TEST_CASE("learning_rate_schedule: one of them, chosen by its text") {
    auto const rate = parse<learning_rate_schedule>("cosine_decay{.total = 100}");
    CHECK(rate == learning_rate_schedule{cosine_decay{.warm_up = 0, .total = 100}});
    CHECK(factor_at(rate, 50) == doctest::Approx(0.5));
    CHECK(factor_at(parse<learning_rate_schedule>("constant_rate"), 50) == 1);
    CHECK(to_text(learning_rate_schedule{linear_decay{}}) ==
          "linear_decay{.warm_up = 5000, .total = 125000}");
}

TEST_CASE("continued_schedule: a run that goes on after some steps has the rates that come then") {
    linear_decay const all{.warm_up = 4, .total = 10};
    for (std::size_t const step : {0, 1, 5}) CHECK(factor_at(continued_schedule(all, 3), step) == all.factor(step + 3));
}

TEST_CASE("learning_rate_schedule: a warm-up longer than the run is refused") {
    CHECK_THROWS_WITH_AS(validate(linear_decay{.warm_up = 7, .total = 7}),
                         "total is 7, it must be more than the 7 steps of warm_up", contract_violation);
    CHECK_THROWS_AS(validate(learning_rate_schedule{cosine_decay{.warm_up = 2, .total = 1}}),
                    contract_violation);
}
