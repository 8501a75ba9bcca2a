// SPDX-License-Identifier: Apache-2.0
#include <btard/core/norm.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

using namespace btard;

TEST_CASE("norm: the length of 3, 4 is 5, and of nothing 0") {
    CHECK(norm(std::vector<float>{3, 4}) == 5);
    CHECK(norm(std::vector<float>{}) == 0);
}

TEST_CASE("norm: every element counts once, whatever the length") {
    for (std::size_t n = 0; n < 70; ++n) CHECK(squared_norm(std::vector<float>(n, 2.0f)) == 4.0 * double(n));
}

TEST_CASE("norm: squares that a float cannot hold are neither infinite nor zero") {
    CHECK(norm(std::vector<float>{3e30f, 4e30f}) == doctest::Approx(5e30).epsilon(1e-6));
    CHECK(norm(std::vector<float>{3e-30f, 4e-30f}) == doctest::Approx(5e-30).epsilon(1e-6));
    CHECK(std::isnan(norm(std::vector<float>{1, std::numeric_limits<float>::quiet_NaN()})));
}
