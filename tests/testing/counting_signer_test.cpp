// tests/testing/counting_signer_test.cpp: a checksum that finds every mistake, and counts.
// SPDX-License-Identifier: Apache-2.0
#include <btard/testing/counting_signer.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <memory>
#include <set>
#include <span>
#include <vector>

using namespace btard;
using testing::counting_signer;

namespace {

std::vector<std::byte> text_of(std::size_t size) {
    std::vector<std::byte> text;
    for (std::size_t i = 0; i < size; ++i) text.push_back(std::byte(i * 37 + 11));
    return text;
}

} // namespace

TEST_CASE("counting_signer: one signs, all can check, in its name alone") {
    counting_signer const a(1), b(2);
    for (std::size_t size = 0; size < 40; ++size) {
        auto const text = text_of(size);
        auto const by = a.sign(text);
        CHECK(by == a.sign(text));
        CHECK(b.verify(a.key(), text, by));
        CHECK_FALSE(b.verify(b.key(), text, by));
    }
}

TEST_CASE("counting_signer: a flipped bit, a zero more and a byte less are noticed") {
    counting_signer const a(7);
    for (std::size_t size = 1; size < 40; ++size) {
        auto text = text_of(size);
        auto by = a.sign(text);
        for (std::size_t bit = 0; bit < 8 * size; ++bit) {
            text[bit / 8] ^= std::byte(1u << bit % 8);
            REQUIRE_FALSE(a.verify(a.key(), text, by));
            text[bit / 8] ^= std::byte(1u << bit % 8);
        }
        for (std::size_t bit = 0; bit < 512; ++bit) {
            by.bytes[bit / 8] ^= std::byte(1u << bit % 8);
            REQUIRE_FALSE(a.verify(a.key(), text, by));
            by.bytes[bit / 8] ^= std::byte(1u << bit % 8);
        }
        REQUIRE_FALSE(a.verify(a.key(), std::span(text).first(size - 1), by));
        text.push_back(std::byte{0});
        REQUIRE_FALSE(a.verify(a.key(), text, by));
    }
}

TEST_CASE("counting_signer: keys of different numbers differ, those of one number are one") {
    std::set<public_key> keys;
    for (std::uint64_t number = 0; number < 10'000; ++number) keys.insert(counting_signer(number).key());
    CHECK(keys.size() == 10'000);
    CHECK(counting_signer(3).key() == counting_signer(3).key());
}

TEST_CASE("counting_signer: copies and those that share a count add to one count") {
    auto const count = std::make_shared<testing::signature_count>();
    counting_signer const a(1, count), b(2, count), copy = a;
    auto const by = copy.sign(text_of(9));
    CHECK(b.verify(a.key(), text_of(9), by));
    CHECK_FALSE(b.verify(a.key(), text_of(8), by));
    CHECK(*count == testing::signature_count{.made = 1, .checked = 2});
    CHECK(a.count() == *count);
}
