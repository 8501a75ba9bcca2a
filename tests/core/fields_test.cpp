// SPDX-License-Identifier: Apache-2.0
#include <btard/core/fields.hpp>

#include "sample_policies.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace btard;
using namespace sample;

namespace {
std::string table(auto const& policy) {
    std::string all;
    for (auto const& f : fields_of(policy))
        all += concat(f.name, " ", f.kind, "=", f.initial_text, " ", f.help, "\n");
    return all;
}
} // namespace

TEST_CASE("fields_of: name, kind, value and help of every field") {
    CHECK(table(plain{}) == "flag true|false=true yes or no\n"
                            "small UINT=3 a byte\n"
                            "large INT=-5 whole, with a sign\n"
                            "tau FLOAT=0.5 clipping radius\n"
                            "exact FLOAT=0.1 a double\n"
                            "iterations UINT= exactly this many; absent: to the fixed point\n"
                            "limit FLOAT=2.5 present to begin with\n"
                            "paint red|green|blue=green a word\n"
                            "peers {UINT, ...}={3, 7} a list\n"
                            "path TEXT=\"a b\" letters\n");
}

TEST_CASE("fields_of: a wrapper has the fields of its parts") {
    CHECK(table(timed<choice>{flip{}, {}}) == "scale FLOAT=1000 how much longer\n"
                                              "start UINT=0 first step\n"
                                              "stop UINT= the step at which it is over\n");
}

TEST_CASE("for_each_choice: shows every policy that a text may name, as it begins") {
    std::vector<std::string> texts;
    for_each_choice<choice>([&](auto const& policy) { texts.push_back(to_text(policy)); });
    CHECK(texts == std::vector<std::string>{"nothing{}", "flip{.scale = 1000}"});
}

TEST_CASE("fields_of: policies in fields are named, choices list their names") {
    CHECK(table(nested{}) == "start UINT=0 first step\n"
                             "stop UINT= the step at which it is over\n"
                             "one flip=flip{.scale = 2} a policy\n"
                             "either nothing|flip=nothing{} one of several policies\n");
    CHECK(table(starts{}) == "at first|row(INDEX)=first where\n");
}
