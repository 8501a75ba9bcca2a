// benchmarks/network_processes.hpp: real processes for a benchmark, which wait for each other and tell what it cost.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "network_costs.hpp"

#include <btard/core/error.hpp>

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <span>
#include <system_error>
#include <vector>

namespace btard::benchmark {

/// What a child has in its hands: its number, and a line to the parent.
class child {
public:
    child(std::size_t number, std::size_t count, int line) : number_(number), count_(count), line_(line) {}

    [[nodiscard]] std::size_t number() const { return number_; }
    [[nodiscard]] std::size_t count() const { return count_; } ///< of all children
    [[nodiscard]] int line() const { return line_; }

    /// One number of each, when all have told theirs.
    [[nodiscard]] std::vector<std::uint64_t> exchange(std::uint64_t mine) {
        tell(mine);
        return hear();
    }
    /// The same in two pieces: `line` is readable when `hear` does not wait.
    void tell(std::uint64_t mine) { write_all(line_, std::as_bytes(std::span(&mine, 1))); }
    [[nodiscard]] std::vector<std::uint64_t> hear() {
        std::vector<std::uint64_t> all(count_);
        if (!read_all(line_, std::as_writable_bytes(std::span(all)), -1)) ::_exit(1); // the parent is gone
        return all;
    }

    static void write_all(int to, std::span<std::byte const> bytes) {
        while (!bytes.empty()) {
            auto const gone = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (gone < 0 && errno == EINTR) continue;
            if (gone <= 0)
                throw environment_error(std::error_code(errno, std::system_category()), "a child is gone");
            bytes = bytes.subspan(std::size_t(gone));
        }
    }
    /// @param milliseconds -1: for ever
    [[nodiscard]] static bool read_all(int from, std::span<std::byte> bytes, int milliseconds) {
        while (!bytes.empty()) {
            ::pollfd ready{from, POLLIN, 0};
            if (int const n = ::poll(&ready, 1, milliseconds); n == 0) return false;
            auto const got = ::recv(from, bytes.data(), bytes.size(), 0);
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) return false;
            bytes = bytes.subspan(std::size_t(got));
        }
        return true;
    }

private:
    std::size_t number_, count_;
    int line_;
};

/// Children that were begun: none of them outlives it.
struct children {
    std::vector<int> lines = {};
    std::vector<::pid_t> pids = {};

    children() = default;
    children(children const&) = delete;
    children& operator=(children const&) = delete;
    ~children() { end(true); }

    void end(bool at_once) {
        for (::pid_t const one : pids) {
            if (at_once) ::kill(one, SIGKILL);
            while (::waitpid(one, nullptr, 0) < 0 && errno == EINTR) {
            }
        }
        for (int const one : lines) ::close(one);
        pids.clear(), lines.clear();
    }
};

/// Runs `work(child&)`, which returns markers, in so many processes, each of which calls `exchange` so often.
///
/// @throws environment_error: one of them could not be begun, has ended, or said nothing for two minutes; all are
///         ended
template <class F>
std::vector<markers> in_processes(std::size_t count, std::size_t exchanges, std::size_t steps, F&& work) {
    constexpr int patience = 120'000;
    children all_children;
    auto& [lines, pids] = all_children;
    std::fflush(stdout);
    lines.reserve(count), pids.reserve(count);
    for (std::size_t k = 0; k < count; ++k) {
        int pair[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
            throw environment_error(std::error_code(errno, std::system_category()),
                                    "cannot make a pair of sockets");
        ::pid_t const pid = ::fork();
        if (pid < 0) { // -1, which would mean all processes to `kill`
            std::error_code const why(errno, std::system_category());
            ::close(pair[0]), ::close(pair[1]);
            throw environment_error(why, "cannot begin a process");
        }
        if (pid == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (int const other : lines) ::close(other);
            ::close(pair[0]);
            try {
                child self(k, count, pair[1]);
                markers const made = work(self);
                expects(made.size() == steps + 1, made.size(), " markers for ", steps, " steps");
                child::write_all(pair[1], std::as_bytes(std::span(made)));
                ::_exit(0);
            } catch (std::exception const& failure) {
                std::fprintf(stderr, "process %zu: %s\n", k, failure.what());
            } catch (...) { // nothing of the parent's is this process's to clean up
            }
            ::_exit(1);
        }
        ::close(pair[1]);
        lines.push_back(pair[0]);
        pids.push_back(pid);
    }
    bool good = true;
    std::vector<std::uint64_t> told(count);
    for (std::size_t round = 0; round < exchanges && good; ++round) {
        for (std::size_t k = 0; k < count && good; ++k)
            good = child::read_all(lines[k], std::as_writable_bytes(std::span(&told[k], 1)), patience);
        for (std::size_t k = 0; k < count && good; ++k)
            child::write_all(lines[k], std::as_bytes(std::span(told)));
    }
    std::vector<markers> all(count, markers(steps + 1));
    for (std::size_t k = 0; k < count && good; ++k)
        good = child::read_all(lines[k], std::as_writable_bytes(std::span(all[k])), patience);
    all_children.end(!good);
    if (!good)
        throw environment_error(std::make_error_code(std::errc::timed_out),
                                "a process of the swarm has failed");
    return all;
}

} // namespace btard::benchmark
