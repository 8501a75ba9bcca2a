// SPDX-License-Identifier: Apache-2.0
#include "../../apps/common/command_line.hpp"

#include <btard/core/error.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace btard;
using namespace btard::apps;

namespace {

using words = std::vector<std::string>;

std::vector<option_info> known() {
    return {{"peers", "UINT", "16", "how many"},         {"rule", "TEXT", "mean{}", "which"},
            {"rule.tau", "FLOAT", "", "radius", "rule"}, {"rule.rtol", "FLOAT", "", "how exact", "rule"},
            {"curve", "TEXT", "", "one more", "", true}, {"list", "", "", "show"},
            {"who", "UINT|{UINT, ...}", "", "these"},    {"help", "", "", "print this"}};
}

std::string read(words const& given_words) {
    std::string all;
    for (auto const& one : parse_words(given_words, known(), "here")) {
        CHECK(one.origin == "here");
        CHECK(one.place == "--" + one.name);
        all += one.name + "=" + one.text + " ";
    }
    return all;
}

std::string refusal(words const& given_words) {
    try {
        (void)parse_words(given_words, known(), "here", "before: ");
    } catch (environment_error const& error) {
        CHECK((error.code() == errc::bad_text));
        return error.what();
    }
    return "nothing refused";
}

} // namespace

TEST_CASE("parse_words: values as they were written, dotted names, switches, repetitions") {
    CHECK(read({}) == "");
    CHECK(read({"--rule.tau", "0.5", "--rule", "a{.x = 1, .y = {2}}", "--peers=-3"}) ==
          "peers=-3 rule=a{.x = 1, .y = {2}} rule.tau=0.5 ");
    CHECK(read({"--curve", "b: --x 1", "--list", "--curve", "a:"}) == "curve=b: --x 1 curve=a: list=true ");
}

TEST_CASE("parse_words: what is not known is refused, with what is") {
    CHECK(refusal({"--peer", "3"}) == "before: there is no option '--peer'; did you mean '--peers'? (known: "
                                      "--peers, --rule, --curve, --list, --who, --help)");
    CHECK(refusal({"--rule.tav=3"}) == "before: there is no option '--rule.tav'; did you mean '--rule.tau'? "
                                       "(known: --rule.tau, --rule.rtol)");
    CHECK(refusal({"peers"}) == "before: 'peers' belongs to no option; see --help");
    CHECK(refusal({"-p", "3"}) == "before: '-p' belongs to no option; see --help");
    CHECK(refusal({"--peers", "1", "--peers", "2"}) == "before: --peers is given 2 times");
    CHECK(refusal({"--list", "--list"}) == "before: --list is given 2 times");
    CHECK(refusal({"--peers"}).starts_with("before: --peers"));
}

TEST_CASE("parse_words: where the shell took a text apart, the quotes that it needs are named") {
    std::string const list =
        "before: '3' belongs to no option; see --help; a list needs quotes: --who '{1, 3}'";
    CHECK(refusal({"--who", "1", "3"}) == list); // {1,3}
    CHECK(refusal({"--peers", "4", "--who", "1", "3", "--list"}) == list);
    CHECK(refusal({"--who", "{1,", "3}"})
              .ends_with("'3}' belongs to no option; see --help; a list needs quotes: "
                         "--who '{1, 3}'")); // {1, 3}
    CHECK(refusal({"--who=1", "--who=3"}) == // --who={1,3}
          "before: --who is given 2 times; a list needs quotes: --who '{1, 3}'");
    CHECK(refusal({"--rule", "mixed{a{},", "b{}}"}) ==
          "before: 'b{}}' belongs to no option; see --help; a text with braces needs quotes: --rule '...'");
    CHECK(refusal({"--peers", "1", "3"}) == "before: '3' belongs to no option; see --help");
    CHECK(refusal({"3", "--who", "1"}) == "before: '3' belongs to no option; see --help");
    CHECK(refusal({"--list", "3"}) == "before: '3' belongs to no option; see --help");
}

TEST_CASE("parse_words: -h is --help") {
    CHECK(read({"-h"}) == "help=true ");
    CHECK(help_text("prog", "", known(), "").find("-h,--help") != std::string::npos);
}

TEST_CASE("help_text: has each option, under its heading, with its kind, default and meaning") {
    auto const help = help_text("prog", "About it.", known(), "The end.");
    for (auto const* const part : {"About it.", "prog", "--peers UINT", "16", "how many",
                                   "rule:", "--rule.tau FLOAT", "--list", "The end."})
        CHECK(help.find(part) != std::string::npos);
}

TEST_CASE("split_words: as a shell") {
    CHECK(split_words("") == words{});
    CHECK(split_words("  --a 1\t--b  ") == words{"--a", "1", "--b"});
    CHECK(split_words("--r 'a b {\"c\"}' \"d 'e'\"f ''") == words{"--r", "a b {\"c\"}", "d 'e'f", ""});
    CHECK_THROWS_WITH_AS((void)split_words("a 'b"), "the quote ' does not end", environment_error);
}
