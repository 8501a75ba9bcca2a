// tests/apps/interrupt.cpp: sends SIGINT or SIGKILL to a program after its first line, and says how it ended.
// SPDX-License-Identifier: Apache-2.0
//     interrupt once|twice|kill PROGRAM ARGUMENT...
// Prints what the program prints, then "status 130" or "signal 2".  No waiting by the clock: "twice" sends the
// second signal when the program has answered to the first.
#include <cstdio>
#include <cstring>
#include <string>

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace {

/// Starts the program, with its output and its errors in one pipe.
pid_t start(char** words, int& reading) {
    int pipe_ends[2];
    if (::pipe(pipe_ends) != 0) return -1;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDERR_FILENO);
    posix_spawn_file_actions_addclose(&actions, pipe_ends[0]);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t usual; // whatever those who run the tests ignore
    sigemptyset(&usual);
    sigaddset(&usual, SIGINT);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    pid_t child = -1;
    int const failed = posix_spawnp(&child, words[0], &actions, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    ::close(pipe_ends[1]);
    reading = pipe_ends[0];
    return failed == 0 ? child : -1;
}

} // namespace

int main(int argc, char** argv) {
    int reading = -1;
    bool const twice = argc > 2 && std::strcmp(argv[1], "twice") == 0;
    int const number = argc > 2 && std::strcmp(argv[1], "kill") == 0 ? SIGKILL : SIGINT;
    pid_t const child = argc > 2 ? start(argv + 2, reading) : -1;
    if (child < 0) return 2;
    std::string text;
    int sent = 0;
    char buffer[4'096];
    for (ssize_t n; (n = ::read(reading, buffer, sizeof buffer)) > 0;) {
        text.append(buffer, static_cast<std::size_t>(n));
        bool const first = sent == 0 && text.find('\n') != std::string::npos;
        bool const second = sent == 1 && twice && text.find("once more") != std::string::npos;
        if (!first && !second) continue;
        ::kill(child, number);
        ++sent;
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    std::fputs(text.c_str(), stdout);
    if (WIFSIGNALED(status)) std::printf("signal %d\n", WTERMSIG(status));
    else std::printf("status %d\n", WEXITSTATUS(status));
}
