// SPDX-License-Identifier: Apache-2.0
#include "../../apps/common/json.hpp"
#include "../../apps/common/json_read.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

using namespace btard::apps;

TEST_CASE("read_json: gives back what json_object wrote") {
    std::string const hard = "a \"b\" \\ , } \n {[";
    auto const line = json_object{}
                          .add("text", hard)
                          .add("number", 0.1)
                          .add("lost", std::numeric_limits<double>::infinity())
                          .add("list", std::vector<std::size_t>{3, 14})
                          .add_raw("inner", json_object{}.add("a", hard).add("b", 2).text())
                          .add("none", std::vector<std::size_t>{})
                          .text();
    auto const members = read_json(line);
    REQUIRE(members);
    REQUIRE(members->size() == 6);
    CHECK(json_letters(value_in(*members, "text")) == hard);
    CHECK(json_number(value_in(*members, "number")) == 0.1);
    CHECK(std::isnan(json_number(value_in(*members, "lost"))));
    CHECK(json_numbers(value_in(*members, "list")) == std::vector<std::size_t>{3, 14});
    CHECK(json_numbers(value_in(*members, "none")).empty());
    CHECK(value_in(*members, "missing") == "");
    auto const inner = read_json(value_in(*members, "inner"));
    REQUIRE(inner);
    CHECK(json_letters(value_in(*inner, "a")) == hard);
    CHECK(read_json("{}") == std::vector<json_member>{});
}

TEST_CASE("read_json: a line that was cut off anywhere is none") {
    std::string const line = R"({"step":4,"banned":[3,5],"inner":{"a":"}\""},"loss":null})";
    REQUIRE(read_json(line));
    for (std::size_t k = 0; k < line.size(); ++k) CHECK_MESSAGE(!read_json(line.substr(0, k)), k);
    CHECK(!read_json(line + "x"));
    CHECK(!read_json("nonsense"));
    CHECK(!read_json(R"({"a":})"));
    CHECK(!read_json(R"({"a"})"));
}
