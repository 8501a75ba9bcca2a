// apps/simulate/main.cpp: trains a swarm of peers in one process, and shows what attacks do to it.
// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"
#include "simulate.hpp"
#include "verify_ban.hpp"

#include "../common/exit_status.hpp"

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

int main(int argc, char** argv) {
    using namespace btard::apps;
    return exit_status("simulate", [&] {
        if (argc > 1 && std::string_view(argv[1]) == "verify-ban")
            return verify_ban_command(std::vector<std::string>(argv + 2, argv + argc));
        auto const wanted = read_request(std::vector<std::string>(argv + 1, argv + argc));
        if (wanted.print.empty()) return simulate(wanted);
        std::fputs(wanted.print.c_str(), stdout);
        return 0;
    });
}
