// apps/fleet/main.cpp: starts the processes of a run, shows how it goes, and stops them all.
// SPDX-License-Identifier: Apache-2.0
#include "fleet.hpp"

#include "../common/exit_status.hpp"

#include <string>
#include <vector>

int main(int argc, char** argv) {
    using namespace btard::apps;
    return exit_status("fleet", [&] { return fleet(std::vector<std::string>(argv + 1, argv + argc)); });
}
