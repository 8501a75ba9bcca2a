// benchmarks/network_costs.hpp: what one process spends on each step: time by the wall, processor time, bytes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <vector>

namespace btard::benchmark {

inline double seconds_of(clockid_t clock) {
    std::timespec at{};
    ::clock_gettime(clock, &at);
    return double(at.tv_sec) + 1e-9 * double(at.tv_nsec);
}

/// At one moment, since some other one: all processes of a machine have one clock.
struct marker {
    double wall = seconds_of(CLOCK_MONOTONIC);
    double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID); ///< of all threads of this process
    std::uint64_t sent = 0, received = 0;              ///< bytes

    friend bool operator==(marker const&, marker const&) = default;
};

/// Of one process: before the first step that counts, and after each.
using markers = std::vector<marker>;

/// Of a whole swarm, of one step.
struct step_cost {
    double wall = 0;     ///< seconds between the ends of two steps, each being when the last process has it
    double cpu = 0;      ///< seconds, of all processes together
    double received = 0; ///< bytes, of one process
};

inline double median(std::vector<double> values) {
    if (values.empty()) return 0;
    auto const middle = values.begin() + std::ptrdiff_t(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// The medians over the steps.
inline step_cost cost_of(std::vector<markers> const& all) {
    std::vector<double> walls, cpus, bytes;
    for (std::size_t step = 1; step < all.front().size(); ++step) {
        double before = 0, after = 0, cpu = 0, received = 0;
        for (auto const& one : all) {
            before = std::max(before, one[step - 1].wall);
            after = std::max(after, one[step].wall);
            cpu += one[step].cpu - one[step - 1].cpu;
            received += double(one[step].received - one[step - 1].received);
        }
        walls.push_back(after - before);
        cpus.push_back(cpu);
        bytes.push_back(received / double(all.size()));
    }
    return {median(walls), median(cpus), median(bytes)};
}

} // namespace btard::benchmark
