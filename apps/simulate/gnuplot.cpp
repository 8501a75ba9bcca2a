// SPDX-License-Identifier: Apache-2.0
#include "plot.hpp"

#include <btard/core/error.hpp>

#include <cerrno>
#include <system_error>

#include <spawn.h>
#include <sys/wait.h>

extern char** environ;

namespace btard::apps {

void run_gnuplot(std::string const& folder, std::string const& file) {
    ::posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
    std::string program = "gnuplot", argument = file;
    char* const words[] = {program.data(), argument.data(), nullptr};
    ::pid_t child = 0;
    int const failed = ::posix_spawnp(&child, program.c_str(), &actions, nullptr, words, environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (failed != 0)
        throw environment_error(errc::missing_tool, concat("no plots: gnuplot cannot be started (",
                                                           std::generic_category().message(failed),
                                                           "); install it (gnuplot-nox), then run gnuplot ",
                                                           file, " in ", folder));
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        throw environment_error(std::make_error_code(std::errc::io_error),
                                concat("no plots: gnuplot failed on ", folder, "/", file));
}

} // namespace btard::apps
