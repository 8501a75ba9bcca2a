// tests/data/collate_test.cpp
// SPDX-License-Identifier: Apache-2.0
#include <btard/data/collate.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

using namespace btard;
using ids = std::vector<std::int64_t>;

TEST_CASE("byte_vocabulary: bytes stand behind the five special tokens") {
    CHECK(byte_vocabulary::token('\0') == 5);
    CHECK(byte_vocabulary::token('A') == 70);
    CHECK(byte_vocabulary::token('\xff') == 260);
    CHECK(byte_vocabulary::size == 261);
}

TEST_CASE("add_masked: a window by hand") {
    masked_batch batch;
    random_stream random(seed{7, 0});
    add_masked(batch, "In the beginning", 4, random);
    add_masked(batch, "God created the ", 4, random);

    CHECK(batch.sequences == 2);
    CHECK(batch.length == 18);
    CHECK(batch.segments == ids(36, 0));
    CHECK(batch.order.empty());
    REQUIRE(batch.masked.size() == 8);
    CHECK(std::ranges::is_sorted(batch.masked));

    // The first sequence, in letters; what was masked is put back from the labels.
    auto restored = batch.ids;
    for (std::size_t k = 0; k < 8; ++k) restored[static_cast<std::size_t>(batch.masked[k])] = batch.labels[k];
    ids expected;
    for (std::string const line : {"In the beginning", "God created the "}) {
        expected.push_back(2); // [CLS]
        for (char const letter : line) expected.push_back(5 + letter);
        expected.push_back(3); // [SEP]
    }
    CHECK(restored == expected);
    for (std::size_t k = 0; k < 8; ++k) CHECK(batch.masked[k] / 18 == (k < 4 ? 0 : 1));
}

TEST_CASE("add_masked: these bits, on every machine") {
    masked_batch batch;
    random_stream random(seed{7, 0});
    add_masked(batch, "In the beginning", 4, random);
    // Computed with another implementation of Philox.
    CHECK(batch.masked == ids{3, 6, 7, 12});
    CHECK(batch.labels == ids{37, 106, 37, 115}); // ' ', 'e', ' ', 'n'; at 3 and 7 they were left
    CHECK(batch.ids == ids{2, 78, 115, 37, 121, 109, 4, 37, 103, 106, 108, 110, 79, 115, 110, 115, 108, 3});
}

TEST_CASE("add_masked: 80 % [MASK], 10 % a random byte, 10 % left, and all places alike") {
    std::string const window(62, '\x7f');
    std::array<int, 62> chosen{};
    std::array<int, 261> became{};
    int const draws = 20'000, count = 9;
    random_stream random(seed{3, 1});
    for (int i = 0; i < draws; ++i) {
        masked_batch batch;
        add_masked(batch, window, count, random);
        REQUIRE(batch.masked.size() == count);
        CHECK(std::ranges::adjacent_find(batch.masked) == batch.masked.end());
        for (auto const place : batch.masked) {
            ++chosen.at(static_cast<std::size_t>(place - 1)); // never [CLS] or [SEP]
            ++became.at(static_cast<std::size_t>(batch.ids[static_cast<std::size_t>(place)]));
        }
        for (auto const label : batch.labels) REQUIRE(label == byte_vocabulary::token('\x7f'));
    }
    // Within five standard deviations of the binomial distribution.
    auto const close = [](int seen, double trials, double p) {
        return std::abs(seen - trials * p) < 5 * std::sqrt(trials * p * (1 - p));
    };
    double const all = draws * count;
    CHECK(close(became[byte_vocabulary::mask], all, 0.8));
    CHECK(close(became[5 + 0x7f], all, 0.1 + 0.1 / 256));
    for (int special : {0, 1, 2, 3}) CHECK(became.at(static_cast<std::size_t>(special)) == 0);
    for (std::size_t byte = 5; byte < 261; ++byte) {
        CAPTURE(byte);
        if (byte != 5 + 0x7f) CHECK(close(became[byte], all, 0.1 / 256));
    }
    for (int const times : chosen) CHECK(close(times, draws, 9. / 62));
}

TEST_CASE("add_masked: with as many holes as bytes, all are chosen") {
    masked_batch batch;
    random_stream random(seed{1, 1});
    add_masked(batch, "abc", 3, random);
    CHECK(batch.masked == ids{1, 2, 3});
    CHECK(batch.labels == ids{5 + 'a', 5 + 'b', 5 + 'c'});
}

TEST_CASE("masked_count: the nearest number, at least one, at most all") {
    CHECK(masked_count(62, 0.15) == 9);   // 9.3
    CHECK(masked_count(126, 0.15) == 19); // 18.9
    CHECK(masked_count(3, 0.15) == 1);
    CHECK(masked_count(3, 1) == 3);
}
