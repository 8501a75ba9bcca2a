// apps/trainer/main.cpp: one member of a run over a network: computes gradients, checks others, votes.
// SPDX-License-Identifier: Apache-2.0
#include "trainer.hpp"

#include "../common/exit_status.hpp"

#include <btard/node/kept_memory.hpp>

#include <string>
#include <vector>

int main(int argc, char** argv) {
    using namespace btard::apps;
    btard::keep_freed_memory();
    return exit_status("trainer", [&] { return trainer(std::vector<std::string>(argv + 1, argv + argc)); });
}
