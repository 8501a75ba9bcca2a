// benchmarks/thrust_bench.cpp: every rule on a device system of Thrust, beside the host backend.
// SPDX-License-Identifier: Apache-2.0
//
//     thrust_bench [--benchmark_filter=16x1Mi] [--benchmark_...]
//
// The time is that of Thrust.  Counters: host_ms, and x_host, how much slower than that Thrust is; both are medians of
// turns taken one after the other, on the same rows, each backend with all the threads it takes by itself.
#include <btard/aggregate/any_aggregator.hpp>
#include <btard/core/random.hpp>
#include <btard/thrust/thrust_on.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace btard;

struct shape {
    char const* name;
    std::size_t n, d;
};
constexpr shape shapes[] = {{"16x1Mi", 16, 1 << 20}, {"64x64Ki", 64, 1 << 16}};

/// Rows of honest noise around a common vector, a quarter of them far away.
struct workload {
    explicit workload(shape s) : of(s), rows(s.n * s.d), out(s.d), weights(s.n, 1.0) {
        for (std::size_t p = 0; p < rows.size(); p += 4) {
            auto const bits = philox({1, 0}, p);
            for (std::size_t l = 0; l < 4; ++l)
                rows[p + l] = (p < rows.size() / 4 ? -1000.0f : 1.0f) * (float(bits[l]) * 0x1p-32f - 0.4f);
        }
    }
    template <class B>
    double seconds(B const& on, any_aggregator const& rule) {
        auto const begin = std::chrono::steady_clock::now();
        auto const report = aggregate(on, rule, matrix_view<float const>(rows.data(), of.n, of.d),
                                      std::span<double const>(weights), std::span<float>(out));
        benchmark::DoNotOptimize(report.norm);
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    }

    shape of;
    std::vector<float> rows, out;
    std::vector<double> weights;
};

double median(std::vector<double> seconds) {
    std::sort(seconds.begin(), seconds.end());
    return seconds[seconds.size() / 2];
}

void measure(benchmark::State& state, shape s, any_aggregator const& rule) {
    static std::unique_ptr<workload> current; // made when its first benchmark runs, dropped by the next shape
    if (!current || current->of.name != s.name) {
        current.reset();
        current = std::make_unique<workload>(s);
    }
    std::vector<double> on_host, on_thrust;
    current->seconds(host{}, rule);
    current->seconds(thrust_on{}, rule);
    for (auto _ : state) {
        on_host.push_back(current->seconds(host{}, rule));
        on_thrust.push_back(current->seconds(thrust_on{}, rule));
        state.SetIterationTime(on_thrust.back());
    }
    state.counters["host_ms"] = 1000 * median(on_host);
    state.counters["x_host"] = median(on_thrust) / median(on_host);
}

} // namespace

int main(int argc, char** argv) {
    for (shape const s : shapes) {
        std::string const f = std::to_string(s.n / 4);
        for (std::string const& rule :
             {std::string("mean{}"), std::string("centered_clip{}"), std::string("geometric_median{}"),
              "krum{.byzantine = " + f + "}", "multi_krum{.byzantine = " + f + "}", std::string("coordinate_median{}"),
              "trimmed_mean{.byzantine = " + f + "}", "mixed{nnm{.byzantine = " + f + "}, centered_clip{}}",
              std::string("mixed{bucketing{}, centered_clip{}}"), std::string("mixed{clipping{}, mean{}}"),
              "mixed{nnm{.byzantine = " + f + "}, coordinate_median{}}"})
            benchmark::RegisterBenchmark((std::string(thrust_on::system) + "/" + s.name + "/" + rule).c_str(),
                                         [s, policy = parse<any_aggregator>(rule)](benchmark::State& state) {
                                             measure(state, s, policy);
                                         })
                ->UseManualTime()
                ->Unit(benchmark::kMillisecond);
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
}
