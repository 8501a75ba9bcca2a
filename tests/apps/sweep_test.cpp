// SPDX-License-Identifier: Apache-2.0
// Axes, their product, names and plans.
#include "../../apps/simulate/axes.hpp"
#include "../../apps/simulate/options.hpp"
#include "../../apps/simulate/plan.hpp"
#include "../../apps/simulate/short_text.hpp"

#include <btard/core/error.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using namespace btard;
using namespace btard::apps;

namespace sweep_tests { // other tests of its batch have helpers of the same names

namespace {

using words = std::vector<std::string>;

std::string refusal(words const& given_words) {
    try {
        (void)read_request(given_words);
    } catch (environment_error const& error) {
        return error.what();
    } catch (contract_violation const& error) {
        return error.what();
    }
    return "nothing refused";
}

words const several{"--rule",      "mean{}",
                    "--rule",      "krum{.byzantine = 2}",
                    "--rule",      "krum{.byzantine = 3}",
                    "--attack",    "honest{}",
                    "--attack",    "scheduled{sign_flip{.scale = 10}, {.start = 20}}",
                    "--seeds",     "0,7",
                    "--peers",     "12",
                    "--byzantine", "3",
                    "--steps",     "60"};

words with(words more) {
    words all = several;
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

std::string const path = std::filesystem::temp_directory_path() / "btard_sweep_test.toml";

} // namespace

TEST_CASE("read_seeds: ranges with both ends, lists, and both") {
    using seeds = std::vector<std::uint64_t>;
    CHECK(read_seeds("0..4") == seeds{0, 1, 2, 3, 4});
    CHECK(read_seeds("0,3,7") == seeds{0, 3, 7});
    CHECK(read_seeds("5") == seeds{5});
    CHECK(read_seeds("0..1,9,4..5") == seeds{0, 1, 9, 4, 5});
    CHECK(read_seeds("18446744073709551614..18446744073709551615").size() == 2);
    for (auto const* const wrong :
         {"", "a", "1..", "..3", "1,,2", "4..2", "-1", "0..10000", "1.5", "0 1", "0..18446744073709551615"})
        CHECK_THROWS_AS((void)read_seeds(wrong), environment_error);
    CHECK(refusal({"--seeds", "4..2"}) == "--seeds: '4..2' goes backwards; right would be 0..4, or 0,3,7");
}

TEST_CASE("short_text: what is as usual is left out, and the text reads back") {
    for (auto const* const text :
         {"mean{}", "krum{.byzantine = 3}", "mixed{nnm{.byzantine = 2}, centered_clip{.tau = 4}}"}) {
        auto const rule = parse<any_aggregator>(text);
        CHECK(short_text(rule) == text);
        CHECK(parse<any_aggregator>(short_text(rule)) == rule);
    }
    auto const attack = parse<any_attack>("scheduled{sign_flip{.scale = 10}, {.start = 9}}");
    CHECK(short_text(attack) == "scheduled{sign_flip{.scale = 10}, {.start = 9}}");
    CHECK(short_text(any_attack{}) == "honest{}");
}

TEST_CASE("labels: names where they tell the policies apart, else the fields that do") {
    auto const rules = [](std::vector<std::string> const& texts) {
        std::vector<any_aggregator> all;
        for (auto const& text : texts) all.push_back(parse<any_aggregator>(text));
        return labels_of(all);
    };
    CHECK(rules({"mean{}", "krum{.byzantine = 2}", "mixed{nnm{.byzantine = 3}, mean{}}"}) ==
          words{"mean", "krum", "nnm + mean"});
    CHECK(rules({"centered_clip{}", "centered_clip{.tau = 4}", "mean{}"}) ==
          words{"centered_clip{.tau = 1}", "centered_clip{.tau = 4}", "mean"});
    CHECK(labels_of({any_attack{}, parse<any_attack>("scheduled{sign_flip{}, {.start = 3}}"),
                     parse<any_attack>("scheduled{sign_flip{}, {.start = 5}}"),
                     parse<any_attack>("gaussian{}")}) ==
          words{"no attack", "sign_flip{.start = 3}", "sign_flip{.start = 5}", "gaussian"});
}

TEST_CASE("sweep: every rule with every attack and every seed, in this order") {
    auto const wanted = read_request(several);
    CHECK(wanted.is_sweep());
    CHECK(wanted.grid.rules == words{"mean", "krum{.byzantine = 2}", "krum{.byzantine = 3}"});
    CHECK(wanted.grid.attacks == words{"no attack", "sign_flip"});
    REQUIRE(wanted.curves.size() == 12);
    auto const& one = wanted.curves[wanted.grid.at(1, 1, 1)];
    CHECK(one.name == "krum{.byzantine = 2}, sign_flip, seed 7");
    CHECK(one.file == "krum_.byzantine_2__scheduled_sign_flip_.scale_10_.start_20__seed_7.jsonl");
    CHECK(short_text(one.what.rule.value) == "krum{.byzantine = 2}");
    CHECK(first_step(one.what.attack) == 20);
    CHECK(one.what.swarm.seed == 7);
    CHECK(one.what.steps == 60);
}

TEST_CASE("sweep: the file of a run does not depend on the others") {
    auto const more = read_request(with({"--rule", "coordinate_median{}"}));
    auto const fewer = read_request(several);
    CHECK(more.curves[more.grid.at(2, 1, 0)].file == fewer.curves[fewer.grid.at(2, 1, 0)].file);
}

TEST_CASE("sweep: conducts share an axis with attacks") {
    auto const conduct = [](std::string_view text) { return conduct_setting::from_text(text); };
    CHECK(labels_of({any_attack{}, any_attack{sign_flip{}}}, {conduct("upright{}"), conduct("slander{}")}) ==
          words{"no attack", "slander", "sign_flip", "sign_flip + slander"});
    CHECK(labels_of({any_attack{}}, {conduct("scheduled{slander{}, {.start = 3}}"), conduct("slander{}")}) ==
          words{"scheduled{slander{}, {.start = 3}}", "slander{}"});

    auto const made = read_request({"--rule", "mean{}", "--attack", "honest{}", "--attack", "sign_flip{}", "--conduct", "upright{}",
                                    "--conduct", "slander{}", "--seeds", "0..1", "--byzantine", "3"});
    REQUIRE(made.curves.size() == 8);
    auto const& one = made.curves[made.grid.at(0, 3, 1)];
    CHECK(one.name == "mean, sign_flip + slander, seed 1");
    CHECK(one.file == "mean__sign_flip__slander__seed_1.jsonl");
    CHECK(one.what.attack == any_attack{sign_flip{}});
    CHECK(one.what.conduct == conduct("slander{}"));
    CHECK(made.curves[made.grid.at(0, 2, 0)].file == "mean__sign_flip__seed_0.jsonl");
    CHECK(made.config.find("conduct = [\n    'upright{}',") != std::string::npos);
}

TEST_CASE("sweep: one value of each is what it was") {
    auto const wanted =
        read_request({"--rule", "krum{.byzantine = 3}", "--attack", "sign_flip{}", "--seeds", "4"});
    CHECK(!wanted.is_sweep());
    REQUIRE(wanted.curves.size() == 1);
    CHECK(wanted.curves[0].file == "krum.jsonl");
    CHECK(wanted.curves[0].what.swarm.seed == 4);
}

TEST_CASE("sweep: from a file, whose lists the command line replaces") {
    std::ofstream(path)
        << "rule = ['mean{}', 'krum{}']\nattack = ['honest{}', 'sign_flip{}']\nseeds = [0, 3, 7]\n"
           "byzantine = 2\njobs = 3\n";
    auto const all = read_request({"--config", path});
    CHECK(all.curves.size() == 12);
    CHECK(all.jobs == 3);
    CHECK(all.grid.seeds == std::vector<std::uint64_t>{0, 3, 7});
    auto const fewer = read_request({"--config", path, "--rule", "trimmed_mean{}", "--seed", "5"});
    CHECK(fewer.grid.rules == words{"trimmed_mean"});
    CHECK(fewer.grid.seeds == std::vector<std::uint64_t>{5});
    CHECK(fewer.curves.size() == 2);

    std::ofstream(path) << read_request(with({"--seeds", "2..3"})).config;
    auto const again = read_request({"--config", path});
    CHECK(again.curves.size() == 24);
    CHECK(again.grid.seeds == std::vector<std::uint64_t>{0, 7, 2, 3});
    CHECK(again.curves[5].what == read_request(with({"--seeds", "2..3"})).curves[5].what);
    std::filesystem::remove(path);
}

TEST_CASE("sweep: what is not clear is refused") {
    CHECK(refusal(with({"--rule.byzantine", "1"})) ==
          "--rule.byzantine: there are 3 rules; write the field into those that it is for");
    CHECK(refusal(with({"--attack.start", "1"})).starts_with("--attack.start: there are 2 attacks"));
    CHECK(refusal(with({"--seed", "1"})) == "--seeds: there is a seed too; give one of them");
    CHECK(refusal(with({"--curve", "a:"})) ==
          "there are curves and several rules, attacks, conducts or seeds: give either; a curve has one of each");
    CHECK(refusal(with({"--rule", "mean{}"})) == "the rule mean{} is given twice");
    CHECK(refusal(with({"--seeds", "7"})) == "the seed 7 is given twice");
    CHECK(refusal(with({"--rule", "krum{.byzantine = 9}"}))
              .starts_with("curve 'krum{.byzantine = 9}, no attack, seed 0': "));
    CHECK(refusal(with({"--jobs", "2", "--threads", "2"})) ==
          "--threads is 2, but with --jobs 2 each run has one thread");
}

TEST_CASE("sweep: the steps before the attacks are shared for each rule and seed") {
    auto const curves = read_request(with({"--attack", "scheduled{gaussian{}, {.start = 30}}", "--attack",
                                           "inner_product{}"}))
                            .curves;
    auto const starts = plan(curves);
    CHECK(starts.size() == 6 + 6); // an attack from the first step shares nothing
    CHECK(starts[0] == shared_start{{0, 2, 4}, 20});
    CHECK(steps_of(starts, curves) == 6 * (20 + 3 * 40 + 60));
}

TEST_CASE("sweep: the command to go on leaves out --overwrite, and names the folder") {
    CHECK(read_request({"--steps", "3", "--out", "here", "--overwrite", "--rule", "krum{.byzantine = 3}"})
              .again == "simulate --steps 3 --out here --rule 'krum{.byzantine = 3}'");
    std::ofstream(path) << "overwrite = true\nout = 'there'\n";
    CHECK(read_request({"--config", path}).again == concat("simulate --config ", path, " --overwrite=false"));
    CHECK(!read_request({"--config", path, "--overwrite=false"}).overwrite);
    std::filesystem::remove(path);
    auto const fresh = read_request({"--steps", "3"});
    CHECK(fresh.again == "simulate --steps 3 --out " + fresh.out);
}

} // namespace sweep_tests
