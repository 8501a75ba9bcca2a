// benchmarks/aggregate_bench.cpp: every rule, as ratios to a read-only pass, to our mean, and to a LibTorch loop.
// SPDX-License-Identifier: Apache-2.0
//
//     aggregate_bench [--benchmark_filter=16x1Mi] [--benchmark_...]
//
// A line is <rows>x<coordinates>/<rule>, with /avx2 where that instruction set is forced, and /bfloat16 or /float16
// for rows of that type.  All ratios are between the fastest of turns taken one after the other, on the same rows,
// with the same threads.  Counters: ms (the fastest turn), x_read, x_mean (how much slower than reading; than our
// mean), x_usual (of avx2 and the two-byte types: how much slower than the widest instructions on rows of float),
// torch_x (how much slower LibTorch is), extra_percent (memory beyond the rows and the result, of the size of the rows).
#include "torch_loops.hpp"

#include <btard/aggregate/any_aggregator.hpp>
#include <btard/core/random.hpp>

#include <benchmark/benchmark.h>

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace btard;

struct shape {
    char const* name;
    std::size_t n, d;
};
constexpr shape shapes[] = {{"16x1Mi", 16, 1 << 20},
                            {"16x16Mi", 16, 1 << 24},
                            {"64x64Ki", 64, 1 << 16},
                            {"64x256Ki", 64, 1 << 18},
                            {"1024x16Ki", 1024, 1 << 14}};
/// Growth with the number of rows, for as many numbers in all, and with that of coordinates.
constexpr shape more_shapes[] = {{"4x4Mi", 4, 1 << 22},        {"8x2Mi", 8, 1 << 21},
                                 {"32x512Ki", 32, 1 << 19},    {"128x128Ki", 128, 1 << 17},
                                 {"256x64Ki", 256, 1 << 16},   {"512x32Ki", 512, 1 << 15},
                                 {"16x4Ki", 16, 1 << 12},      {"16x64Ki", 16, 1 << 16}};

/// Rows of honest noise around a common vector, a quarter of them far away.
struct workload {
    explicit workload(shape s) : n(s.n), d(s.d), rows(s.n * s.d), out(s.d), weights(s.n, 1.0) {
        parallel::run(n, parallel::hardware(), [&](std::size_t i, std::size_t) {
            float const factor = i < n / 4 ? -1000.0f : 1.0f;
            for (std::size_t k = 0; k < d; k += 4) {
                auto const bits = philox({i, 0}, k);
                for (std::size_t l = 0; l < 4; ++l)
                    rows[i * d + k + l] = factor * (0.1f + float(bits[l]) * 0x1p-32f - 0.5f);
            }
        });
    }
    [[nodiscard]] matrix_view<float const> view() const { return {rows.data(), n, d}; }

    std::size_t n, d;
    std::vector<float> rows, out;
    std::vector<double> weights;
};

template <class F>
double seconds_of(F const& f) {
    auto const begin = std::chrono::steady_clock::now();
    f();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}
double fastest(std::vector<double> const& seconds) { return *std::min_element(seconds.begin(), seconds.end()); }

/// Reads every row once and adds it up: what memory allows.
void read_only(workload const& x) {
    constexpr std::size_t block = 1 << 16;
    parallel::run(x.rows.size() / block, parallel::hardware(), [&](std::size_t number, std::size_t) {
        typedef float V __attribute__((vector_size(64)));
        V sums[4] = {};
        for (std::size_t k = 0; k < block; k += 64)
            for (std::size_t l = 0; l < 4; ++l) {
                V piece;
                std::memcpy(&piece, x.rows.data() + number * block + k + l * 16, sizeof piece);
                sums[l] += piece;
            }
        for (auto& sum : sums) benchmark::DoNotOptimize(sum);
    });
}

void run_rule(workload& x, any_aggregator const& rule, host const& on = {}) {
    auto const report = aggregate(on, rule, x.view(), std::span<double const>(x.weights), std::span<float>(x.out));
    benchmark::DoNotOptimize(report.norm);
}

/// Bytes of this process in memory, or the most it ever had (Linux; the second is reset by `forget`).
double memory(std::string const& field) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(field)) return 1024 * std::atof(line.c_str() + field.size() + 1);
    return 0;
}
void forget_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

