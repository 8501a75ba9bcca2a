// SPDX-License-Identifier: Apache-2.0
#include <btard/core/policy_tree.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace btard;

namespace {
/// The tree in one line, so that tests can compare it: name=word@column(arguments){children}
std::string shown(policy_tree const& tree) {
    std::string text = tree.field.empty() ? "" : concat(tree.field, "=");
    text += concat(tree.quoted ? "\"" : "", tree.word, "@", tree.column);
    for (auto const& argument : tree.arguments) text += "(" + shown(argument) + ")";
    if (tree.braces) text += "{";
    for (auto const& child : tree.children) text += shown(child) + ";";
    if (tree.braces) text += "}";
    return text;
}
std::string refusal(std::string_view text, policy_text_limits limits = {}) {
    try {
        (void)parse_policy_tree(text, limits);
    } catch (environment_error const& error) {
        CHECK((error.code() == errc::bad_text));
        return error.what();
    }
    return "nothing refused";
}
} // namespace

TEST_CASE("policy_tree: words, names, positions, arguments, quotes, and where each begins") {
    CHECK(shown(parse_policy_tree("0.5")) == "0.5@1");
    CHECK(shown(parse_policy_tree("mean{}")) == "mean@1{}");
    CHECK(shown(parse_policy_tree("  clip { .tau = -1e-3 , .start=row(3), } ")) ==
          "clip@3{tau=-1e-3@17;start=row@32(3@36);}");
    CHECK(shown(parse_policy_tree("mixed{nnm{.f = 7}, {.x = \"a } b\"}}")) ==
          "mixed@1{nnm@7{f=7@16;};@20{x=\"a } b@26;};}");
    CHECK(shown(parse_policy_tree("{1, 2, 3}")) == "@1{1@2;2@5;3@8;}");
    CHECK(shown(parse_policy_tree("{.5, -.5}")) == "@1{.5@2;-.5@6;}");
}

TEST_CASE("policy_tree: a text copied from a program is understood") {
    CHECK(shown(parse_policy_tree("btard::sign_flip{.scale = 1'000}")) == "sign_flip@1{scale=1'000@27;}");
    CHECK(shown(parse_policy_tree("label_flip{\n    .map = label_map::next,\n}")) ==
          "label_flip@1{map=next@24;}");
}

TEST_CASE("policy_tree: quoted letters may be escaped") {
    CHECK(parse_policy_tree(R"("a\"b\\c\nd")").word == "a\"b\\c\nd");
    CHECK(parse_policy_tree("\"\"").quoted);
}

TEST_CASE("policy_tree: what kind of value it is") {
    CHECK(parse_policy_tree("inf").is_word());
    CHECK_FALSE(parse_policy_tree("\"inf\"").is_word());
    CHECK_FALSE(parse_policy_tree("mean{}").is_word());
    CHECK_FALSE(parse_policy_tree("row(1)").is_word());
    CHECK(parse_policy_tree("{}").is_bare());
    CHECK_FALSE(parse_policy_tree("mean{}").is_bare());
    CHECK(parse_policy_tree("row(7)").argument_value().word == "7");
    CHECK_THROWS_WITH_AS((void)parse_policy_tree("row").argument_value(),
                         "column 1: 'row' needs one value in parentheses; right would be: row(VALUE)",
                         environment_error);
    CHECK_THROWS_AS((void)parse_policy_tree("row(1, 2)").argument_value(), environment_error);
}

TEST_CASE("policy_tree: a text that is none says what is wrong and where") {
    CHECK(refusal("") == "column 1: the text ends where a value is expected");
    CHECK(refusal("   ") == "column 4: the text ends where a value is expected");
    CHECK(refusal("clip{") == "column 1: '}' is missing for what begins here");
    CHECK(refusal("a{b{.x = 1}, ") == "column 1: '}' is missing for what begins here");
    CHECK(refusal("row(1") == "column 1: ')' is missing for what begins here");
    CHECK(refusal("row()") == "column 1: a value is missing between '(' and ')'");
    CHECK(refusal("(1)") == "column 1: a name is missing before '('");
    CHECK(refusal("clip{}}") == "column 7: nothing may follow here, but there is '}'");
    CHECK(refusal("clip{.tau}") == "column 10: '=' is missing after '.tau'");
    CHECK(refusal("clip{.tau = }") == "column 13: a value is expected, but there is '}'");
    CHECK(refusal("clip{. = 1}") == "column 6: the name of a field is missing after '.'");
    CHECK(refusal("clip{tau = 1}") == "column 6: the name of a field begins with a dot: '.tau = ...'");
    CHECK(refusal("clip{1 2}") == "column 8: ',' or '}' is expected, but there is '2'");
    CHECK(refusal("{,}") == "column 2: a value is expected, but there is ','");
    CHECK(refusal("{.path = \"abc}") == "column 10: the quote that begins here does not end");
    CHECK(refusal("a;") == "column 2: nothing may follow here, but there is ';'");
}

TEST_CASE("policy_tree: length and depth have limits") {
    CHECK(refusal("12345", {.letters = 4}) == "column 1: the text has 5 letters, at most 4 are read");
    CHECK(refusal("{{{}}}", {.depth = 1}) == "column 3: braces are nested deeper than 1");
    CHECK(refusal("{{}}", {.depth = 1}) == "nothing refused");
    CHECK(refusal(std::string(60'000, '{')) == "column 34: braces are nested deeper than 32");
    CHECK(refusal(std::string(100'000, '1')) ==
          "column 1: the text has 100000 letters, at most 65536 are read");
}
