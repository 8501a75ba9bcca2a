// benchmarks/protocol_growth.hpp: small messages, and how everything grows with the number of peers.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "protocol_swarm.hpp"

#include <cstdio>

namespace btard::benchmark {

/// Small messages that a peer may receive in a step, in bytes.
inline constexpr std::pair<std::size_t, double> allowed[] = {
    {16, 26'000}, {32, 61'000}, {64, 156'000}, {128, 450'000}};

inline int show_bytes(std::size_t most) {
    bool good = true;
    for (std::size_t n = 4; n <= most; n *= 2) {
        bench_swarm swarm(n, random_numbers{4 * n}, true);
        swarm.step();
        swarm.forget_costs();
        std::size_t const steps = n < 64 ? 4 : 1;
        for (std::size_t k = 0; k < steps; ++k) swarm.step();
        double const peers = double(n) * double(steps);
        double all = 0;
        for (auto const& [kind, bytes] : swarm.bytes()) all += bytes / peers;
        auto const limit = std::ranges::find(allowed, n, &std::pair<std::size_t, double>::first);
        std::printf("n = %zu: %.0f small bytes and %.1f messages a peer and step", n, all,
                    double(swarm.messages()) / peers);
        if (limit != std::end(allowed)) {
            std::printf(", at most %.0f: %s", limit->second, all <= limit->second ? "met" : "NOT MET");
            good &= all <= limit->second;
        }
        std::printf("\n");
        for (auto const& [kind, bytes] : swarm.bytes())
            std::printf("  %-22s %9.0f  %4.1f %%\n", kind.c_str(), bytes / peers, 100 * bytes / peers / all);
        std::fflush(stdout);
    }
    return good ? 0 : 1;
}

/// a n + b n^2 with the least sum of squares of relative errors.
struct fit {
    double a = 0, b = 0;
    [[nodiscard]] double at(double n) const { return a * n + b * n * n; }
};
inline fit fitted(std::vector<std::pair<double, double>> const& points) {
    double xx = 0, xy = 0, yy = 0, xt = 0, yt = 0;
    for (auto const& [n, value] : points) {
        double const x = n / value, y = n * n / value;
        xx += x * x, xy += x * y, yy += y * y, xt += x, yt += y;
    }
    double const det = xx * yy - xy * xy;
    return {(xt * yy - yt * xy) / det, (yt * xx - xt * xy) / det};
}

/// On a quadratic of 4 n numbers: so small that messages are all that costs.
inline int show_growth(std::size_t most) {
    std::vector<std::pair<double, double>> times, bytes, signatures;
    auto const key = ed25519(); // once: it is the same for all
    for (std::size_t n = 8; n <= most; n *= 2) {
        bench_swarm swarm(n, bowl(4 * n), true);
        swarm.step();
        swarm.forget_costs();
        std::size_t const steps = std::max<std::size_t>(1, 64 / n);
        for (std::size_t k = 0; k < steps; ++k) swarm.step();
        double const peers = double(n) * double(steps), x = double(n);
        double all = 0;
        for (auto const& [kind, count] : swarm.bytes()) all += count / peers;
        times.emplace_back(x, swarm.all_spent() / peers);
        bytes.emplace_back(x, all);
        signatures.emplace_back(x, swarm.ed25519_seconds(key) / peers);
        std::printf("n = %4zu: %8.3f ms, %9.0f bytes, %6.0f signatures checked (%.1f ms with Ed25519)\n", n,
                    1e3 * times.back().second, all, swarm.signatures_checked() / peers,
                    1e3 * signatures.back().second);
        std::fflush(stdout);
    }
    if (times.size() < 3) return 0;
    auto const time = fitted(times), size = fitted(bytes), ed25519 = fitted(signatures);
    std::printf("fit: %.2f n + %.4f n^2 microseconds, %.0f n + %.2f n^2 bytes, of a peer and step\n", 1e6 * time.a,
                1e6 * time.b, size.a, size.b);
    for (double const n : {1'024.0, 10'000.0})
        std::printf("  n = %5.0f: %.2f s, %.1f MB, %.2f s of Ed25519\n", n, time.at(n), 1e-6 * size.at(n),
                    ed25519.at(n));
    // A part of a gradient of d floats is d / n floats to each other peer, and as much back: 8 d bytes in all.
    for (double const d : {11.2e6, 100e6})
        std::printf("  small messages are as many bytes as a gradient of %.1f M floats costs at n = %.0f\n", 1e-6 * d,
                    (std::sqrt(size.a * size.a + 4 * size.b * 8 * d) - size.a) / (2 * size.b));
    return 0;
}

} // namespace btard::benchmark
