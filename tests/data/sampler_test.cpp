// tests/data/sampler_test.cpp
// SPDX-License-Identifier: Apache-2.0
#include <btard/data/sampler.hpp>

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <string_view>

using namespace btard;

namespace {

byte_text alphabet(std::size_t size) {
    std::string bytes;
    for (std::size_t k = 0; k < size; ++k) bytes += static_cast<char>('a' + k);
    return byte_text::from_string(bytes, "alphabet");
}

} // namespace

TEST_CASE("text_windows: every window before the tail comes equally often, and no other") {
    text_windows const windows(alphabet(20), 4, 0.25); // the tail: p q r s t;  the starts: a ... l
    random_stream random(seed{1, 2});
    std::map<std::string_view, int> seen;
    int const draws = 12'000;
    for (int i = 0; i < draws; ++i) ++seen[windows.training(random)];
    REQUIRE(seen.size() == 12);
    CHECK(seen.begin()->first == "abcd");
    CHECK(seen.rbegin()->first == "lmno");
    for (auto const& entry : seen) {
        CAPTURE(entry.first);
        CHECK(entry.second == doctest::Approx(draws / 12).epsilon(0.16)); // 5 standard deviations
    }
}

TEST_CASE("text_windows: the held-out windows are evenly spaced over the tail") {
    text_windows const windows(alphabet(20), 4, 0.5); // the tail: k ... t;  7 starts, k ... q
    CHECK(windows.held_out(0, 7) == "klmn");
    CHECK(windows.held_out(6, 7) == "qrst");
    CHECK(windows.held_out(0, 2) == "klmn");
    CHECK(windows.held_out(1, 2) == "nopq");
    CHECK(windows.held_out(13, 14) == "qrst"); // more windows than starts: they repeat
    CHECK_THROWS_AS((void)windows.held_out(2, 2), contract_violation);
}

TEST_CASE("text_windows: training and tail have at least one window each, whatever the fraction") {
    text_windows const little(alphabet(9), 4, 0.01), much(alphabet(9), 4, 0.99);
    CHECK(little.held_out(0, 1) == "fghi");
    CHECK(much.held_out(0, 1) == "efgh");
    random_stream random(seed{1, 2});
    for (int i = 0; i < 20; ++i) {
        CHECK(little.training(random).back() <= 'e');
        CHECK(much.training(random) == "abcd");
    }
}

TEST_CASE("text_windows: a text without room for two windows is bad data, a bad fraction is a mistake") {
    CHECK_NOTHROW(text_windows(alphabet(8), 4, 0.1));
    CHECK_THROWS_WITH_AS(
        text_windows(alphabet(7), 4, 0.1),
        "the text 'alphabet' has 7 bytes; training and evaluation need one sequence each, 8 bytes",
        environment_error);
    CHECK_THROWS_AS(text_windows(alphabet(8), 0, 0.1), contract_violation);
    CHECK_THROWS_AS(text_windows(alphabet(8), 4, 0.0), contract_violation);
    CHECK_THROWS_AS(text_windows(alphabet(8), 4, 1.0), contract_violation);
}
