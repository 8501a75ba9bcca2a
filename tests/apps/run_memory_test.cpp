// SPDX-License-Identifier: Apache-2.0
#include "../../apps/simulate/memory.hpp"
#include "../../apps/simulate/run.hpp"

#include "image_files.hpp"

#include <doctest/doctest.h>

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <string>
#include <vector>

using namespace btard;
using namespace btard::apps;

namespace {

std::size_t resident() { // bytes of this process in memory
    std::size_t whole = 0, pages = 0;
    std::ifstream("/proc/self/statm") >> whole >> pages;
    return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

settings learns(sample_folder const& folder, std::vector<std::int64_t> hidden) {
    settings what;
    idx_folder images;
    images.folder = folder.path.string();
    what.data = {images};
    what.model = any_model{mlp_model{.hidden = std::move(hidden)}};
    what.swarm.threads = 2;
    what.steps = 8;
    return what;
}

/// The most that this process grew to while it trained.
std::size_t grown(settings const& what) {
    std::vector<curve> const curves{{"a", "", what}};
    std::size_t const before = resident();
    std::size_t most = before;
    run(curves, [&](auto, auto const&) {
        most = std::max(most, resident());
        return true;
    });
    return most - before;
}

} // namespace

TEST_CASE("memory_of: within a third of what a run of an MLP really takes") {
    ::mallopt(M_MMAP_THRESHOLD, 1 << 20); // what is freed is gone at once, and not kept for later
    fresh_folder const folder;
    write_idx(folder, 40, 28);
    (void)grown(learns(folder, {4})); // what LibTorch needs once
    auto what = learns(folder, {2'000});
    what.swarm.peers = 12;
    auto const tight = [](std::size_t real, memory_use const& expected) {
        MESSAGE("really ", real >> 20, " MiB, expected ", expected.total() >> 20);
        CHECK(double(real) > 0.75 * double(expected.total()));
        CHECK(double(real) < 1.33 * double(expected.total()));
    };
    tight(grown(what), memory_of(what));

    what.swarm.worker_momentum.emplace();
    what.swarm.optimizer = sgd{.momentum = 0.9f};
    what.byzantine.peers = {0, 1, 2};
    what.attack = delayed_gradient{.delay = 4};
    tight(grown(what), memory_of(what));
}
