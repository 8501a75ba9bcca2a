// benchmarks/network_bench.cpp: what a step costs between processes, beside an all-reduce and the cryptography.
// SPDX-License-Identifier: Apache-2.0
//
//     network_bench [--peers N] [--size D] [--steps K] [--link tls|plain] [--only strict|mean|gloo|device]
//                   [--gradient MS]
//     network_bench links
//
// Without options: 4, 8 and 16 processes, 1 M and 11.2 M floats, both kinds of links; each is named once to have it
// alone.  Gradients cost nothing, so a step is all that comes after them: from the first COMMIT to the last verdict.
// The last two lines for each kind of links are of gradients that take a device so many milliseconds (--gradient; 0: no
// such lines), strict and with the next gradient begun while a step is judged (overlapped); what stands as their floor
// is one gradient and then the floor, so whoever overlaps may come below it.
//
// wall    milliseconds from the end of a step to the end of the next one, an end being when the last process has it
// CPU     milliseconds of all processes together, in the same time
// floor   Gloo, and SHA-256 of 3 d floats and (tls) AES-GCM of 4 d floats of each peer, spread over the cores
// bytes   that a process received in a step, over those of 2 d floats
//
// All are medians over the steps.  `links` measures one link beside a bare socket.
#include "network_floor.hpp"
#include "network_links.hpp"
#include "network_processes.hpp"
#include "network_swarm.hpp"
#include "network_verified.hpp"
#ifdef BTARD_BENCH_GLOO
#include "network_gloo.hpp"
#endif

#include <btard/core/error.hpp>
#include <btard/core/random.hpp>
#include <btard/node/kept_memory.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using namespace btard;
using namespace btard::benchmark;

struct wanted_cells {
    std::vector<std::size_t> peers{4, 8, 16}, sizes{1'000'000, 11'200'000};
    std::vector<link_kind> links{link_kind::tls, link_kind::plain};
    std::size_t steps = 3;
    std::chrono::milliseconds gradient{500};
    std::string only = {};
};

void line(char const* name, step_cost const& cost, step_cost const& gloo, step_cost const& floor,
          std::size_t size) {
    std::printf("  %-26s %9.1f %9.1f", name, 1e3 * cost.wall, 1e3 * cost.cpu);
    if (gloo.wall > 0)
        std::printf(" %8.2f %8.2f %8.2f", cost.wall / gloo.wall, cost.wall / floor.wall,
                    cost.cpu / floor.cpu);
    else std::printf(" %8s %8s %8s", "-", "-", "-");
    if (cost.received > 0) std::printf(" %8.3f", cost.received / (8 * double(size)));
    std::printf("\n");
    std::fflush(stdout);
}

shared_floats noise_for(std::size_t size, std::size_t count) {
    std::vector<float> values(swarm_plan::noise_size(size, count));
    random_stream random(seed{1, 2});
    for (float& x : values) x = float(random.uniform()) * 2 - 1;
    return values;
}

#ifdef BTARD_BENCH_GLOO
step_cost gloo(std::size_t count, std::size_t size, std::size_t steps) {
    auto const file =
        std::filesystem::temp_directory_path() / concat("network_bench_", ::getpid(), "_", count);
    auto const all = in_processes(count, 2, steps, [&](child& self) {
        std::vector<float> values(size, 1.0f);
        return gloo_steps(self.number(), count, values, steps, file.string(),
                          [&] { (void)self.exchange(0); });
    });
    std::filesystem::remove(file);
    return cost_of(all);
}
#else
step_cost gloo(std::size_t, std::size_t, std::size_t) { return {}; }
#endif

template <class Node>
step_cost swarm(std::size_t count, swarm_plan const& plan) {
    return cost_of(in_processes(count, Node::exchanges, plan.steps,
                                [&](child& self) { return swarm_steps<Node>(self, plan); }));
}

