// SPDX-License-Identifier: Apache-2.0
#include "../../apps/common/config_file.hpp"
#include "../../apps/common/settings.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

using namespace btard;
using namespace btard::apps;

namespace {

struct near_by {
    double tau = 1;
    std::size_t rounds = 3;
    static constexpr auto name = "near_by";
    static constexpr void describe(auto& self, auto&& field) {
        field("tau", self.tau, "radius");
        field("rounds", self.rounds, "how often");
    }
    friend bool operator==(near_by const&, near_by const&) = default;
    void validate() const { expects(tau > 0, "tau is ", tau, ", it must be positive"); }
};
struct far_off {
    std::size_t rounds = 5;
    std::size_t turns = 7;
    static constexpr auto name = "far_off";
    static constexpr void describe(auto& self, auto&& field) {
        field("rounds", self.rounds, "how often");
        field("turns", self.turns, "which way");
    }
    friend bool operator==(far_off const&, far_off const&) = default;
};
struct letters {
    std::string word = "x";
    static constexpr auto name = "letters";
    static constexpr void describe(auto& self, auto&& field) { field("word", self.word, "any"); }
    friend bool operator==(letters const&, letters const&) = default;
    static letters from_text(std::string_view text) {
        if (text.starts_with("raw:")) return {std::string{text.substr(4)}};
        return parse<letters>(text);
    }
};

struct sample {
    std::variant<near_by, far_off> rule{};
    std::optional<near_by> maybe = {};
    std::optional<float> clip_gradient = {};
    std::size_t peers = 16;
    letters path{};
    std::string out = "it's";
    static constexpr auto name = "sample";
    static constexpr void describe(auto& self, auto&& field) {
        field("rule", self.rule, "which rule");
        field("maybe", self.maybe, "perhaps one more");
        field("clip_gradient", self.clip_gradient, "how short");
        field("peers", self.peers, "how many");
        field("path", self.path, "where");
        field("out", self.out, "where to");
    }
    friend bool operator==(sample const&, sample const&) = default;
};

given told(std::string name, std::string text, std::string origin = "file") {
    return {name, std::move(text), std::move(origin), "--" + name};
}

std::string refusal(std::vector<given> const& layer) {
    sample settings;
    origins from;
    try {
        apply(settings, layer, from);
    } catch (environment_error const& error) {
        CHECK((error.code() == errc::bad_text));
        return error.what();
    }
    return "nothing refused";
}

} // namespace

TEST_CASE("options_of: one for each setting, and one for each field of any alternative") {
    std::vector<std::string> names;
    for (auto const& option : options_of(sample{})) names.push_back(option.name + " " + option.kind);
    CHECK(names == std::vector<std::string>{"rule TEXT", "rule.tau FLOAT", "rule.rounds UINT",
                                            "rule.turns UINT", "maybe TEXT", "maybe.tau FLOAT",
                                            "maybe.rounds UINT", "clip-gradient FLOAT", "peers UINT",
                                            "path TEXT", "path.word TEXT", "out TEXT"});
}

TEST_CASE("options_of: the help says whose field it is, and the default is a text") {
    auto const all = options_of(sample{});
    CHECK(all[0].initial == "near_by{.tau = 1, .rounds = 3}");
    CHECK(all[1].help == "near_by: radius");
    CHECK(all[2].help == "near_by, far_off: how often");
    CHECK(all[4].initial == "");
    CHECK(all[5].help == "radius");
    CHECK(all[7].help == "how short");
}

TEST_CASE("apply: whole values come before fields, whatever the order in a layer") {
    sample settings;
    origins from;
    apply(settings, {told("rule.turns", "9"), told("clip-gradient", "0.5"), told("rule", "far_off{}")}, from);
    CHECK(settings == sample{.rule = far_off{.turns = 9}, .clip_gradient = 0.5f});
}

TEST_CASE("apply: a whole value in a higher layer replaces the fields of lower ones, and their origins") {
    sample settings;
    origins from;
    apply(settings, {told("rule.tau", "9"), told("peers", "4")}, from);
    apply(settings, {told("rule", "far_off{}", "command")}, from);
    apply(settings, {told("rule.rounds", "1", "curve")}, from);
    CHECK(settings == sample{.rule = far_off{.rounds = 1}, .peers = 4});
    CHECK(from == origins{{"peers", "file"}, {"rule", "command"}, {"rule.rounds", "curve"}});
}

TEST_CASE("apply: an absent policy appears with its first field, and goes when it is told so") {
    sample settings;
    origins from;
    apply(settings, {told("maybe.rounds", "1")}, from);
    CHECK(settings.maybe == near_by{.rounds = 1});
    apply(settings, {told("maybe", "{}")}, from);
    CHECK(!settings.maybe);
}

TEST_CASE("apply: letters are taken as they stand") {
    sample settings;
    origins from;
    apply(settings, {told("path", "raw:my {file"), told("path.word", "a, b")}, from);
    CHECK(settings.path.word == "a, b");
    apply(settings, {told("path", "raw:my {file")}, from);
    CHECK(settings.path.word == "my {file");
}

TEST_CASE("apply: a refusal names the place, and what is there") {
    CHECK(refusal({told("peers", "many")}) ==
          "--peers: 'many', column 1: 'many' is not a whole number; right would be 16 or 1'000");
    CHECK(refusal({told("rule", "near_bye{}")})
              .starts_with("--rule: 'near_bye{}', column 1: unknown name 'near_bye'; "
                           "did you mean 'near_by'?"));
    CHECK(refusal({told("rule.turns", "1")}) ==
          "--rule.turns: there is no field 'turns' (known: tau, rounds), "
          "in near_by{.tau = 1, .rounds = 3}");
    CHECK(refusal({told("peers.tau", "1")}) == "--peers.tau: 'peers' has no fields, in 16");
    CHECK(refusal({told("pears", "1")}) == "--pears: there is no setting 'pears'; did you mean 'peers'? "
                                           "(known: rule, maybe, clip-gradient, peers, path, out)");
}

TEST_CASE("check: a setting that makes no sense is named") {
    sample settings;
    CHECK_NOTHROW(check(settings));
    settings.rule = near_by{.tau = -1};
    CHECK_THROWS_WITH_AS(check(settings), "--rule: tau is -1, it must be positive", contract_violation);
}

TEST_CASE("config_text: every setting with its origin; and it reads back") {
    sample settings;
    origins from;
    apply(settings,
          {told("rule", "far_off{}", "a.toml:3"), told("rule.turns", "1", "command line"),
           told("path", "raw:a 'b' \\ \"c\"", "a.toml:4")},
          from);
    std::string const text = config_text(settings, from);
    CHECK(text == "rule = 'far_off{.rounds = 5, .turns = 1}'               # a.toml:3; .turns: command line\n"
                  "# maybe is absent                                       # default\n"
                  "# clip-gradient is absent                               # default\n"
                  "peers = 16                                              # default\n"
                  "path = \"letters{.word = \\\"a 'b' \\\\\\\\ \\\\\\\"c\\\\\\\"\\\"}\"      # a.toml:4\n"
                  "out = \"it's\"                                            # default\n");
    sample again;
    apply(again, parse_config(text, "x"), from);
    CHECK(again == settings);
}
