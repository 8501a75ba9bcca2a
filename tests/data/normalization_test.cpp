// tests/data/normalization_test.cpp
// SPDX-License-Identifier: Apache-2.0
#include <btard/data/cifar10.hpp>
#include <btard/data/normalization.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <vector>

using namespace btard;

TEST_CASE("normalization: each channel has mean zero and deviation one") {
    normalization const scale(image_set({2, 1, 2}, {0, 10, 100, 100, 20, 30, 200, 240}, {0, 0}));
    CHECK(scale.mean(0) == 15);
    CHECK(scale.mean(1) == 160);
    CHECK(scale.deviation(0) == doctest::Approx(std::sqrt(125.0)));
    CHECK(scale.channel(0)[15] == 0);
    CHECK(scale.channel(0)[30] == doctest::Approx(15 / std::sqrt(125.0)));
    double sum = 0, squares = 0;
    for (int const byte : {100, 100, 200, 240}) {
        double const value = scale.channel(1)[static_cast<std::size_t>(byte)];
        sum += value, squares += value * value;
    }
    CHECK(sum == doctest::Approx(0));
    CHECK(squares == doctest::Approx(4));
}

TEST_CASE("normalization: a channel of one colour becomes zero") {
    normalization const scale(image_set({1, 1, 2}, {77, 77}, {0}));
    CHECK(scale.channel(0)[77] == 0);
    CHECK(scale.channel(0)[78] == 1);
}

TEST_CASE("normalization: a part of CIFAR-10 has nearly the published mean and deviation of the whole") {
    char const* const data_folder = std::getenv("BTARD_DATA");
    if (!data_folder) {
        MESSAGE("skipped: BTARD_DATA does not name a folder with cifar-10");
        return;
    }
    normalization const scale(read_cifar10_folder(concat(data_folder, "/cifar-10")).training);
    double const mean[]{0.4914, 0.4822, 0.4465}, deviation[]{0.2470, 0.2435, 0.2616};
    for (std::size_t c = 0; c < 3; ++c) {
        CHECK(scale.mean(c) / 255 == doctest::Approx(mean[c]).epsilon(0.01));
        CHECK(scale.deviation(c) / 255 == doctest::Approx(deviation[c]).epsilon(0.01));
    }
}
