// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/coordinate.hpp>

#include <doctest/doctest.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

using namespace btard;

namespace {

/// Runs a network over 64 columns of bits at a time: min is and, max is or.
void run(std::span<comparator const> network, std::vector<std::uint64_t>& rows) {
    for (auto const [low, high] : network) {
        std::uint64_t const a = rows[low], b = rows[high];
        rows[low] = a & b;
        rows[high] = a | b;
    }
}

/// Do the wanted ranks come out right for all 2^n columns of zeros and ones?
bool sorts_bits(std::size_t n, rank_range wanted) {
    auto const network = sorting_network(n, wanted);
    std::uint64_t const columns = std::uint64_t{1} << n;
    for (std::uint64_t base = 0; base < columns; base += 64) {
        std::vector<std::uint64_t> rows(n);
        std::vector<std::uint64_t> expected(n);
        for (std::uint64_t column = base; column < base + 64 && column < columns; ++column) {
            std::uint64_t const bit = std::uint64_t{1} << (column - base);
            auto const zeros = n - std::size_t(std::popcount(column));
            for (std::size_t i = 0; i < n; ++i) {
                if (column >> i & 1) rows[i] |= bit;
                if (i >= zeros) expected[i] |= bit;
            }
        }
        run(network, rows);
        for (std::size_t r = wanted.first; r <= wanted.last; ++r)
            if (rows[r] != expected[r]) return false;
    }
    return true;
}

} // namespace

// A network that sorts all columns of zeros and ones sorts everything (Knuth's 0-1 principle).
TEST_CASE("sorting_network: sorts all columns of zeros and ones, and so everything, for 1 to 20 rows") {
    for (std::size_t n = 1; n <= 20; ++n) {
        CAPTURE(n);
        CHECK(sorts_bits(n, {0, n - 1}));
    }
}

TEST_CASE("sorting_network: pruned to some ranks, those are still right") {
    for (std::size_t n = 1; n <= 12; ++n)
        for (std::size_t first = 0; first < n; ++first)
            for (std::size_t last = first; last < n; ++last) {
                CAPTURE(n);
                CAPTURE(first);
                CAPTURE(last);
                CHECK(sorts_bits(n, {first, last}));
            }
    for (std::size_t const n : {16u, 17u, 19u, 20u}) {
        CHECK(sorts_bits(n, {(n - 1) / 2, (n - 1) / 2}));
        CHECK(sorts_bits(n, {(n - 1) / 2, n / 2}));
        CHECK(sorts_bits(n, {3, n - 4}));
    }
}

TEST_CASE(
    "sorting_network: the median of 16 takes 53 comparators out of 63, that of 64 takes 445 out of 543") {
    CHECK(sorting_network(16, {0, 15}).size() == 63);
    CHECK(sorting_network(16, {7, 7}).size() == 53);
    CHECK(sorting_network(64, {0, 63}).size() == 543);
    CHECK(sorting_network(64, {31, 31}).size() == 445);
    CHECK(sorting_network(1, {0, 0}).empty());
}

TEST_CASE(
    "sorting_network: a comparator puts the smaller value in front, and touches only rows that are there") {
    for (std::size_t n = 1; n <= 70; ++n)
        for (auto const [low, high] : sorting_network(n, {0, n - 1})) {
            CHECK(low < high);
            CHECK(high < n);
        }
}

TEST_CASE("sorting_network: the laws of bits notice a network with one comparator less") {
    auto network = sorting_network(8, {0, 7});
    for (std::size_t out = 0; out < network.size(); ++out) {
        auto fewer = network;
        fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(out));
        std::size_t wrong = 0;
        for (std::uint64_t column = 0; column < 256; ++column) {
            std::vector<std::uint64_t> rows(8);
            for (std::size_t i = 0; i < 8; ++i) rows[i] = column >> i & 1;
            run(fewer, rows);
            for (std::size_t i = 1; i < 8; ++i) wrong += rows[i - 1] > rows[i];
        }
        CHECK(wrong > 0); // none is superfluous
    }
}

TEST_CASE("sorting_network: groups that are in order already are only merged") {
    for (std::size_t const n : {4u, 7u, 8u, 13u, 16u}) {
        auto const rest = sorting_network(n, {0, n - 1}, 4);
        CHECK(rest.size() < sorting_network(n, {0, n - 1}).size());
        std::size_t wrong = 0;
        for (std::uint64_t column = 0; column < std::uint64_t{1} << n; ++column) {
            std::vector<std::uint64_t> rows(n);
            for (std::size_t first = 0; first < n; first += 4) { // each group of zeros and ones in order
                std::size_t const size = n - first < 4 ? n - first : 4;
                auto const ones = std::size_t(std::popcount(column >> first & ((std::uint64_t{1} << size) - 1)));
                for (std::size_t i = size - ones; i < size; ++i) rows[first + i] = 1;
            }
            run(rest, rows);
            for (std::size_t i = 0; i < n; ++i) wrong += rows[i] != (i >= n - std::size_t(std::popcount(column)));
        }
        CHECK(wrong == 0);
    }
}
