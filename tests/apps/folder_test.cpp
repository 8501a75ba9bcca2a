// SPDX-License-Identifier: Apache-2.0
// What is written into the folder, and what of it is still good when the program comes again.
#include "../../apps/common/files.hpp"
#include "../../apps/simulate/record.hpp"
#include "../../apps/simulate/recorder.hpp"
#include "../../apps/simulate/results.hpp"

#include <btard/core/error.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using namespace btard;
using namespace btard::apps;
namespace fs = std::filesystem;

namespace {

struct folder {
    std::string path = fs::temp_directory_path() / "btard_folder_test";
    folder() {
        fs::remove_all(path);
        make_folder(path);
    }
    folder(folder const&) = delete;
    folder& operator=(folder const&) = delete;
    ~folder() { fs::remove_all(path); }
};

request wanted_in(std::string const& path, std::vector<std::string> more = {}) {
    std::vector<std::string> words{"--rule", "mean{}", "--rule", "krum{}", "--steps", "3", "--out", path};
    words.insert(words.end(), more.begin(), more.end());
    return read_request(words);
}

void write_run(request const& wanted, std::size_t k, std::size_t steps) {
    recorder files(wanted.out, wanted.curves, wanted.curves.size() == 1);
    for (std::size_t step = 0; step < steps; ++step) {
        step_result result{{.step = step, .loss = 0.1 * double(step), .honest = 16}, {}, 0.5 * double(step)};
        if (step == 2) result.report.loss = std::nan(""), result.report.banned = {3, 4};
        if (step == 1) result.test = evaluation{.loss = 2, .accuracy = 0.5};
        files.add(std::span(&k, 1), result);
    }
}

std::string refusal(request const& wanted) {
    try {
        (void)finished_runs(wanted);
    } catch (contract_violation const& wrong) {
        return wrong.what();
    }
    return "nothing refused";
}

} // namespace

TEST_CASE("recorder: a file has its own name only when the run is complete") {
    folder const here;
    auto const wanted = wanted_in(here.path);
    std::string const path = here.path + "/" + wanted.curves[1].file;
    write_run(wanted, 1, 2);
    CHECK(!fs::exists(path));
    CHECK(fs::exists(part_of(path)));
    CHECK(finished_runs(wanted) == std::vector<bool>{false, false});
    write_run(wanted, 1, 3);
    CHECK(fs::exists(path));
    CHECK(!fs::exists(part_of(path)));
    CHECK(finished_runs(wanted) == std::vector<bool>{false, true});
}

TEST_CASE("read_history: what was written comes back") {
    folder const here;
    auto const wanted = wanted_in(here.path);
    CHECK(read_history(here.path, wanted.curves[0]).loss.empty());
    write_run(wanted, 0, 3);
    auto const one = read_history(here.path, wanted.curves[0]);
    REQUIRE(one.loss.size() == 3);
    CHECK(one.loss[1] == 0.1);
    CHECK(std::isnan(one.loss[2]));
    CHECK(one.banned == std::vector<std::pair<std::size_t, std::size_t>>{{2, 3}, {2, 4}});
    REQUIRE(one.tests.size() == 1);
    CHECK(one.tests[0].step == 1);
    CHECK(one.tests[0].found == evaluation{.loss = 2, .accuracy = 0.5});
    CHECK(one.seconds == 1);
    CHECK(one.honest_left == 16);
}

TEST_CASE("read_history: of a program that was killed, the lines that are whole") {
    folder const here;
    auto const wanted = wanted_in(here.path);
    write_run(wanted, 0, 2);
    std::string const path = part_of(here.path + "/" + wanted.curves[0].file), whole = read_file(path);
    for (std::size_t const cut : {std::size_t{0}, std::size_t{20}, whole.size() - 1, whole.size() - 30}) {
        std::ofstream(path) << whole.substr(0, cut);
        CHECK(read_history(here.path, wanted.curves[0]).loss.size() == (cut < 100 ? 0 : 1));
        CHECK(finished_runs(wanted) == std::vector<bool>{false, false});
    }
    remove_unfinished(wanted, {false, false});
    CHECK(!fs::exists(path));
}

TEST_CASE("finished_runs: a file of this name that is not complete is done again") {
    folder const here;
    auto const wanted = wanted_in(here.path);
    std::string const path = here.path + "/" + wanted.curves[0].file;
    write_run(wanted, 0, 3);
    write_file(path, read_file(path).substr(0, read_file(path).rfind("{\"step\":2")));
    CHECK(finished_runs(wanted) == std::vector<bool>{false, false});
    remove_unfinished(wanted, {false, true});
    CHECK(!fs::exists(path));
}

