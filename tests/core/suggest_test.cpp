// SPDX-License-Identifier: Apache-2.0
#include <btard/core/suggest.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace btard;

TEST_CASE("edit_distance: letters to insert, remove or replace") {
    CHECK(edit_distance("kitten", "sitting") == 3);
    CHECK(edit_distance("", "tau") == 3);
    CHECK(edit_distance("tau", "") == 3);
    CHECK(edit_distance("tau", "tau") == 0);
    CHECK(edit_distance("mean", "median") == edit_distance("median", "mean"));
}

TEST_CASE("unknown_name: suggests the nearest name if it is near, and lists all") {
    CHECK(unknown_name("unknown rule", "meen", {"krum", "mean", "median"}) ==
          "unknown rule 'meen'; did you mean 'mean'? (known: krum, mean, median)");
    CHECK(unknown_name("unknown rule", "perceptron", {"krum", "mean"}) ==
          "unknown rule 'perceptron' (known: krum, mean)");
    CHECK(unknown_name("unknown rule", "x", {}) == "unknown rule 'x' (known: none)");
}

TEST_CASE("unknown_name: a very long word is shown by its beginning") {
    CHECK(unknown_name("unknown rule", std::string(100'000, 'a'), {"mean"}) ==
          "unknown rule '" + std::string(64, 'a') + "' (known: mean)");
}
