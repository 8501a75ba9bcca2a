// SPDX-License-Identifier: Apache-2.0
#include "child.hpp"

#include <btard/core/error.hpp>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace btard::apps {

namespace {

[[noreturn]] void failed(std::string const& what) {
    std::error_code const code(errno, std::generic_category());
    throw environment_error(code, concat(what, ": ", code.message()));
}

} // namespace

child::child(std::string name, std::vector<std::string> words, std::string const& log)
    : name_(std::move(name)) {
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    int const file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) failed(concat("cannot write ", log));
    ::pid_t const parent = ::getpid();
    id_ = ::fork();
    if (id_ == 0) { // nothing but calls that are safe here
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (::getppid() != parent) ::_exit(127); // we are gone already
        ::setpgid(0, 0);                         // Ctrl-C is for us to pass on, once
        ::dup2(file, STDOUT_FILENO);
        ::dup2(file, STDERR_FILENO);
        ::execv(arguments[0], arguments.data());
        ::_exit(127);
    }
    int const error = errno;
    ::close(file);
    errno = error;
    if (id_ < 0) failed(concat("cannot start ", words.front()));
}

child::child(child&& from) noexcept
    : name_(std::move(from.name_)), id_(std::exchange(from.id_, -1)), status_(from.status_) {}

child::~child() {
    if (id_ < 0 || ended()) return;
    send(SIGKILL);
    while (::waitpid(id_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

std::optional<int> child::ended() {
    if (status_ || id_ < 0) return status_;
    int status = 0;
    if (::waitpid(id_, &status, WNOHANG) == id_)
        status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return status_;
}

void child::send(int signal) const {
    if (id_ > 0 && !status_) ::kill(id_, signal);
}

std::string own_program(std::string const& name) {
    std::error_code error;
    auto const self = std::filesystem::read_symlink("/proc/self/exe", error);
    auto const folder = self.parent_path();
    for (auto const& at : {folder.parent_path() / name / name, folder / name})
        if (std::filesystem::is_regular_file(at, error)) return at.string();
    throw environment_error(std::make_error_code(std::errc::no_such_file_or_directory),
                            concat("the program ", name, " is not beside ", self.string()));
}

} // namespace btard::apps
