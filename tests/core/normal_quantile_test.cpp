// SPDX-License-Identifier: Apache-2.0
#include <btard/core/error.hpp>
#include <btard/core/normal_quantile.hpp>

#include <doctest/doctest.h>

#include <cmath>

using namespace btard;

TEST_CASE("normal_quantile: the values of the tables, to 15 digits, in the centre and in the tails") {
    CHECK(normal_quantile(0.5) == 0);
    struct {
        double p, z;
    } const known[]{{0.75, 0.6744897501960817},  {7.0 / 9, 0.7647096737863872},
                    {0.925, 1.439531470938456},  {0.984375, 2.1538746940614555},
                    {0.999, 3.090232306167813},  {1e-9, -5.9978070150076865},
                    {1e-300, -37.0470962993612}, {0.05, -1.6448536269514726},
                    {0.02, -2.0537489106318225}, {1.0 / 3, -0.43072729929545744}};
    for (auto const& [p, z] : known) CHECK(std::abs(normal_quantile(p) - z) <= 2e-15 * std::abs(z));
}

TEST_CASE("normal_quantile: the inverse of the distribution, and odd around one half") {
    for (double p = 1.0 / 1'024; p < 0.5; p += 1.0 / 1'024) {
        double const z = normal_quantile(p);
        CHECK(std::erfc(-z / std::sqrt(2.0)) / 2 == doctest::Approx(p).epsilon(1e-13));
        CHECK(normal_quantile(1 - p) == doctest::Approx(-z).epsilon(1e-15));
    }
}

TEST_CASE("normal_quantile: no probability, no quantile") {
    CHECK_THROWS_WITH_AS((void)normal_quantile(0), "p is 0, it must be between 0 and 1", contract_violation);
    CHECK_THROWS_AS((void)normal_quantile(1), contract_violation);
    CHECK_THROWS_AS((void)normal_quantile(std::nan("")), contract_violation);
}
