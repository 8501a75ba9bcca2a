// benchmarks/protocol_bench.cpp: what the protocol costs a peer beside its gradient, in time and in bytes.
// SPDX-License-Identifier: Apache-2.0
//
//     protocol_bench time [--peers 16] [--size 11200000] [--steps 2]
//     protocol_bench bytes [--most 128]
//     protocol_bench growth [--most 256]
//
// time    CPU time of one peer in one step, by phase, beside its lower bounds, which are timed in the same run:
//         hashing, the rule, the testimonies, a pass over memory.  It takes about 20 bytes a coordinate and peer.
// bytes   small messages that one peer receives in one step, by kind, beside what the design allows.
// growth  CPU time of one peer in one step with the number of peers, and a n + b n^2 fitted to it.
//
// The peers are those of the library, on a network in memory that hands over messages as they are: what frames cost,
// which a network has to make and to read, is timed by itself.  Gradients are pseudo-random numbers, or those of a
// quadratic, and count for nothing; signatures are those of the counting signer: Ed25519 is timed by itself, and
// multiplied.
#include "protocol_growth.hpp"
#include "protocol_time.hpp"

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <string_view>

namespace {

int usage() {
    std::fprintf(stderr, "protocol_bench time [--peers N] [--size N] [--steps N] | bytes [--most N] | "
                         "growth [--most N]\n");
    return 2;
}

} // namespace

int main(int count, char** words) {
    if (count < 2) return usage();
    std::string_view const what = words[1];
    std::map<std::string_view, std::size_t> numbers{
        {"--peers", 16}, {"--size", 11'200'000}, {"--steps", 2}, {"--most", 0}};
    for (int k = 2; k < count; k += 2) {
        auto const at = numbers.find(words[k]);
        if (at == numbers.end() || k + 1 == count) return usage();
        at->second = std::strtoull(words[k + 1], nullptr, 10);
    }
    auto const most = numbers["--most"];
    try {
        if (what == "time" && numbers["--peers"] >= 4)
            return btard::benchmark::show_time(numbers["--peers"], numbers["--size"], numbers["--steps"]);
        if (what == "bytes") return btard::benchmark::show_bytes(most > 0 ? most : 128);
        if (what == "growth") return btard::benchmark::show_growth(most > 0 ? most : 256);
    } catch (std::exception const& failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        return 1;
    }
    return usage();
}
