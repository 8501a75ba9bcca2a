// tests/checkpoint/checkpoint_folder_test.cpp: what stays in the folder of a run, and what the next process takes.
// SPDX-License-Identifier: Apache-2.0
#include "folder.hpp"
#include "sample.hpp"

#include <btard/checkpoint/checkpoint_folder.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

using namespace btard;
using namespace btard::testing;

namespace {

checkpoint of_another_run(std::uint64_t step) {
    auto one = sample(step);
    one.run.bytes.fill(std::byte{9});
    return one;
}
std::vector<std::string> names(own_folder const& folder) {
    std::vector<std::string> found;
    for (auto const& entry : std::filesystem::directory_iterator(folder.path))
        found.push_back(entry.path().filename().string());
    std::ranges::sort(found);
    return found;
}
using texts = std::vector<std::string>;

} // namespace

TEST_CASE("checkpoints: files are named by their step, and the last one is found by its number") {
    own_folder const folder("checkpoint_folder_test");
    auto const path = folder.path.string() + "/run/a";
    CHECK_FALSE(load_last_checkpoint(path, sample().run).last);
    CHECK(save_checkpoint(path, sample(450)) == path + "/step-000450.safetensors");
    CHECK(save_checkpoint(path, sample(999'999)) == path + "/step-999999.safetensors");
    CHECK(save_checkpoint(path, sample(1'000'000)) == path + "/step-1000000.safetensors");
    auto const found = load_last_checkpoint(path, sample().run);
    CHECK(found.last == sample(1'000'000));
    CHECK(found.path == path + "/step-1000000.safetensors");
    CHECK(found.skipped.empty());
}

TEST_CASE("checkpoints: the last ones stay, and those of permanent steps") {
    own_folder const folder("checkpoint_folder_test");
    for (std::uint64_t const step : {10u, 20u, 30u, 40u, 50u})
        save_checkpoint(folder.path, sample(step), {.last = 2, .permanent = {10, 25}});
    CHECK(names(folder) ==
          texts{"step-000010.safetensors", "step-000040.safetensors", "step-000050.safetensors"});
    CHECK_THROWS_AS(save_checkpoint(folder.path, sample(60), {.last = 0}), contract_violation);
}

TEST_CASE(
    "checkpoints: what is not ours stays: later steps, other runs, damaged files, files of other names") {
    own_folder const folder("checkpoint_folder_test");
    save_checkpoint(folder.path, sample(90));
    save_checkpoint(folder.path, of_another_run(10));
    put(folder / "step-000020.safetensors", "damaged");
    put(folder / "step-x.safetensors", "");
    put(folder / "step-000001.safetensors.bak", "");
    put(folder / "step-99999999999999999999.safetensors", "");
    for (std::uint64_t const step : {30u, 40u}) save_checkpoint(folder.path, sample(step), {.last = 1});
    CHECK(names(folder) == texts{"step-000001.safetensors.bak", "step-000010.safetensors",
                                 "step-000020.safetensors", "step-000040.safetensors",
                                 "step-000090.safetensors", "step-99999999999999999999.safetensors",
                                 "step-x.safetensors"});
}

TEST_CASE("checkpoints: what a killed writer left behind goes with the next one") {
    own_folder const folder("checkpoint_folder_test");
    put(folder / "step-000010.safetensors.part0", "half");
    save_checkpoint(folder.path, sample(20));
    CHECK(names(folder) == texts{"step-000020.safetensors"});
}

TEST_CASE("checkpoints: the last good one is used, and for each that is not there is a reason") {
    own_folder const folder("checkpoint_folder_test");
    for (std::uint64_t const step : {10u, 20u, 30u}) save_checkpoint(folder.path, sample(step));
    save_checkpoint(folder.path, of_another_run(40));
    std::filesystem::copy(folder / "step-000010.safetensors", folder / "step-000050.safetensors");
    auto bytes = content_of(folder / "step-000030.safetensors");
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    put(folder / "step-000030.safetensors", bytes);
    std::filesystem::create_directory(folder / "step-000060.safetensors");

    auto const found = load_last_checkpoint(folder.path, sample().run);
    CHECK(found.last == sample(20));
    CHECK(found.path == folder / "step-000020.safetensors");
    REQUIRE(found.skipped.size() == 4);
    CHECK(found.skipped[0] ==
          "cannot read the file '" + folder / "step-000060.safetensors" + "': Is a directory");
    CHECK(found.skipped[1] ==
          "the safetensors file '" + folder / "step-000050.safetensors" + "' is one of step 10");
    CHECK(found.skipped[2].find("step-000040.safetensors' belongs to the run 0909") != std::string::npos);
    CHECK(found.skipped[3].find("step-000030.safetensors' ") != std::string::npos);
}

TEST_CASE("checkpoints: with nothing but damaged ones, none is found") {
    own_folder const folder("checkpoint_folder_test");
    put(folder / "step-000010.safetensors", "");
    auto const found = load_last_checkpoint(folder.path, sample().run);
    CHECK_FALSE(found.last);
    CHECK(found.path.empty());
    CHECK(found.skipped == texts{"the safetensors file '" + folder / "step-000010.safetensors" +
                                 "' has 0 bytes; the length of its header alone takes 8"});
    put(folder / "file", "");
    CHECK(refusal_of([&] { (void)load_last_checkpoint(folder / "file", sample().run); }).code() ==
          std::errc::not_a_directory);
}

TEST_CASE("checkpoints: another run's of the same step is not overwritten, a damaged one is") {
    own_folder const folder("checkpoint_folder_test");
    save_checkpoint(folder.path, of_another_run(10));
    auto const error = refusal_of([&] { save_checkpoint(folder.path, sample(10)); });
    CHECK(error.code() == std::errc::file_exists);
    CHECK(std::string(error.what()) ==
          "the file '" + folder / "step-000010.safetensors" +
              "' is a checkpoint of another run; give this run a folder of its own");
    put(folder / "step-000010.safetensors", "damaged");
    save_checkpoint(folder.path, sample(10));
    CHECK(load_last_checkpoint(folder.path, sample().run).last == sample(10));
}
