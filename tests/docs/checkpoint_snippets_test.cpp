// tests/docs/checkpoint_snippets_test.cpp: the examples of docs/reference/checkpoints.md, each a region.
// SPDX-License-Identifier: Apache-2.0
#include <btard/checkpoint/checkpoint_folder.hpp>
#include <btard/checkpoint/parameters.hpp>
#include <btard/train/optimizer_memory.hpp>
#include <btard/train/quadratic.hpp>

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

using namespace btard;

TEST_CASE("checkpoints.md: save, go on, and begin with the parameters of another file") {
    std::string const folder =
        (std::filesystem::temp_directory_path() / ("btard_checkpoint_snippets_" + std::to_string(::getpid())))
            .string();
    quadratic const task{};
    digest const run_id{};
    optimizer const method = lamb{};
    optimizer_state state = start(method, task.size());
    std::vector<float> parameters(task.size(), 1.5f);
    std::uint64_t step = 450;
    std::string const settings = "peers = 16";
    // [save]
    checkpoint now;
    now.step = step;
    now.run = run_id;
    now.configuration = settings;
    now.tensors = shapes_of(layout_of(task));
    now.parameters = parameters;
    now.optimizer = memory_of(method, state);
    auto const path = save_checkpoint(folder, now, {.last = 3, .permanent = {450, 950, 2950, 4950}});
    // [save]
    CHECK(path == folder + "/step-000450.safetensors");
    parameters.assign(parameters.size(), 0.0f);
    step = 0;
    // [load]
    auto found = load_last_checkpoint(folder, run_id);
    for (auto const& why : found.skipped) std::puts(why.c_str());
    if (found.last) {
        require_shapes(*found.last, found.path, layout_of(task));
        state = restore(method, task.size(), std::move(found.last->optimizer.value()));
        parameters = std::move(found.last->parameters);
        step = found.last->step;
    }
    // [load]
    CHECK(step == 450);
    CHECK(parameters == now.parameters);
    CHECK(state == start(method, task.size()));
    parameters.assign(parameters.size(), 0.0f);
    // [parameters]
    read_parameters(path, layout_of(task), parameters); // by name; other tensors are passed over
    // [parameters]
    CHECK(parameters == now.parameters);
    std::filesystem::remove_all(folder);
}
