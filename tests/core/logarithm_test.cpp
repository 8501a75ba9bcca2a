// SPDX-License-Identifier: Apache-2.0
#include <btard/core/logarithm.hpp>

#include <doctest/doctest.h>

#include <cmath>

using namespace btard;

TEST_CASE("natural_log: that of libm, to the last digits, from the smallest number to the largest") {
    CHECK(natural_log(1) == 0);
    for (double x = 5e-324; x < 1e308; x *= 1.7)
        CHECK(natural_log(x) == doctest::Approx(std::log(x)).epsilon(4e-16));
    for (double x = 0.99; x < 1.01; x += 0.00037)
        CHECK(natural_log(x) == doctest::Approx(std::log(x)).epsilon(4e-16));
}
