// apps/fleet/child.hpp: a program that is started here and does not outlive us.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace btard::apps {

/// One process.  Its standard output and errors go into a file.
class child {
public:
    /// @param words the program's path, and its arguments
    /// @throws environment_error: it cannot be started, or the file cannot be written
    child(std::string name, std::vector<std::string> words, std::string const& log);
    child(child const&) = delete;
    child& operator=(child const&) = delete;
    child(child&& from) noexcept;
    child& operator=(child&&) = delete;
    ~child(); ///< kills it, if it is still there

    [[nodiscard]] std::string const& name() const { return name_; }
    /// Looks whether it has ended.
    ///
    /// @return its exit status, or 128 + the signal that killed it; nothing: it runs
    [[nodiscard]] std::optional<int> ended();
    void send(int signal) const;

private:
    std::string name_;
    ::pid_t id_ = -1;
    std::optional<int> status_;
};

/// The path of a program of ours, beside this one: where it was built, or where it is installed.
///
/// @throws environment_error: it is in neither
[[nodiscard]] std::string own_program(std::string const& name);

} // namespace btard::apps
