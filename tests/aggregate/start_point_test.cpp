// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/start_point.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace btard;

TEST_CASE("start_point: each has a text, which reads back") {
    for (auto const start :
         {start_point::given, start_point::lower_median, start_point::upper_median, start_point::midpoint,
          start_point::mean, start_point::origin, start_point::row(0), start_point::row(12)})
        CHECK(parse<start_point>(start.text()) == start);
    CHECK(start_point{} == start_point::lower_median);
    CHECK(start_point::row(12).text() == "row(12)");
    CHECK(start_point::row(1) != start_point::row(2));
}

TEST_CASE("start_point: what is none is refused with the list of those that are") {
    CHECK_THROWS_WITH_AS((void)parse<start_point>("median"),
                         doctest::Contains("given|lower_median|upper_median|midpoint|row(INDEX)|mean|origin"),
                         environment_error);
    CHECK_THROWS_AS((void)parse<start_point>("row"), environment_error);
    CHECK_THROWS_AS((void)parse<start_point>("row(-1)"), environment_error);
}

TEST_CASE("start_point: rows are centred on the start, but on the median where that may be far away") {
    CHECK(start_point(start_point::row(3)).reference() == start_point::row(3));
    CHECK(start_point(start_point::given).reference() == start_point::given);
    CHECK(start_point(start_point::mean).reference() == start_point::lower_median);
    CHECK(start_point(start_point::origin).reference() == start_point::lower_median);
}

TEST_CASE("start_point: arguments where there are none are refused") {
    for (auto const* const wrong : {"lower_median{}", "origin{5}", "mean(7)"})
        CHECK_THROWS_AS((void)parse<start_point>(wrong), environment_error);
}
