// SPDX-License-Identifier: Apache-2.0
#include <btard/core/policy_text.hpp>
#include <btard/core/random.hpp>

#include "sample_policies.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

using namespace btard;
using namespace sample;

namespace {
template <class V>
std::string refusal(std::string_view text) {
    try {
        (void)parse<V>(text);
    } catch (environment_error const& error) {
        CHECK((error.code() == errc::bad_text));
        return error.what();
    }
    return "nothing refused";
}

/// Any float at all, but for NaN, which is not equal to itself.
float any_float(random_stream& random) {
    float value;
    do value = std::bit_cast<float>(random.bits());
    while (std::isnan(value));
    return value;
}
double any_double(random_stream& random) {
    double value;
    do value = std::bit_cast<double>(random.bits() | std::uint64_t{random.bits()} << 32);
    while (std::isnan(value));
    return value;
}
std::string any_letters(random_stream& random) {
    std::string letters(random.below(6), ' ');
    for (char& letter : letters) letter = static_cast<char>(random.below(256));
    return letters;
}
plain any_plain(random_stream& random) {
    plain p;
    p.flag = random.below(2) == 1;
    p.small = static_cast<std::uint8_t>(random.below(256));
    p.large = static_cast<std::int64_t>(random.bits() | std::uint64_t{random.bits()} << 32);
    p.tau = any_float(random);
    p.exact = any_double(random);
    p.iterations = random.below(2) ? std::optional<std::size_t>{random.bits()} : std::nullopt;
    p.limit = random.below(2) ? std::optional<float>{any_float(random)} : std::nullopt;
    p.paint = static_cast<colour>(random.below(3));
    p.peers.assign(random.below(4), random.bits());
    p.path = any_letters(random);
    return p;
}
} // namespace

TEST_CASE("parse: reads what to_text prints, whatever the values") {
    random_stream random({42, 0});
    for (int k = 0; k < 2'000; ++k) {
        plain const policy = any_plain(random);
        REQUIRE(parse<plain>(to_text(policy)) == policy);
    }
    for (int k = 0; k < 200; ++k) {
        timed<choice> policy{flip{any_float(random)}, {random.bits(), random.bits()}};
        if (random.below(2)) policy.inner = nothing{};
        REQUIRE(parse<timed<choice>>(to_text(policy)) == policy);

        nested deep{{}, {any_float(random)}, flip{any_float(random)}};
        if (random.below(2)) deep.pause = when{.start = random.bits()};
        REQUIRE(parse<nested>(to_text(deep)) == deep);

        starts const at{{random.below(3)}};
        REQUIRE(parse<starts>(to_text(at)) == at);
    }
}

