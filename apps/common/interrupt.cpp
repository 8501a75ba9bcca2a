// SPDX-License-Identifier: Apache-2.0
#include "interrupt.hpp"

#include <csignal>
#include <initializer_list>

#include <unistd.h>

namespace btard::apps {

namespace {

volatile std::sig_atomic_t noted = 0;

extern "C" void note(int number) { // only what is safe in a handler
    noted = number;
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    static char const text[] = "\nending after this step; once more ends at once\n";
    [[maybe_unused]] auto const written = ::write(STDERR_FILENO, text, sizeof text - 1);
}

} // namespace

interrupt::interrupt() {
    noted = 0;
    struct sigaction action {};
    action.sa_handler = note;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (int const number : {SIGINT, SIGTERM}) {
        struct sigaction before {};
        sigaction(number, nullptr, &before);
        if (before.sa_handler != SIG_IGN) sigaction(number, &action, nullptr); // nohup stays in force
    }
}

interrupt::~interrupt() {
    for (int const number : {SIGINT, SIGTERM}) {
        struct sigaction now {};
        sigaction(number, nullptr, &now);
        if (now.sa_handler == note) std::signal(number, SIG_DFL);
    }
}

int interrupt::signal() { return noted; }

} // namespace btard::apps
