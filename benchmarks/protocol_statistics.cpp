// benchmarks/protocol_statistics.cpp: how long attackers last among peers that check each other, beside what theory says.
// SPDX-License-Identifier: Apache-2.0
//
//     protocol_statistics [--runs 1000] [--peers 16] [--byzantine 7] [--validators 1] [--seed 1] [--threads 0]
//     protocol_statistics --table [--runs 1000]
//     protocol_statistics --new-keys 20000 [--peers 16] [--byzantine 7] [--seed 1]
//     protocol_statistics --honest 10000 [--signed 200] [--peers 16] [--dimension 64]
//
// The first form: seeded runs on a quadratic, in which every attacker flips its gradient at every step, until none is
// left.  The second: that for each row of the table.  An interval is three standard deviations wide on each side: of the
// mean from the sample, of a quantile from the order statistics around it.  The third: anybody is let in through probation,
// and whoever is banned comes back with a new key: how many attackers are members, on average.  The fourth: steps without
// attackers.
#include <btard/aggregate/centered_clip.hpp>
#include <btard/attack/sign_flip.hpp>
#include <btard/core/parallel.hpp>
#include <btard/crypto/identity.hpp>
#include <btard/protocol/verified_swarm.hpp>
#include <btard/testing/counting_signer.hpp>
#include <btard/train/quadratic.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <map>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace btard;

struct estimate {
    double value = 0, within = 0; ///< three standard deviations
};

/// Steps from the first attacking one until no attacker is active, as a simulation of the rules alone gives them; the
/// deviations are those of 1,000 runs.
struct expectation {
    std::size_t peers, byzantine, validators;
    estimate mean, median, last, rows;
};
constexpr expectation expected[] = {
    {16, 7, 1, {39.4, 1.2}, {37.6, 1.5}, {66, 5}, {126, 4}},
    {16, 3, 1, {29.7, 1.0}, {26.4, 2}, {62, 5}, {49, 1.5}},
    {16, 7, 2, {20.6, 0.6}, {19.6, 1.5}, {34, 3}, {64, 1.5}}, // outside the claim: 16 < 2 * 7 + 2 + 1
    {16, 3, 2, {15.4, 0.7}, {13.9, 1.1}, {31, 2.5}, {25, 1}},
    {32, 15, 1, {91.4, 2.1}, {88, 3}, {139, 8}, {547, 10}},
    {8, 3, 1, {15.8, 0.9}, {14.3, 1.4}, {31, 2.5}, {26, 1.3}},
};

struct request {
    std::size_t peers = 16, byzantine = 7, validators = 1, runs = 1'000, threads = 0, honest = 0, with_signatures = 0,
                dimension = 64, new_keys = 0;
    std::uint64_t seed = 1;
    bool table = false;
};