TEST_CASE("finished_runs: results of other settings are refused, with the setting and both values") {
    folder const here;
    auto const wanted = wanted_in(here.path);
    std::string const path = here.path + "/" + wanted.curves[0].file;
    write_run(wanted, 0, 3);
    CHECK(refusal(wanted_in(here.path, {"--peers", "9"})) ==
          concat("--out: '", path,
                 "' has results of other settings: peers is 16 there, 9 here; choose another "
                 "folder, or let --overwrite replace the results"));
    CHECK(refusal(wanted_in(here.path, {"--optimizer", "lamb{}"}))
              .find("optimizer is sgd{.learning_rate = 0.1,") != std::string::npos);
    CHECK(finished_runs(wanted_in(here.path, {"--peers", "9", "--overwrite"})) ==
          std::vector<bool>{false, false});
    CHECK(finished_runs(wanted_in(here.path, {"--threads", "2"})) == std::vector<bool>{true, false});

    std::string text = read_file(path);
    text[text.find("\"btard\":\"") + 9] = '7';
    write_file(path, text);
    CHECK(refusal(wanted).find("the version of btard is 7.") != std::string::npos);
}

TEST_CASE("finished_runs: a path that is no UTF-8 is the same path the next time, and no other one") {
    folder const here;
    auto const wanted = wanted_in(here.path, {"--data", "text:caf\xe9"});
    write_run(wanted, 0, 3);
    std::string const text = read_file(here.path + "/" + wanted.curves[0].file);
    CHECK(text.find('\xe9') == text.npos);
    CHECK(text.find("caf\ufffde9") != text.npos);
    CHECK(finished_runs(wanted) == std::vector<bool>{true, false});
    CHECK(refusal(wanted_in(here.path, {"--data", "text:caf\xe8"}))
              .find("has results of other settings: data is") != std::string::npos);
}

TEST_CASE("finished_runs: a sweep may grow or shrink, but not change") {
    folder const here;
    auto const wanted = wanted_in(here.path);
    write_run(wanted, 0, 3);
    CHECK(finished_runs(wanted_in(here.path, {"--rule", "trimmed_mean{}"})) ==
          std::vector<bool>{true, false, false});
    auto const others = [&](std::vector<std::string> more) {
        std::vector<std::string> words{"--rule", "trimmed_mean{}", "--rule", "krum{}", "--out", here.path};
        words.insert(words.end(), more.begin(), more.end());
        return read_request(words);
    };
    CHECK(finished_runs(others({"--steps", "3"})) == std::vector<bool>{false, false});
    CHECK(refusal(others({"--steps", "4"})).find("steps is 3 there, 4 here") != std::string::npos);
    CHECK(refusal(read_request({"--steps", "3", "--out", here.path})).find("has results of another curve") !=
          std::string::npos);
}

TEST_CASE("remove_unfinished: --overwrite removes all results, and nothing else") {
    folder const here;
    auto const wanted = wanted_in(here.path);
    write_run(wanted, 0, 3);
    write_run(wanted, 1, 2);
    std::ofstream(here.path + "/mine.jsonl") << "{\"mine\":1}\n";
    std::vector<std::string> const other{"--steps", "9", "--out", here.path, "--overwrite"};
    remove_unfinished(read_request(other), {false});
    std::size_t left = 0;
    for ([[maybe_unused]] auto const& file : fs::directory_iterator(here.path)) ++left;
    CHECK(left == 1);
    CHECK(fs::exists(here.path + "/mine.jsonl"));
}

TEST_CASE("finished_runs: a folder without results is not ours") {
    folder const here;
    CHECK(finished_runs(wanted_in(here.path)) == std::vector<bool>{false, false});
    std::ofstream(here.path + "/letter.txt") << "dear";
    CHECK(refusal(wanted_in(here.path))
              .starts_with(concat("--out: the folder '", here.path, "' is not empty, and has no results")));
    CHECK(finished_runs(wanted_in(here.path, {"--overwrite"})) == std::vector<bool>{false, false});
}

TEST_CASE("finished_runs: a folder whose runs were all killed is ours by its summary") {
    folder const here;
    std::ofstream(here.path + "/summary.csv") << "sum\n";
    CHECK(refusal(wanted_in(here.path)).find("has no results") != std::string::npos);
    std::ofstream(here.path + "/summary.csv") << "rule,attack,runs\n";
    CHECK(finished_runs(wanted_in(here.path)) == std::vector<bool>{false, false});
}

TEST_CASE("recorder: a full disk is a sentence with the name of the file") {
    if (!fs::exists("/dev/full")) return;
    folder const here;
    auto const wanted = wanted_in(here.path);
    std::string const path = part_of(here.path + "/" + wanted.curves[0].file);
    fs::create_symlink("/dev/full", path);
    CHECK_THROWS_WITH_AS(write_run(wanted, 0, 1),
                         concat("cannot write '", path, "': No space left on device").c_str(),
                         environment_error);
}
