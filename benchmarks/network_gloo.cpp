// benchmarks/network_gloo.cpp: the all-reduce of c10d over Gloo, for `network_bench`.
// SPDX-License-Identifier: Apache-2.0
#include "network_gloo.hpp"

#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include <ATen/ops/from_blob.h>

#include <chrono>
#include <cstdint>
#include <vector>

namespace btard::benchmark {

markers gloo_steps(std::size_t number, std::size_t count, std::span<float> values, std::size_t steps,
                   std::string const& file, std::function<void()> const& settle) {
    auto const store = c10::make_intrusive<c10d::FileStore>(file, int(count));
    auto const options = c10d::ProcessGroupGloo::Options::create();
    options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1"));
    options->timeout = std::chrono::seconds(60);
    c10d::ProcessGroupGloo group(store, int(number), int(count), options);
    std::vector<at::Tensor> tensors{at::from_blob(values.data(), {std::int64_t(values.size())}, at::kFloat)};
    auto const step = [&] {
        group.allreduce(tensors)->wait();
        for (std::size_t k = 0; k < values.size(); k += 4096)
            values[k] = 1; // sums of sums would leave the numbers
    };
    step();
    settle();
    markers made{marker{}};
    for (std::size_t k = 0; k < steps; ++k) {
        step();
        made.emplace_back();
    }
    settle(); // whoever goes takes its links along
    return made;
}

} // namespace btard::benchmark
