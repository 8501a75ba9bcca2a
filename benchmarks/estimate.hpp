// benchmarks/estimate.hpp: means and quantiles of many runs, with three standard deviations.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <ctime>
#include <numeric>
#include <vector>

namespace btard::benchmark {

struct estimate {
    double value = 0, within = 0; ///< three standard deviations
};

inline estimate mean_of(std::vector<double> const& all) {
    double const n = double(all.size()), mean = std::accumulate(all.begin(), all.end(), 0.0) / n;
    double squares = 0;
    for (double const x : all) squares += (x - mean) * (x - mean);
    return {mean, n > 1 ? 3 * std::sqrt(squares / (n - 1) / n) : 0};
}
/// Where the line through the points (k, P(T > k)) crosses 1 - p.
inline double crossing(std::vector<double> const& sorted, double p) {
    double before = 0;
    for (double k = std::floor(sorted.front());; ++k) {
        double const at = double(std::upper_bound(sorted.begin(), sorted.end(), k) - sorted.begin()) /
                          double(sorted.size());
        if (at >= p) return at > before ? k - (at - p) / (at - before) : k;
        before = at;
    }
}
inline estimate quantile_of(std::vector<double> all, double p) {
    std::ranges::sort(all);
    double const n = double(all.size()), spread = 3 * std::sqrt(p * (1 - p) / n);
    double const low = crossing(all, std::max(p - spread, 1 / n)),
                 high = crossing(all, std::min(p + spread, 1.0));
    return {crossing(all, p), (high - low) / 2};
}

/// Of all threads: a machine that is busy with other things does not change it.
inline double cpu_seconds() { return double(std::clock()) / CLOCKS_PER_SEC; }

} // namespace btard::benchmark
