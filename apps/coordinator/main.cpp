// apps/coordinator/main.cpp: brings the trainers of a run together, watches it, and keeps its states.
// SPDX-License-Identifier: Apache-2.0
#include "coordinator.hpp"

#include "../common/exit_status.hpp"

#include <string>
#include <vector>

int main(int argc, char** argv) {
    using namespace btard::apps;
    return exit_status("coordinator",
                       [&] { return coordinator(std::vector<std::string>(argv + 1, argv + argc)); });
}
