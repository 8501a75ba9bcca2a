// benchmarks/protocol_time.hpp: time of one peer in one step, beside what no implementation can do without.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "protocol_swarm.hpp"

#include <cstdio>

namespace btard::benchmark {

/// Seconds of one peer in one step: the fastest of three.
struct bounds {
    double own = 0, rows = 0, aggregates = 0;     ///< SHA-256 of d floats each
    double reading = 0;                           ///< of d floats
    double rule = 0;                              ///< on the own part
    double own_rows = 0, part_rows = 0;           ///< testimonies: the own row of each part, all rows of the own part
    double encoding = 0, decoding = 0;            ///< frames: of d floats and one aggregate, of 2 d floats
    [[nodiscard]] double hashing() const { return own + rows + aggregates; }
    [[nodiscard]] double testifying() const { return own_rows + part_rows; }
    /// What a validator does with one target: its gradient, testimonies, and the part that it made.
    [[nodiscard]] double audit() const { return own + rows + own_rows + rule; }
};
inline bounds bounds_of(std::size_t n, std::size_t size) {
    partition const cut(size, n);
    std::size_t const length = cut.size(part_id(0));
    std::vector<std::vector<float>> rows;
    std::vector<float const*> pointers;
    for (std::size_t k = 0; k < n; ++k) rows.push_back(cheap_gradient(length, {k, 1}));
    for (auto const& row : rows) pointers.push_back(row.data());
    matrix_view<float const> const view(std::span<float const* const>(pointers), length);
    host const on{.threads = 1};
    centered_clip const rule{.tau = std::sqrt(double(length)), .start_at = start_point::given};
    std::vector<double> const weights(n, 1.0);
    std::vector<float> made(length);
    directions const z{{1, 2}, 0};
    bounds best;
    auto const keep = [](double& least, auto&& work) {
        double const now = timed(work);
        least = least > 0 ? std::min(least, now) : now;
    };
    auto const about = [&](matrix_view<float const> some) {
        return testify(on, rule, some, std::span<float const>(made), z).front().projection;
    };
    digest all{};
    double sum = 0;
    for (int turn = 0; turn < 3; ++turn) {
        for (double bounds::*of : {&bounds::own, &bounds::rows, &bounds::aggregates})
            keep(best.*of, [&] {
                for (auto const& row : rows) all = hash_of(std::span<float const>(row));
            });
        keep(best.reading, [&] {
            for (auto const& row : rows) {
                std::array<float, 16> lanes{};
                for (std::size_t k = 0; k + 16 <= row.size(); k += 16)
                    for (std::size_t l = 0; l < 16; ++l) lanes[l] += row[k + l];
                sum += lanes[std::size_t(turn)];
            }
        });
        std::ranges::fill(made, 0.0f);
        keep(best.rule, [&] {
            (void)aggregate(on, rule, view, std::span<double const>(weights), std::span<float>(made));
        });
        keep(best.own_rows, [&] {
            for (auto const& row : rows)
                sum += about(matrix_view<float const>(row.data(), 1, length));
        });
        keep(best.part_rows, [&] { sum += about(view); });
        std::vector<wire::message> messages;
        for (auto const& row : rows) messages.push_back(wire::row{0, {}, {}, std::vector<digest>(4), row});
        messages.push_back(wire::aggregate{0, {}, made});
        std::vector<std::vector<std::byte>> frames(messages.size());
        keep(best.encoding, [&] {
            for (std::size_t k = 0; k < messages.size(); ++k) frames[k] = encode_frame(messages[k]);
        });
        keep(best.decoding, [&] {
            for (std::size_t k = 0; k < 2 * n; ++k)
                sum += double(floats_of(decode_frame(frames[k % frames.size()]).value()));
        });
    }
    if (sum == 0.12345 && all == digest{}) std::puts(""); // so that nothing of it is left out
    return best;
}

inline int show_time(std::size_t n, std::size_t size, std::size_t steps) {
    auto const bound = bounds_of(n, size); // before the heap grows
    bench_swarm swarm(n, random_numbers{size}, false);
    for (int k = 0; k < 4; ++k) swarm.step(); // the first ones have no validators, and touch new memory
    swarm.forget_costs();
    for (std::size_t k = 0; k < steps; ++k) swarm.step();
    double const peers = double(n) * double(steps), total = swarm.all_spent() / peers, hashing = bound.hashing();
    auto const line = [&](std::string const& name, double seconds) {
        std::printf("  %-50s %9.2f ms  %5.2f x hashing\n", name.c_str(), 1e3 * seconds, seconds / hashing);
    };
    std::printf("n = %zu, %zu floats, %zu steps: CPU time of a peer in a step\n", n, size, steps);
    for (std::size_t k = 0; k < phases; ++k)
        if (swarm.spent()[k] > 0) line(std::string(enum_names(phase{})[k]), swarm.spent()[k] / peers);
    line("all, without gradient and signatures", total);
    double const audits = bound.audit() * double(swarm.rules().validators) / double(n);
    double const rest = total - hashing - bound.rule - bound.testifying() - audits;
    line("  SHA-256: gradient, rows, aggregates (3 d floats)", hashing);
    line("  the rule, on the own part", bound.rule);
    line("  testimonies: own, and of the own part", bound.testifying());
    line("  audits: hashing, rule, testimonies", audits);
    line("  everything else", rest);
    line("not in it: Ed25519, as many signatures", swarm.ed25519_seconds(ed25519()) / peers);
    line("not in it: frames, of d + d / n floats made", bound.encoding);
    line("not in it: frames, of 2 d floats read", bound.decoding);
    line("for comparison: a pass over d floats", bound.reading);
    std::printf("  everything else is %.0f %% of the hashing, the target is 25 %%: %.1f passes over d floats\n",
                100 * rest / hashing, rest / bound.reading);
    return 0;
}

} // namespace btard::benchmark
