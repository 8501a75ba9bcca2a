// SPDX-License-Identifier: Apache-2.0
#include <btard/attack/any_attack.hpp>
#include <btard/attack/presets.hpp>

#include "golden_rows.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

using namespace btard;
using floats = std::vector<float>;

namespace {
// Mean and standard deviation (of a sample) of the honest rows, in double.
std::array<double, golden::size> const means{-1.0416666666666667, -0.9583333333333334, -0.2013888888888889,
                                             -0.1180555555555556, 0.6388888888888888};

void check_near(floats const& sent, auto const& right) {
    for (std::size_t k = 0; k < golden::size; ++k) CHECK(sent[k] == doctest::Approx(right(k)).epsilon(2e-7));
}
} // namespace

TEST_CASE("presets: sign flip is -mean, -g, -100 g or -1000 g") {
    check_near(golden::sent(presets::byzfl::sign_flip()), [](std::size_t k) { return -means[k]; });
    for (auto const& one : {presets::fedlib::sign_flip(), presets::blades::sign_flip(),
                            presets::epfml::bit_flip(), presets::byzpy::sign_flip()})
        CHECK(golden::sent(one) == floats(golden::size, -1));
    CHECK(golden::sent(presets::garfield::reverse()) == floats(golden::size, -100));
    CHECK(golden::sent(presets::btard_code::sign_flip()) == floats(golden::size, -1'000));
}

TEST_CASE("presets: inner product manipulation is -2, -1, -0.5 or -0.1 times the mean") {
    check_near(golden::sent(presets::byzfl::inner_product()), [](std::size_t k) { return -2 * means[k]; });
    check_near(golden::sent(presets::fedlib::inner_product()), [](std::size_t k) { return -means[k]; });
    check_near(golden::sent(presets::byzpy::empire()), [](std::size_t k) { return -means[k]; });
    check_near(golden::sent(presets::blades::inner_product()), [](std::size_t k) { return -means[k] / 2; });
    check_near(golden::sent(presets::epfml::inner_product()), [](std::size_t k) { return -means[k] / 10; });
    CHECK(reads_accomplices(presets::garfield::inner_product()));
}

TEST_CASE("presets: a little is enough, 11 peers with 2 attackers") {
    std::array<double, golden::size> const golden_number{1.508178227513, 1.294594449298, 2.368959230165,
                                                         2.819943072337, 2.392651584851};
    auto const sigma = [&](std::size_t k) { return (golden_number[k] - means[k]) / 1.5; };
    check_near(golden::sent(presets::byzfl::little_is_enough()),
               [&](std::size_t k) { return golden_number[k]; });
    double const z = 0.1397102988818621; // s = 4: Phi^-1(5 / 9)
    check_near(golden::sent(presets::fedlib::little_is_enough()),
               [&](std::size_t k) { return means[k] + z * sigma(k); });
    for (auto const& one : {presets::epfml::little_is_enough(), presets::blades::little_is_enough()})
        check_near(golden::sent(one), [&](std::size_t k) { return means[k] - z * sigma(k); });
    double const of_all = 0.3487556955170447; // Phi^-1(7 / 11)
    check_near(golden::sent(presets::byzpy::little_is_enough()),
               [&](std::size_t k) { return means[k] + of_all * sigma(k) * std::sqrt(8.0 / 9); });
    CHECK(presets::garfield::little_is_enough().z == 1.035);
    CHECK(reads_accomplices(presets::garfield::little_is_enough()));
}

TEST_CASE("presets: the others") {
    CHECK(presets::byzfl::gaussian() == gaussian{.mean = 0, .deviation = 1, .together = true});
    CHECK(presets::blades::noise() == gaussian{.mean = 0.1, .deviation = 0.1, .together = false});
    CHECK(golden::sent(presets::byzfl::infinity())[4] == std::numeric_limits<float>::infinity());
    CHECK(presets::btard_code::label_flip_albert().map == label_map::next);
    CHECK(presets::btard_code::label_flip_resnet() == presets::byzfl::label_flip());
    CHECK(presets::btard_code::delayed_gradient(2'048) == delayed_gradient{.delay = 1'000, .memory = 2'048});
    CHECK(presets::btard_code::constant_direction() == constant_direction{});
    any_attack const held = presets::byzfl::little_is_enough();
    CHECK(held.text() ==
          "little_is_enough{.z = 1.5, .side = plus, .sigma = sample, .crowd = of_honest, .from = honest}");
}
