// SPDX-License-Identifier: Apache-2.0
#include "../../apps/simulate/dry_run.hpp"
#include "../../apps/simulate/memory.hpp"

#include <btard/core/error.hpp>

#include "image_files.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

using namespace btard;
using namespace btard::apps;

namespace dry_run_tests { // other tests of its batch have helpers of the same names

namespace {

settings learns(sample_folder const& folder, std::vector<std::int64_t> hidden) {
    settings what;
    idx_folder images;
    images.folder = folder.path.string();
    what.data = {images};
    what.model = any_model{mlp_model{.hidden = std::move(hidden)}};
    what.swarm.threads = 3;
    what.swarm.peers = 4;
    what.steps = 8;
    return what;
}

std::size_t bytes(settings what, std::size_t threads) {
    what.swarm.threads = threads;
    return memory_of(what).total();
}

bool has(std::string const& text, std::string const& part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("dry_run: each run has the memory of its threads, and of one thread beside others") {
    fresh_folder const folder;
    write_idx(folder, 40, 28);
    auto const small = learns(folder, {100}), large = learns(folder, {200});
    REQUIRE(bytes_text(bytes(small, 1)) != bytes_text(bytes(small, 3)));
    request wanted;
    wanted.curves = {{"small", "small.jsonl", small}, {"large", "large.jsonl", large}};
    wanted.out = "made";
    auto const shown = [&](std::size_t jobs, std::vector<bool> const& finished) {
        wanted.jobs = jobs;
        return dry_run_text(wanted, finished);
    };
    auto const line = [](settings const& what, std::size_t threads, std::string const& file) {
        return concat(bytes_text(bytes(what, threads)), "   ", file, "\n");
    };
    auto const alone = shown(1, {false, false});
    CHECK(has(alone, line(small, 3, "small.jsonl")));
    CHECK(has(alone, line(large, 3, "large.jsonl")));
    CHECK(has(alone, concat(" and ", bytes_text(bytes(large, 3)), " with 1 job, into made\n")));

    auto const both = shown(2, {false, false});
    CHECK(has(both, line(small, 1, "small.jsonl")));
    CHECK(has(both, line(large, 1, "large.jsonl")));
    CHECK(has(both,
              concat(" and ", bytes_text(bytes(small, 1) + bytes(large, 1)), " with 2 jobs, into made\n")));

    auto const rest = shown(2, {true, false});
    CHECK(has(rest, " finished "));
    CHECK(has(rest, "2 runs, 1 of them finished; 8 steps to do"));
    CHECK(has(rest, concat(" and ", bytes_text(bytes(large, 1)), " with 2 jobs, into made\n")));
}

} // namespace dry_run_tests
