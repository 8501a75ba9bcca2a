// SPDX-License-Identifier: Apache-2.0
#include <btard/core/describe.hpp>

#include "sample_policies.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

using namespace btard;
using namespace sample;

static_assert(described<plain> && described<timed<flip>> && described<nothing>);
static_assert(!described<int> && !described<choice> && !described<place>);
static_assert(named_enum<colour> && !named_enum<std::errc>);
static_assert(policy_part<choice> && policy_part<std::optional<when>> && !policy_part<float>);

TEST_CASE("to_text: a policy prints in the syntax that makes it") {
    CHECK(to_text(plain{}) == "plain{.flag = true, .small = 3, .large = -5, .tau = 0.5, .exact = 0.1, "
                              ".limit = 2.5, .paint = green, .peers = {3, 7}, .path = \"a b\"}");
    CHECK(to_text(nothing{}) == "nothing{}");
}

TEST_CASE("to_text: an absent optional field is not printed") {
    CHECK(to_text(when{}) == "when{.start = 0}");
    CHECK(to_text(when{.start = 1, .stop = 9}) == "when{.start = 1, .stop = 9}");
}

TEST_CASE("to_text: an optional field that is there by default says so when it is absent") {
    CHECK(to_text(plain{.limit = {}}).find(".limit = {}") != std::string::npos);
}

TEST_CASE("to_text: the parts of a wrapper stand without names, policies in fields with them") {
    CHECK(to_text(timed{flip{}, when{.start = 100}}) == "timed{flip{.scale = 1000}, when{.start = 100}}");
    CHECK(to_text(timed<choice>{flip{}, {}}) == "timed{flip{.scale = 1000}, when{.start = 0}}");
    CHECK(to_text(nested{}) == "nested{{}, .one = flip{.scale = 2}, .either = nothing{}}");
    CHECK(to_text(starts{.at = {3}}) == "starts{.at = row(3)}");
}

TEST_CASE("to_text: floats in their shortest exact form, and beyond all numbers") {
    CHECK(to_text(0.1f) == "0.1");
    CHECK(to_text(16777216.0f) == "16777216");
    CHECK(to_text(1e-45f) == "1e-45");
    CHECK(to_text(1.0 / 3) == "0.3333333333333333");
    CHECK(to_text(std::numeric_limits<float>::infinity()) == "inf");
    CHECK(to_text(-std::numeric_limits<double>::infinity()) == "-inf");
    CHECK(to_text(std::numeric_limits<float>::quiet_NaN()).find("nan") != std::string::npos);
}

TEST_CASE("to_text: letters that would end the text early are escaped") {
    CHECK(to_text(std::string{"say \"no\"\\\n"}) == R"("say \"no\"\\\n")");
}

TEST_CASE("to_text: an enumeration whose value has no word is a mistake of the program") {
    CHECK_THROWS_AS((void)to_text(static_cast<colour>(7)), contract_violation);
}

TEST_CASE("for_each_field: shows the parts as they stand, and lets a wrapper be changed") {
    timed<flip> policy;
    std::vector<std::string> names;
    for_each_field(policy, [&](std::string_view name, auto& member, std::string_view) {
        names.emplace_back(name);
        if constexpr (std::is_same_v<decltype(member), flip&>) member.scale = 7;
    });
    CHECK(names == std::vector<std::string>{"", ""});
    CHECK(policy.inner.scale == 7);
}

TEST_CASE("for_each_named_field: the fields of the parts are those of the wrapper") {
    std::vector<std::string> names;
    auto const note = [&](std::string_view name, auto const&, std::string_view) { names.emplace_back(name); };
    for_each_named_field(timed{flip{}, when{}}, note);
    CHECK(names == std::vector<std::string>{"scale", "start", "stop"});
    names.clear();
    for_each_named_field(nested{}, note); // the absent part shows what it would have
    CHECK(names == std::vector<std::string>{"start", "stop", "one", "either"});
}

TEST_CASE("validate: asks every policy inside") {
    CHECK_NOTHROW(validate(timed{flip{}, when{}}));
    CHECK_THROWS_WITH_AS(validate(timed{flip{.scale = -1}, when{}}), "scale is -1, it must be positive",
                         contract_violation);
    CHECK_THROWS_AS(validate(nested{.one = {.scale = 0}}), contract_violation);
    CHECK_THROWS_AS(validate(nested{.either = flip{.scale = 0}}), contract_violation);
    CHECK_NOTHROW(validate(nested{}));
}