TEST_CASE("parse: what a text omits has its default") {
    CHECK(parse<plain>("plain{}") == plain{});
    CHECK(parse<plain>("plain") == plain{});
    CHECK(parse<plain>("{}") == plain{});
    CHECK(parse<plain>("{.tau = 2}") == plain{.tau = 2});
    CHECK(parse<nested>("nested{.one = {}}").one.scale == 1'000); // flip's own default, as in C++
}

TEST_CASE("parse: the order of the names is free, values without names come in the order of the fields") {
    CHECK(parse<when>("{.stop = 2, .start = 1}") == when{1, 2});
    CHECK(parse<when>("when{1, 2}") == when{1, 2});
    CHECK(parse<when>("when{1, .stop = 2}") == when{1, 2});
}

TEST_CASE("parse: a wrapper takes its parts whole, bare, or their fields by name") {
    timed const wanted{flip{}, when{.start = 100}};
    CHECK(parse<timed<flip>>("timed{flip{.scale = 1000}, when{.start = 100}}") == wanted);
    CHECK(parse<timed<flip>>("timed{flip{}, {.start = 100}}") == wanted);
    CHECK(parse<timed<flip>>("timed{flip{}, .start = 100}") == wanted);
    CHECK(parse<timed<flip>>("timed{.start = 100, .scale = 1'000}") == wanted);
    CHECK(parse<timed<choice>>("timed{flip{}, .start = 100}") == timed<choice>{flip{}, {.start = 100}});
}

TEST_CASE("parse: numbers as C++ and people write them") {
    CHECK(parse<float>("1'000") == 1000);
    CHECK(parse<float>("0.5f") == 0.5f);
    CHECK(parse<float>("+2e3") == 2000);
    CHECK(parse<double>(".25") == 0.25);
    CHECK(parse<float>("inf") == std::numeric_limits<float>::infinity());
    CHECK(parse<double>("-inf") == -std::numeric_limits<double>::infinity());
    CHECK(std::isnan(parse<float>("nan")));
    CHECK(parse<int>("-12") == -12);
    CHECK(parse<std::uint64_t>("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("parse: an optional field becomes absent by {} or nullopt") {
    CHECK(parse<plain>("{.limit = {}}").limit == std::nullopt);
    CHECK(parse<plain>("{.limit = nullopt}").limit == std::nullopt);
    CHECK(parse<plain>("{.limit = 3, .iterations = 4}") == plain{.iterations = 4, .limit = 3.0f});
}

TEST_CASE("parse: a wrong value says what is wrong, where, and what would be right") {
    CHECK(refusal<float>("fast") ==
          "'fast', column 1: 'fast' is not a number; right would be 0.5, 1e-3 or inf");
    CHECK(refusal<float>("0.5x") ==
          "'0.5x', column 1: '0.5x' is not a number; right would be 0.5, 1e-3 or inf");
    CHECK(refusal<float>("1e99") == "'1e99', column 1: 1e99 is too large or too small for this field");
    CHECK(refusal<int>("1.5") == "'1.5', column 1: '1.5' is not a whole number; right would be 16 or 1'000");
    CHECK(refusal<std::size_t>("-1") == "'-1', column 1: -1 is negative; right would be 0 or more");
    CHECK(refusal<std::uint8_t>("256") == "'256', column 1: 256 is out of range; right would be 0 to 255");
    CHECK(refusal<bool>("yes") == "'yes', column 1: 'yes' is neither; right would be true or false");
    CHECK(refusal<float>("\"1\"") == "'\"1\"', column 1: a number is expected here");
    CHECK(refusal<float>("row(1)") == "'row(1)', column 1: a number is expected here");
    CHECK(refusal<colour>("gren") ==
          "'gren', column 1: unknown name 'gren'; did you mean 'green'? (known: red, green, blue)");
    CHECK(refusal<plain>("{.peers = 3}") ==
          "'{.peers = 3}', column 11: a list such as {1, 2, 3} is expected here");
    CHECK(refusal<plain>("{.peers = {.a = 3}}") ==
          "'{.peers = {.a = 3}}', column 12: the values of a list have no names");
    CHECK(refusal<plain>("{.path = {}}") ==
          "'{.path = {}}', column 10: a word or a \"text\" is expected here");
}

TEST_CASE("parse: a wrong name says which names there are") {
    CHECK(refusal<flip>("{.scal = 1}") ==
          "'{.scal = 1}', column 2: flip has no field 'scal'; did you mean 'scale'? (known: scale)");
    CHECK(refusal<timed<flip>>("timed{.strat = 1}") ==
          "'timed{.strat = 1}', column 7: timed has no field 'strat'; "
          "did you mean 'start'? (known: scale, start, stop)");
    CHECK(refusal<flip>("flop{}") == "'flop{}', column 1: flip{...} is expected here, not 'flop'");
    CHECK(refusal<choice>("flop{}") ==
          "'flop{}', column 1: unknown name 'flop'; did you mean 'flip'? (known: nothing, flip)");
    CHECK(refusal<choice>("{.scale = 1}") ==
          "'{.scale = 1}', column 1: a name is missing before '{'; right would be nothing, flip");
    CHECK(refusal<nothing>("nothing{.x = 1}") ==
          "'nothing{.x = 1}', column 9: nothing has no field 'x' (known: none)");
    CHECK(refusal<starts>("{.at = last}") ==
          "'{.at = last}', column 8: this is no place; right would be: first or row(INDEX)");
    CHECK(refusal<starts>("{.at = row(-1)}") ==
          "'{.at = row(-1)}', column 12: -1 is negative; right would be 0 or more");
}

TEST_CASE("parse: no field is given twice, and names come last") {
    CHECK(refusal<when>("{.start = 1, .start = 2}") ==
          "'{.start = 1, .start = 2}', column 14: the field 'start' is given twice");
    CHECK(refusal<when>("{1, .start = 2}") ==
          "'{1, .start = 2}', column 5: the field 'start' is given twice");
    CHECK(refusal<timed<flip>>("{flip{}, .scale = 2}") ==
          "'{flip{}, .scale = 2}', column 10: the field 'scale' is given twice");
    CHECK(refusal<when>("{.start = 1, 2}") ==
          "'{.start = 1, 2}', column 14: a value without a name may not follow those with names");
    CHECK(refusal<when>("{1, 2, 3}") ==
          "'{1, 2, 3}', column 8: a value too many; right would be at most 2 in when");
}

TEST_CASE("parse: a long text is shown by its beginning") {
    CHECK(refusal<float>(std::string(1'000, 'x'))
              .starts_with("'" + std::string(200, 'x') + "...', column 1: "));
}

TEST_CASE("parse_into: a value keeps what it was when its text is refused") {
    plain policy{.tau = 9};
    CHECK_THROWS_AS(parse_into(policy, "{.flag = false, .tau = x}"), environment_error);
    CHECK(policy == plain{.tau = 9});
}

TEST_CASE("assign_fields: only what the tree gives changes") {
    plain value{.large = 9, .tau = 2};
    assign_fields(parse_policy_tree("whatever{false, .exact = 3}"), value);
    CHECK(value == plain{.flag = false, .large = 9, .tau = 2, .exact = 3});
    CHECK_THROWS_WITH_AS(assign_fields(parse_policy_tree("plain{.taw = 1}"), value),
                         doctest::Contains("plain has no field 'taw'; did you mean 'tau'?"), environment_error);
}

TEST_CASE("set_field: by name, in a part of a wrapper, by path, in an absent part") {
    timed<choice> policy{flip{}, {}};
    set_field(policy, "scale", "5");
    set_field(policy, "stop", "7");
    CHECK(policy == timed<choice>{flip{5}, {0, 7}});

    nested deep;
    set_field(deep, "one.scale", "3");
    set_field(deep, "either", "flip{.scale = 4}");
    set_field(deep, "either.scale", "5");
    CHECK(deep == nested{{}, {3}, flip{5}});
    set_field(deep, "start", "6");
    CHECK(deep.pause == when{.start = 6});
}

TEST_CASE("set_field: a field of letters takes any text as it stands, and quotes where they are") {
    plain policy;
    set_field(policy, "path", "/tmp/a b{c");
    CHECK(policy.path == "/tmp/a b{c");
    set_field(policy, "path", "\"quoted\"");
    CHECK(policy.path == "quoted");
    set_field(policy, "path", "");
    CHECK(policy.path == "");
}

TEST_CASE("set_field: complaints name the text, or the fields that there are") {
    timed<flip> policy;
    CHECK_THROWS_WITH_AS(set_field(policy, "scale", "x"),
                         "'x', column 1: 'x' is not a number; right would be 0.5, 1e-3 or inf",
                         environment_error);
    CHECK_THROWS_WITH_AS(set_field(policy, "strt", "1"),
                         "there is no field 'strt'; did you mean 'start'? (known: scale, start, stop)",
                         environment_error);
    CHECK_THROWS_AS(set_field(policy, "scale.x", "1"), environment_error);
    CHECK_THROWS_AS(set_field(policy, "", "1"), environment_error);
    CHECK(policy == timed<flip>{});
}

TEST_CASE("parse: the namespace of a name is dropped, before a number it is a mistake") {
    CHECK(parse<flip>("btard::flip{.scale = 2}") == flip{.scale = 2});
    CHECK_THROWS_AS((void)parse<flip>("flip{.scale = 1::5}"), environment_error);
    CHECK_THROWS_AS((void)parse<flip>("flip{.scale = a::5}"), environment_error);
}
