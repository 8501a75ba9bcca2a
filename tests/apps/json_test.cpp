// SPDX-License-Identifier: Apache-2.0
#include "../../apps/common/json.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

using namespace btard::apps;

TEST_CASE("json_object: members in their order, numbers in their shortest exact form") {
    CHECK(json_object{}.text() == "{}");
    CHECK(json_object{}
              .add("step", 3u)
              .add("loss", 0.1)
              .add("rate", 0.1f)
              .add("on", true)
              .add("who", std::vector<std::size_t>{4, 5})
              .add("none", std::vector<std::size_t>{})
              .add_raw("more", json_object{}.add("a", -1).text())
              .text() ==
          R"({"step":3,"loss":0.1,"rate":0.1,"on":true,"who":[4,5],"none":[],"more":{"a":-1}})");
}

TEST_CASE("json_object: what is not finite is null") {
    double const inf = std::numeric_limits<double>::infinity();
    CHECK(json_object{}.add("a", inf).add("b", -inf).add("c", std::nan("")).add("d", 1e300).text() ==
          R"({"a":null,"b":null,"c":null,"d":1e+300})");
}

TEST_CASE("json_object: quotes, backslashes and control letters are escaped") {
    CHECK(json_object{}.add("a\"", std::string("\\x\n\x01") + "\xc3\xa9").text() ==
          "{\"a\\\"\":\"\\\\x\\u000a\\u0001\xc3\xa9\"}");
}
