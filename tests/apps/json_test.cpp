// SPDX-License-Identifier: Apache-2.0
#include "../../apps/common/json.hpp"
#include "../../apps/common/utf8.hpp"

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

TEST_CASE("json_object: bytes that are no letters are written so that different texts stay different") {
    auto const written = [](std::string const& text) { return json_object{}.add("a", text).text(); };
    CHECK(written("caf\xe9!") == "{\"a\":\"caf\ufffde9!\"}");
    CHECK(written("\ufffd") == "{\"a\":\"\ufffdef\ufffdbf\ufffdbd\"}");
}

TEST_CASE("utf8_letter: the letters of UTF-8, and nothing else") {
    for (std::string const letter : {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\x9f\xbf",
                                     "\xee\x80\x80", "\xf4\x8f\xbf\xbf"}) {
        CHECK(utf8_letter(letter) == letter.size());
        CHECK(utf8_letter(letter + "x") == letter.size());
        CHECK(utf8_letter(letter.substr(0, letter.size() - 1)) == 0);
        CHECK(utf8_letter(letter.substr(0, letter.size() - 1) + "x") == 0);
        CHECK(utf8_letter(letter.substr(1)) == 0);
    }
    CHECK(utf8_letter("ab") == 1);
    for (auto const* const none : {"\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                                   "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"})
        CHECK(utf8_letter(none) == 0);
}

TEST_CASE("json_object: quotes, backslashes and control letters are escaped") {
    CHECK(json_object{}.add("a\"", std::string("\\x\n\x01") + "\xc3\xa9").text() ==
          "{\"a\\\"\":\"\\\\x\\u000a\\u0001\xc3\xa9\"}");
}