/// The rows of one shape; made when its first benchmark runs, dropped by the next shape.
workload& workload_of(shape s) {
    static std::unique_ptr<workload> current;
    if (!current || current->n != s.n || current->d != s.d) {
        current.reset();
        current = std::make_unique<workload>(s);
    }
    return *current;
}

/// Three things in turn: reading, our mean, and `f`.
template <class F>
std::vector<double> take_turns(benchmark::State& state, workload& x, F const& f) {
    std::vector<double> reads, means, turns;
    for (auto _ : state) {
        reads.push_back(seconds_of([&] { read_only(x); }));
        means.push_back(seconds_of([&] { run_rule(x, {}); }));
        turns.push_back(seconds_of(f));
        state.SetIterationTime(turns.back());
    }
    state.counters["ms"] = 1e3 * fastest(turns);
    state.counters["x_read"] = fastest(turns) / fastest(reads);
    state.counters["x_mean"] = fastest(turns) / fastest(means);
    return turns;
}

void measure_avx2(benchmark::State& state, shape s, any_aggregator const& rule) {
    workload& x = workload_of(s);
    std::vector<double> usual;
    auto const turns = take_turns(state, x, [&] { run_rule(x, rule, {.set = instruction_set::avx2}); });
    for (std::size_t turn = 0; turn < turns.size(); ++turn) usual.push_back(seconds_of([&] { run_rule(x, rule); }));
    state.counters["x_usual"] = fastest(turns) / fastest(usual);
}

template <class T>
void measure_rows_of(benchmark::State& state, shape s, any_aggregator const& rule) {
    workload& x = workload_of(s);
    std::vector<T> rows(x.rows.size()), out(x.d);
    std::transform(x.rows.begin(), x.rows.end(), rows.begin(), [](float value) { return T(value); });
    std::vector<double> usual;
    auto const turns = take_turns(state, x, [&] {
        auto const report = aggregate(host{}, rule, matrix_view<T const>(rows.data(), x.n, x.d),
                                      std::span<double const>(x.weights), std::span<T>(out));
        benchmark::DoNotOptimize(report.norm);
    });
    for (std::size_t turn = 0; turn < turns.size(); ++turn) usual.push_back(seconds_of([&] { run_rule(x, rule); }));
    state.counters["x_usual"] = fastest(turns) / fastest(usual);
}

void measure(benchmark::State& state, shape s, any_aggregator const& rule) {
    workload& x = workload_of(s);
    malloc_trim(0);
    forget_peak();
    double const before = memory("VmRSS:");
    run_rule(x, rule);
    double const extra = memory("VmHWM:") - before;
    double const seconds = fastest(take_turns(state, x, [&] { run_rule(x, rule); }));
    state.counters["extra_percent"] = 100 * extra / (4.0 * double(x.rows.size()));
    if (!rule.mixings.items.empty()) return;

    std::string const name = std::visit([](auto const& r) { return std::string(r.name); }, rule.rule);
    static std::map<std::string, double> loops; // seconds of the LibTorch loop: once for each rule and shape
    auto const [loop, fresh] = loops.try_emplace(name + s.name);
    if (fresh) {
        auto const once = [&] { return torch_loop(name, x.rows.data(), x.n, x.d, int(parallel::hardware())); };
        std::vector<double> turns;
        for (int turn = 0; turn < 5 && (turn < 1 || turns[0] < 1); ++turn)
            turns.push_back(seconds_of([&] { benchmark::DoNotOptimize(once()); }));
        loop->second = fastest(turns);
    }
    state.counters["torch_x"] = loop->second / seconds;
}

template <class Measure>
void add(Measure const& how, shape s, std::string const& rule, std::string const& suffix = {}) {
    benchmark::RegisterBenchmark((std::string(s.name) + "/" + rule + suffix).c_str(),
                                 [how, s, policy = parse<any_aggregator>(rule)](benchmark::State& state) {
                                     how(state, s, policy);
                                 })
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
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
            add(measure, s, rule);
        if (s.n > 64) continue;
        for (std::string const rule : {"mean{}", "centered_clip{}", "coordinate_median{}"}) {
            if (supported(instruction_set::avx2)) add(measure_avx2, s, rule, "/avx2");
            add(measure_rows_of<bfloat16>, s, rule, "/bfloat16");
            add(measure_rows_of<float16>, s, rule, "/float16");
        }
    }
    for (shape const s : more_shapes)
        for (std::string const rule : {"mean{}", "centered_clip{}", "coordinate_median{}"}) add(measure, s, rule);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
}
