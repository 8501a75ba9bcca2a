// tests/crypto/compare_test.cpp: equality of bytes, and secrets that are gone afterwards.
// SPDX-License-Identifier: Apache-2.0
#include <btard/crypto/compare.hpp>
#include <btard/crypto/secret.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <new>
#include <span>

using namespace btard;

TEST_CASE("equal_in_constant_time: equal bytes of equal length, and nothing else") {
    std::array<std::byte, 33> a{}, b{};
    CHECK(equal_in_constant_time(a, b));
    CHECK(equal_in_constant_time({}, {}));
    CHECK_FALSE(equal_in_constant_time(a, std::span(b).first(32)));
    CHECK_FALSE(equal_in_constant_time(a, {}));
    for (std::size_t bit = 0; bit < 8 * b.size(); ++bit) {
        b[bit / 8] ^= std::byte(1u << bit % 8);
        CHECK_FALSE(equal_in_constant_time(a, b));
        b[bit / 8] ^= std::byte(1u << bit % 8);
    }
}

TEST_CASE("secret: the bytes are overwritten when it is freed") {
    alignas(secret<40>) std::array<std::byte, sizeof(secret<40>)> memory;
    memory.fill(std::byte{0x55});
    auto* const held = new (memory.data()) secret<40>;
    std::ranges::fill(held->bytes(), std::byte{0xAA});
    CHECK(std::ranges::count(memory, std::byte{0xAA}) == 40);
    held->~secret();
    std::byte const volatile* const seen = memory.data();
    int left = 0;
    for (std::size_t i = 0; i < memory.size(); ++i) left += seen[i] == std::byte{0xAA};
    CHECK(left == 0);
}
