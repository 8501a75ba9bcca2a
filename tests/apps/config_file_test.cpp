// SPDX-License-Identifier: Apache-2.0
#include "../../apps/common/config_file.hpp"

#include <btard/core/error.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

using namespace btard;
using namespace btard::apps;

namespace {

/// "name=text@line", one after the other.
std::string read(std::string_view text) {
    std::string all;
    for (auto const& one : parse_config(text, "x.toml")) {
        CHECK(one.place == one.origin + ": " + one.name);
        all += one.name + "=" + one.text + "@" + one.origin.substr(7) + " ";
    }
    return all;
}

std::string refusal(std::string_view text) {
    try {
        (void)parse_config(text, "x.toml");
    } catch (environment_error const& error) {
        CHECK((error.code() == errc::bad_text));
        return error.what();
    }
    return "nothing refused";
}

} // namespace

TEST_CASE("config_file: names, values and lines") {
    CHECK(read("") == "");
    CHECK(read("peers = 16\nrule.tau=0.5\r\n\n  seed =7") == "peers=16@1 rule.tau=0.5@2 seed=7@4 ");
    CHECK(read("overwrite = true # why not\n# peers = 3\n") == "overwrite=true@1 ");
    CHECK(read("'peers' = 1'000\n\"seed\" = -1e-3") == "peers=1'000@1 seed=-1e-3@2 ");
}

TEST_CASE("config_file: a text between quotes keeps commas, braces and hashes") {
    CHECK(read("rule = 'a{.x = 1, .y = 2} # \\n'#no") == "rule=a{.x = 1, .y = 2} # \\n@1 ");
    CHECK(read(R"(data = "a \"b\" \\ c\n\t")") == "data=a \"b\" \\ c\n\t@1 ");
    CHECK(read("data = ''") == "data=@1 ");
}

TEST_CASE("config_file: an array is several values, each with its own line") {
    CHECK(read("curve = ['a, b', \"c\"]") == "curve=a, b@1 curve=c@1 ");
    CHECK(read("curve = [ # why\n  'a',\n\n  # b\n  'c' ,\n]\npeers = 2") ==
          "curve=a@2 curve=c@5 peers=2@7 ");
    auto const both = parse_config("seed = 1\ncurve = ['a']", "x.toml");
    CHECK(!both[0].in_array);
    CHECK(both[1].in_array);
}

TEST_CASE("refuse_arrays: only what may be given several times takes an array") {
    auto const refused = [](std::string_view text) -> std::string {
        try {
            refuse_arrays(parse_config(text, "x.toml"), {{"steps", "UINT"},
                                                         {"attack", "TEXT"},
                                                         {"byzantine", "UINT|{UINT, ...}"},
                                                         {"rule", "TEXT", "", "", "", true}});
        } catch (environment_error const& error) {
            CHECK((error.code() == errc::bad_text));
            return error.what();
        }
        return "";
    };
    CHECK(refused("rule = ['a', 'b']\nsteps = 10\nbyzantine = '{1, 3}'\nelsewhere = [1]") == "");
    CHECK(refused("\nsteps = [10, 20]") ==
          "x.toml:2: steps: it takes one value, and no array; right would be steps = 10");
    CHECK(refused("steps = [10]").ends_with("right would be steps = 10"));
    CHECK(refused("byzantine = [1,\n3]") ==
          "x.toml:1: byzantine: it takes one value, and no array; right would be byzantine = '{1, 3}'");
    CHECK(refused("attack = ['a{}']").ends_with("right would be attack = 'a{}'"));
}

TEST_CASE("config_file: what it does not understand is refused with the line and a way out") {
    CHECK(refusal("peers = 1\n[rule]\n") ==
          "x.toml:2: tables such as [rule] are not read; right would be a dotted name: rule.tau = 4");
    CHECK(refusal("peers 1") == "x.toml:1: '=' is missing after 'peers'");
    CHECK(refusal("= 1") == "x.toml:1: a line such as  peers = 16  is expected, not '= 1'");
    CHECK(refusal("\npeers = 1\npeers = 2") == "x.toml:3: 'peers' is given a second time, after line 2");
    CHECK(refusal("rule = mean{}") == "x.toml:1: a value is expected; a text needs quotes: '...'");
    CHECK(refusal("rule =") == "x.toml:1: a value is expected; a text needs quotes: '...'");
    CHECK(refusal("rule = 'mean\n'") == "x.toml:1: the text that begins with ' does not end");
    CHECK(refusal("a = \"\\q\"") == R"(x.toml:1: after a \ between "..." only " \ n t are read)");
    CHECK(refusal("a = \"\\") == R"(x.toml:1: after a \ between "..." only " \ n t are read)");
    CHECK(refusal("a = 1 2") == "x.toml:1: nothing may follow the value of 'a', but there is '2'");
    CHECK(refusal("a = ['b'\n'c']") == "x.toml:2: ',' or ']' is missing before ''c']'");
    CHECK(refusal("a = [\n'b',\n") == "x.toml:3: the array that begins in line 1 has no ']'");
    CHECK(refusal("a = 1\nb = []") ==
          "x.toml:2: the array of 'b' is empty; right would be a value, or no such line");
    CHECK(refusal("a = [\n'b'\n") == "x.toml:3: the array that begins in line 1 has no ']'");
}

TEST_CASE("config_file: no prefix of a good file does any harm") {
    std::string const good = "# x\nrule = 'mean{}' # y\ncurve = [\"a\\n\", # z\n'b',\n]\npeers = 16\n";
    for (std::size_t n = 0; n <= good.size(); ++n) {
        try {
            (void)parse_config(std::string_view{good}.substr(0, n), "x");
        } catch (environment_error const&) {
        }
    }
    CHECK(parse_config(good, "x").size() == 4);
}

TEST_CASE("config_file: the mark with which some editors begin UTF-8 is skipped, and only there") {
    CHECK(read("\xef\xbb\xbfpeers = 16") == "peers=16@1 ");
    CHECK(read("\xef\xbb\xbf") == "");
    CHECK(refusal("peers = 16\n\xef\xbb\xbfseed = 1").starts_with("x.toml:2: a line such as"));
}

TEST_CASE("read_config: a file without an end is refused, and not read until memory is gone") {
    if (!std::filesystem::exists("/dev/zero")) return;
    CHECK_THROWS_WITH_AS((void)read_config("/dev/zero"),
                         "'/dev/zero' is longer than the 1048576 bytes that such a file may have",
                         environment_error);
}

TEST_CASE("read_config: a file that is not there is a failure around us, not a bad text") {
    try {
        (void)read_config("/nowhere/x.toml");
        FAIL("nothing refused");
    } catch (environment_error const& error) {
        CHECK((error.code() == std::errc::no_such_file_or_directory));
        CHECK(error.what() == std::string("cannot open '/nowhere/x.toml': No such file or directory"));
    }
}
