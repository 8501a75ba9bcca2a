// SPDX-License-Identifier: Apache-2.0
#include <btard/core/random.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>

using namespace btard;

namespace {
std::array<std::uint32_t, 4> philox_of(std::array<std::uint32_t, 4> counter,
                                       std::array<std::uint32_t, 2> key) {
    auto const join = [](std::uint32_t low, std::uint32_t high) { return low | std::uint64_t{high} << 32; };
    return philox({join(key[0], key[1]), join(counter[2], counter[3])}, join(counter[0], counter[1]));
}
using words = std::array<std::uint32_t, 4>;
} // namespace

TEST_CASE("philox: the known answers of Random123") {
    CHECK(philox_of({0, 0, 0, 0}, {0, 0}) == words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    CHECK(philox_of({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) ==
          words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    CHECK(philox_of({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
          words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("philox: can be computed by the compiler") {
    static_assert(philox({0, 0}, 0)[0] == 0x6627e8d5);
    CHECK(true);
}

TEST_CASE("derive: every purpose, and every list of numbers, has a seed of its own") {
    seed const root{7, 0};
    std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
    auto const add = [&](seed s) { return seen.insert({s.key, s.stream}).second; };
    CHECK(add(root));
    CHECK(add(derive(root, "")));
    CHECK(add(derive(root, "a")));
    CHECK(add(derive(root, "ab")));
    CHECK(add(derive(root, "a", {'b'})));
    CHECK(add(derive(root, "a", {0})));
    CHECK(add(derive(root, "a", {0, 0})));
    CHECK(add(derive(root, "a", {1, 2})));
    CHECK(add(derive(root, "a", {2, 1})));
    CHECK(add(derive({8, 0}, "a", {2, 1})));
    CHECK(add(derive({7, 1}, "a", {2, 1})));
    CHECK(derive(root, "a", {2, 1}) == derive(root, "a", {2, 1}));
}

TEST_CASE("random_stream: bits are the words of philox in order") {
    random_stream stream({3, 4});
    for (std::uint64_t block = 0; block < 3; ++block)
        for (std::uint32_t const word : philox({3, 4}, block)) CHECK(stream.bits() == word);
}

TEST_CASE("random_stream: uniform values lie in [0, 1), evenly") {
    random_stream stream({1, 0});
    std::array<int, 10> tenths{};
    for (int k = 0; k < 100'000; ++k) {
        double const u = stream.uniform();
        REQUIRE((u >= 0 && u < 1));
        ++tenths[static_cast<std::size_t>(u * 10)];
    }
    for (int const count : tenths) CHECK(std::abs(count - 10'000) < 400); // over four standard deviations
}

TEST_CASE("random_stream: below(bound) reaches every number below it, evenly, and no other") {
    random_stream stream({2, 0});
    std::array<int, 7> counts{};
    for (int k = 0; k < 70'000; ++k) ++counts.at(stream.below(7));
    for (int const count : counts) CHECK(std::abs(count - 10'000) < 400);
    for (int k = 0; k < 10; ++k) CHECK(stream.below(1) == 0);

    // Three quarters of the words: without the rejection, numbers 0, 1 mod 3 would come twice as often.
    std::uint32_t const bound = 3u << 30;
    std::array<int, 3> thirds{};
    for (int k = 0; k < 30'000; ++k) ++thirds.at(stream.below(bound) % 3);
    for (int const count : thirds) CHECK(std::abs(count - 10'000) < 400);
}

TEST_CASE("random_stream: normal values are those of the polar method, to the last digits") {
    seed const from{5, 6};
    random_stream normals(from), words_of(from);
    for (int k = 0; k < 1'000; ++k) {
        double u, v, s;
        do {
            u = (double(words_of.bits() >> 15) - 65'535.5) / 65'536;
            v = (double(words_of.bits() >> 15) - 65'535.5) / 65'536;
            s = u * u + v * v;
        } while (s >= 1 || s == 0);
        double const factor = std::sqrt(-2 * std::log(s) / s);
        CHECK(normals.normal() == doctest::Approx(u * factor).epsilon(1e-14));
        CHECK(normals.normal() == doctest::Approx(v * factor).epsilon(1e-14));
    }
}

TEST_CASE("random_stream: normal values have the moments 0, 1, 0, 3") {
    random_stream stream({9, 0});
    double moments[4]{};
    int const n = 100'000;
    for (int k = 0; k < n; ++k) {
        double const x = stream.normal();
        double power = 1;
        for (double& m : moments) m += (power *= x) / n;
    }
    CHECK(std::abs(moments[0]) < 0.02);
    CHECK(std::abs(moments[1] - 1) < 0.02);
    CHECK(std::abs(moments[2]) < 0.05);
    CHECK(std::abs(moments[3] - 3) < 0.15);
}

TEST_CASE("directions: odd integers of 16 bits and a sign, never zero, mean zero") {
    directions const z{{1, 2}};
    double sum = 0;
    for (std::uint64_t k = 0; k < 80'000; ++k) {
        auto const value = z.at(k);
        REQUIRE(value % 2 != 0);
        REQUIRE(std::abs(value) <= 65'535);
        sum += value;
    }
    CHECK(std::abs(sum / 80'000) < 4 * 65'536 / std::sqrt(3 * 80'000.0));
}

TEST_CASE("directions: a part sees its own piece of the whole") {
    directions const whole{{1, 2}}, part{{1, 2}, 13};
    for (std::uint64_t k = 0; k < 40; ++k) CHECK(part.at(k) == whole.at(13 + k));
}