void show(wanted_cells const& want, crypto_speed const& crypto, std::size_t n, std::size_t size) {
    double const cores = std::max(1u, std::thread::hardware_concurrency());
    auto const wanted = [&](char const* what) { return want.only.empty() || want.only == what; };
    std::printf("\nn = %zu, d = %zu\n  %-26s %9s %9s %8s %8s %8s %8s\n", n, size, "", "wall", "CPU", "/ Gloo",
                "/ floor", "CPU / fl", "bytes");
    step_cost const base = wanted("gloo") ? gloo(n, size, std::max<std::size_t>(want.steps, 5)) : step_cost{};
    if (base.wall > 0) line("Gloo", base, base, base, size);
    swarm_plan plan{.size = size, .steps = want.steps, .noise = noise_for(size, n)};
    for (link_kind const link : want.links) {
        plan.link = link;
        bool const tls = link == link_kind::tls;
        double const spent = double(n) * crypto_seconds(crypto, size, tls);
        step_cost const floor{base.wall + spent / cores, base.cpu + spent, 0};
        if (base.wall > 0) line(tls ? "floor, tls" : "floor, plain", floor, base, floor, size);
        if (wanted("mean"))
            line(tls ? "mean, tls" : "mean, plain", swarm<plain_node>(n, plan), base, floor, size);
        if (wanted("strict"))
            line(tls ? "strict, tls" : "strict, plain", swarm<verified_node>(n, plan), base, floor, size);
        if (!wanted("device") || want.gradient.count() == 0) continue;
        auto with_device = plan;
        with_device.gradient = want.gradient;
        step_cost longer = floor;
        longer.wall += 1e-3 * double(want.gradient.count());
        for (bool const overlapped : {false, true}) {
            with_device.overlapped = overlapped;
            auto const name =
                concat(tls ? "tls" : "plain", overlapped ? ", device, overlapped" : ", device, strict");
            line(name.c_str(), swarm<verified_node>(n, with_device), base, longer, size);
        }
    }
}

int usage() {
    std::fprintf(stderr, "network_bench [--peers N] [--size D] [--steps K] [--link tls|plain] "
                         "[--only strict|mean|gloo|device] [--gradient MS]\n"
                         "network_bench links\n");
    return 2;
}

} // namespace

int main(int count, char** words) {
    if (count == 2 && std::string_view(words[1]) == "links") return show_links();
    keep_freed_memory();
    wanted_cells want;
    for (int k = 1; k < count; k += 2) {
        std::string_view const name = words[k], value = k + 1 < count ? words[k + 1] : "";
        std::size_t const number = std::strtoull(std::string(value).c_str(), nullptr, 10);
        if (name == "--peers" && number >= 4) want.peers = {number};
        else if (name == "--size" && number > 0) want.sizes = {number};
        else if (name == "--steps" && number > 0) want.steps = number;
        else if (name == "--link" && (value == "tls" || value == "plain"))
            want.links = {value == "tls" ? link_kind::tls : link_kind::plain};
        else if (name == "--gradient" && (number > 0 || value == "0"))
            want.gradient = std::chrono::milliseconds(number);
        else if (name == "--only" &&
                 (value == "strict" || value == "mean" || value == "gloo" || value == "device"))
            want.only = value;
        else return usage();
    }
    try {
        crypto_speed const crypto = measured_crypto();
        std::printf("one core: SHA-256 %.2f GB/s, AES-128-GCM %.2f GB/s; %u cores\n", 1e-9 / crypto.sha256,
                    1e-9 / crypto.aes_gcm, std::thread::hardware_concurrency());
#ifndef BTARD_BENCH_GLOO
        std::printf("built without Gloo: no floor, and no ratios\n");
#endif
        for (std::size_t const n : want.peers)
            for (std::size_t const size : want.sizes) show(want, crypto, n, size);
        return 0;
    } catch (std::exception const& failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        return 1;
    }
}
