// SPDX-License-Identifier: Apache-2.0
#include <btard/core/error.hpp>

#include <doctest/doctest.h>

#include <string>
#include <system_error>

using namespace btard;

TEST_CASE("concat: joins words and numbers, these in their shortest exact form") {
    CHECK(concat("out has ", 7, " elements, tau is ", 0.1f, " or ", 0.1) ==
          "out has 7 elements, tau is 0.1 or 0.1");
    CHECK(concat(std::string{"a"}, std::string_view{"b"}, "c", -3, 1e300) == "abc-31e+300");
    CHECK(concat() == "");
}

TEST_CASE("expects: a promise that holds costs nothing, a broken one throws with its numbers") {
    CHECK_NOTHROW(expects(true, "never said"));
    CHECK_THROWS_WITH_AS(expects(false, "out has ", 7, " elements, the rows have ", 8),
                         "out has 7 elements, the rows have 8", contract_violation);
}

TEST_CASE("environment_error: carries a code that compares with our own words and with those of the system") {
    environment_error const ours(errc::bad_text, "a sentence");
    CHECK((ours.code() == errc::bad_text));
    CHECK((ours.code() != errc::bad_data));
    CHECK(std::string(ours.what()) == "a sentence");
    CHECK(std::string(ours.code().category().name()) == "btard");
    CHECK(ours.code().message() == "this text cannot be understood");

    environment_error const systems(std::make_error_code(std::errc::no_such_file_or_directory),
                                    "no such file");
    CHECK((systems.code() == std::errc::no_such_file_or_directory));
}