template <class Key>
std::vector<Key> keys_for(std::size_t peers, std::uint64_t run);
template <>
std::vector<testing::counting_signer> keys_for(std::size_t peers, std::uint64_t run) {
    std::vector<testing::counting_signer> keys;
    for (std::size_t k = 0; k < peers; ++k) keys.emplace_back(run * 4'096 + k);
    return keys;
}
template <>
std::vector<identity> keys_for(std::size_t peers, std::uint64_t run) {
    std::vector<identity> keys;
    for (std::size_t k = 0; k < peers; ++k)
        keys.push_back(identity::from_seed(tagged_hash("benchmark", run, k).bytes));
    return keys;
}

/// Upright but for its gradients, and with a new key when it is banned.
struct coming_back {
    bool on = false;

    [[nodiscard]] std::size_t brings(std::size_t out) const { return on ? out : 0; }
    [[nodiscard]] bool lies_on_trial() const { return false; }
};

template <class Key>
using quadratic_swarm = verified_swarm<quadratic, centered_clip, sign_flip, coming_back, Key>;

/// One thread: runs are what is parallel.
template <class Key = testing::counting_signer>
quadratic_swarm<Key> make_swarm(request const& of, std::size_t byzantine, std::uint64_t seed) {
    swarm_options options{.peers = of.peers, .seed = seed, .threads = 1, .bans = bans::validators};
    for (std::size_t k = 0; k < byzantine; ++k) options.byzantine.push_back(k);
    verification checks{.validators = of.validators};
    if (of.new_keys > 0) checks.probation.admits = admission::anybody;
    if (byzantine > 0)
        checks.faults = std::min((of.peers - of.validators - 1) / 2, byzantine); // also beyond the claim
    return {quadratic{.dimension = of.dimension},
            centered_clip{.tau = 1, .start_at = start_point::given},
            sign_flip{},
            coming_back{of.new_keys > 0},
            std::move(options),
            checks,
            keys_for<Key>(of.peers, seed)};
}

struct outcome {
    std::size_t steps = 0; ///< from the first attacking one to the last ban, both counted
    std::size_t rows = 0;  ///< attacking gradients in parts that stand
    std::size_t honest_banned = 0, honest_struck = 0, honest_absent = 0, attackers_struck = 0;
    std::map<std::string_view, std::size_t> why = {}; ///< attackers removed
};

outcome run_once(request const& of, std::uint64_t seed) {
    auto run = make_swarm(of, of.byzantine, seed);
    outcome found;
    auto const most_steps = std::size_t{100'000};
    (void)run.train(most_steps, [&](step_report const& step) {
        found.steps = step.step + 1;
        found.rows += step.attacking;
        for (auto const& one : step.removed) {
            bool const attacker = one.peer < of.byzantine;
            if (attacker) {
                ++found.why[one.why];
                found.attackers_struck += !one.banned;
            } else if (one.banned) ++found.honest_banned;
            else if (one.why == "absence") ++found.honest_absent;
            else ++found.honest_struck;
        }
        return step.byzantine > 0;
    });
    return found;
}

estimate mean_of(std::vector<double> const& all) {
    double const n = double(all.size()), mean = std::accumulate(all.begin(), all.end(), 0.0) / n;
    double squares = 0;
    for (double const x : all) squares += (x - mean) * (x - mean);
    return {mean, n > 1 ? 3 * std::sqrt(squares / (n - 1) / n) : 0};
}
/// Where the line through the points (k, P(T > k)) crosses 1 - p.
double crossing(std::vector<double> const& sorted, double p) {
    double before = 0;
    for (double k = std::floor(sorted.front());; ++k) {
        double const at = double(std::upper_bound(sorted.begin(), sorted.end(), k) - sorted.begin()) /
                          double(sorted.size());
        if (at >= p) return at > before ? k - (at - p) / (at - before) : k;
        before = at;
    }
}
estimate quantile_of(std::vector<double> all, double p) {
    std::ranges::sort(all);
    double const n = double(all.size()), spread = 3 * std::sqrt(p * (1 - p) / n);
    double const low = crossing(all, std::max(p - spread, 1 / n)), high = crossing(all, std::min(p + spread, 1.0));
    return {crossing(all, p), (high - low) / 2};
}

/// Of all threads: a machine that is busy with other things does not change it.
double cpu_seconds() { return double(std::clock()) / CLOCKS_PER_SEC; }

/// The expected deviation is that of 1,000 runs.
bool compare(char const* name, estimate const& found, estimate const& wanted, std::size_t runs) {
    double const within = wanted.within * std::max(1.0, std::sqrt(1'000.0 / double(runs)));
    bool const met = std::abs(found.value - wanted.value) <= within;
    std::printf("  %-8s %7.2f +- %-6.2f expected %6.1f +- %-5.1f %s\n", name, found.value, found.within,
                wanted.value, within, met ? "met" : "NOT MET");
    return met;
}

/// @return whether the row is met, where there is one
bool statistics(request const& of) {
    std::vector<outcome> all(of.runs);
    double const begun = cpu_seconds();
    parallel::run(of.runs, of.threads > 0 ? of.threads : parallel::hardware(),
                  [&](std::size_t number, std::size_t) { all[number] = run_once(of, of.seed + number); });
    double const took = cpu_seconds() - begun;
    std::vector<double> steps, rows;
    outcome sum;
    for (auto const& one : all) {
        steps.push_back(double(one.steps));
        rows.push_back(double(one.rows));
        sum.honest_banned += one.honest_banned;
        sum.honest_struck += one.honest_struck;
        sum.honest_absent += one.honest_absent;
        sum.attackers_struck += one.attackers_struck;
        sum.steps += one.steps;
        for (auto const& [why, count] : one.why) sum.why[why] += count;
    }
    std::printf(
        "n=%zu b=%zu m=%zu: %zu runs from seed %llu, %zu steps, %.0f s of a core, %.2f ms for a step\n",
        of.peers, of.byzantine, of.validators, of.runs, static_cast<unsigned long long>(of.seed), sum.steps,
        took, 1e3 * took / double(sum.steps));
    auto const mean = mean_of(steps), median = quantile_of(steps, 0.5), last = quantile_of(steps, 0.95),
               used = mean_of(rows);
    bool met = true, known = false;
    for (auto const& row : expected) {
        if (row.peers != of.peers || row.byzantine != of.byzantine || row.validators != of.validators) continue;
        known = true;
        met = compare("mean", mean, row.mean, of.runs) & compare("median", median, row.median, of.runs) &
              compare("95 %", last, row.last, of.runs) & compare("rows", used, row.rows, of.runs);
    }
    if (!known)
        std::printf("  mean %.2f +- %.2f, median %.2f +- %.2f, 95 %% %.2f +- %.2f, rows %.2f +- %.2f\n",
                    mean.value, mean.within, median.value, median.within, last.value, last.within, used.value,
                    used.within);
    std::printf("  honest peers: %zu banned, %zu struck, %zu absent; attackers removed:", sum.honest_banned,
                sum.honest_struck, sum.honest_absent);
    for (auto const& [why, count] : sum.why) std::printf(" %zu %.*s", count, int(why.size()), why.data());
    std::printf("\n\n");
    std::fflush(stdout);
    return met && sum.honest_banned + sum.honest_struck + sum.honest_absent == 0;
}

/// @return whether nobody was accused, charged or removed
template <class Key>
bool honest_steps(request const& of, std::size_t steps, char const* signatures) {
    auto run = make_swarm<Key>(of, 0, of.seed);
    std::size_t accusations = 0, demands = 0, removed = 0, opened = 0;
    double const begun = cpu_seconds();
    (void)run.train(steps, [&](step_report const& step) {
        auto const& judge = *run.at(0).state().judge;
        accusations += judge.accusations().size();
        demands += judge.shown().size() + judge.demanded().size();
        removed += step.removed.size();
        opened += run.at(0).logs().at().phase == std::uint8_t(phase::open); // the last broadcast of the step
    });
    double const took = cpu_seconds() - begun;
    double worst = 0;
    std::uint64_t charged = 0;
    for (std::size_t k = 0; k < of.peers; ++k) {
        worst = std::max(worst, run.at(k).worst_sum());
        for (std::size_t other = 0; other < of.peers; ++other)
            charged += std::uint64_t(run.at(k).membership().standing().points_of(run.at(other).key(), 0) > 0);
    }
    std::printf("%zu honest steps of %zu peers, %s: %zu accusations, %zu rows demanded, %zu removed, %llu "
                "with points, "
                "%zu steps with parts opened, %zu pauses, %zu divergences\n"
                "  |sum of testimonies| / tolerance at most %.3g; %.2f ms of a core for a step\n",
                steps, of.peers, signatures, accusations, demands, removed,
                static_cast<unsigned long long>(charged), opened, run.events().paused, run.events().diverged,
                worst, 1e3 * took / double(steps));
    std::fflush(stdout);
    return accusations + demands + removed + opened + charged + run.events().paused + run.events().diverged ==
               0 &&
           worst <= 1;
}

/// Mean number of attackers in the roster, once those of the beginning are banned.
bool new_keys(request const& of) {
    auto run = make_swarm(of, of.byzantine, of.seed);
    run.set_new_keys(
        [&](std::size_t number) { return testing::counting_signer(of.seed * 1'000'003 + 4'096 * number); });
    std::size_t present = 0, counted = 0, honest_out = 0, banned = 0, members = 0;
    double const begun = cpu_seconds();
    (void)run.train(of.new_keys, [&](step_report const& step) {
        bool const first = counted == 0 && (step.byzantine > 0 || banned < of.byzantine);
        for (auto const& one : step.removed)
            (one.peer < of.byzantine || one.peer >= of.peers ? banned : honest_out) += 1;
        if (first) return;
        ++counted;
        present += step.byzantine;
        members += step.honest + step.byzantine;
    });
    std::printf("n=%zu b=%zu m=%zu, open admission, new keys: %zu steps counted, %.3f attackers present on "
                "average (expected 0.12) of "
                "%.1f members, %zu admitted, %zu banned, %zu honest removed; %.0f s\n",
                of.peers, of.byzantine, of.validators, counted,
                double(present) / double(std::max<std::size_t>(1, counted)),
                double(members) / double(std::max<std::size_t>(1, counted)),
                std::size_t(run.at(of.byzantine).membership().context().probation.admitted), banned,
                honest_out, cpu_seconds() - begun);
    std::fflush(stdout);
    return honest_out == 0;
}

int usage() {
    std::fprintf(stderr,
                 "protocol_statistics [--runs N] [--peers N] [--byzantine N] [--validators N] [--seed N] "
                 "[--threads N]\n"
                 "    [--dimension N] [--table] [--new-keys STEPS] [--honest STEPS] [--signed STEPS]\n");
    return 2;
}

} // namespace

int main(int count, char** words) {
    request of;
    std::map<std::string_view, std::size_t request::*> const numbers{
        {"--runs", &request::runs},       {"--peers", &request::peers},   {"--byzantine", &request::byzantine},
        {"--threads", &request::threads}, {"--honest", &request::honest}, {"--validators", &request::validators},
        {"--signed", &request::with_signatures}, {"--dimension", &request::dimension},
        {"--new-keys", &request::new_keys}};
    for (int k = 1; k < count; ++k) {
        std::string_view const word = words[k];
        auto const number = numbers.find(word);
        if (word == "--table") of.table = true;
        else if (number != numbers.end() && k + 1 < count)
            of.*number->second = std::strtoull(words[++k], nullptr, 10);
        else if (word == "--seed" && k + 1 < count) of.seed = std::strtoull(words[++k], nullptr, 10);
        else return usage();
    }
    if (of.runs == 0) return usage();
    try {
        bool good = true;
        if (of.new_keys > 0) return new_keys(of) ? 0 : 1;
        if (of.honest > 0)
            good &= honest_steps<testing::counting_signer>(of, of.honest, "signatures that cost nothing");
        if (of.with_signatures > 0) good &= honest_steps<identity>(of, of.with_signatures, "Ed25519");
        if (of.honest + of.with_signatures > 0) return good ? 0 : 1;
        if (!of.table) return statistics(of) ? 0 : 1;
        for (auto const& row : expected) {
            of.peers = row.peers, of.byzantine = row.byzantine, of.validators = row.validators;
            good &= statistics(of);
        }
        return good ? 0 : 1;
    } catch (std::exception const& failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        return 1;
    }
}
