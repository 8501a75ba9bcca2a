// benchmarks/statistics_disturbed.hpp: crashes, late rows, members that are a nuisance, attackers with new keys.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "estimate.hpp"
#include "statistics_conducts.hpp"
#include "statistics_swarm.hpp"

#include <btard/attack/concept.hpp>
#include <btard/attack/sign_flip.hpp>
#include <btard/core/random.hpp>
#include <btard/testing/counting_signer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace btard::benchmark {

/// What steps look like from a peer that was there all the time.
struct seen {
    std::size_t steps = 0, members = 0, parts = 0, zero = 0;
    std::size_t complained = 0, redrawn = 0, voted = 0,
                extra = 0;                            ///< steps with phases that others do not have
    std::map<std::string_view, std::size_t> why = {}; ///< honest peers removed
    std::size_t struck = 0;                           ///< of these: banned or struck

    template <class Peer>
    void look(Peer const& from, step_report const& step) {
        auto const& record = from.state().record;
        bool const asked = !record.complaints().empty(), again = record.draw() > 0,
                   judged = from.logs().at().phase > std::uint8_t(phase::accuse);
        ++steps;
        members += step.honest + step.byzantine;
        parts += record.parts().size();
        zero += record.parts().size() - record.standing_parts().size();
        complained += asked, redrawn += again, voted += judged;
        extra += asked || again || judged;
    }
    void removed(removal const& one) {
        ++why[one.why];
        struck += one.banned || (one.why != "absence" && one.why != "leave");
    }
    void show(double cpu) const {
        double const all = double(steps);
        std::printf(
            "  roster %.2f on average; parts that are zero: %zu, %.4f %%; steps with complaints %.2f %%, "
            "with a redraw %.2f %%, with a vote %.2f %%, with any of these %.2f %%\n"
            "  honest peers removed:",
            double(members) / all, zero, 100 * double(zero) / double(parts), 100 * double(complained) / all,
            100 * double(redrawn) / all, 100 * double(voted) / all, 100 * double(extra) / all);
        for (auto const& [reason, count] : why)
            std::printf(" %zu %.*s", count, int(reason.size()), reason.data());
        std::printf("; banned or struck: %zu; %.0f s of a core\n", struck, cpu);
        std::fflush(stdout);
    }
};

/// Honest peers whose power is cut in the middle of anything; each wants back 20 to 100 steps later.  So many of them
/// are attackers in waiting, whose power is never cut: the run ends when they are half of those that are there.
///
/// @return whether no honest peer was struck
inline bool crashes(request const& of, double per_step, std::uint64_t seed) {
    auto run = make_swarm(of, 0, seed, honest{}, upright{});
    random_stream luck(derive({seed, 2}, "crashes"));
    std::vector<std::size_t> back(of.peers); // the step in which it asks; 0: it is there
    std::size_t events = 0, taken = 2'000, crashed = 0;
    seen found;
    double const begun = cpu_seconds();
    bool half = false;
    (void)run.train(of.steps, [&](step_report const& step) {
        taken = run.events().network - std::exchange(events, run.events().network);
        std::size_t from = 0;
        while (from + 1 < of.peers && (!run.is_member(from) || back[from] != 0)) ++from;
        found.look(run.at(from), step);
        for (auto const& one : step.removed) found.removed(one);
        std::size_t waiting = 0;
        for (std::size_t k = 0; k < of.waiting; ++k) waiting += run.is_member(k);
        half = of.waiting > 0 && step.honest <= 2 * waiting; // all count as honest
        for (std::size_t k = of.waiting; k < of.peers; ++k) {
            if (back[k] != 0 && back[k] <= step.step && may_ask(run, from, k, step.step)) {
                run.restart(k);
                back[k] = 0;
            } else if (back[k] == 0 && run.is_member(k) && luck.uniform() < per_step) {
                run.crash(k, std::size_t(luck.uniform() * double(taken)));
                back[k] = step.step + 20 + std::size_t(luck.uniform() * 81);
                ++crashed;
            }
        }
        return !half;
    });
    std::printf(
        "%zu steps of %zu peers, %g crashes for each and step: %zu crashes, %zu pauses, %zu divergences\n",
        found.steps, of.peers, per_step, crashed, run.events().paused, run.events().diverged);
    if (of.waiting > 0)
        std::printf("  %zu that wait %s half of the roster\n", of.waiting,
                    half ? "reached" : "did not reach");
    found.show(cpu_seconds() - begun);
    return found.struck == 0;
}

/// Rows that come after the owner has stopped waiting: those of all peers but one, which looks on.
inline bool late(request const& of, double share) {
    auto run = make_swarm(of, of.peers - 1, of.seed, honest{}, late_rows{share, of.seed});
    seen found;
    double const begun = cpu_seconds();
    (void)run.train(of.steps, [&](step_report const& step) {
        found.look(run.at(of.peers - 1), step);
        for (auto const& one : step.removed) found.removed(one);
    });
    std::printf("%zu steps of %zu peers, %g of the rows late\n", of.steps, of.peers, share);
    found.show(cpu_seconds() - begun);
    return found.struck == 0;
}

/// Members that do no harm, all at once and for ever: whoever is removed comes back when it may.
template <class Conduct>
inline bool nuisances(request const& of, Conduct act, std::size_t victims) {
    auto run = make_swarm(of, of.byzantine, of.seed, honest{}, std::move(act));
    seen found;
    std::map<std::string_view, std::size_t> attackers;
    std::set<std::size_t> away;
    double const begun = cpu_seconds();
    (void)run.train(of.steps, [&](step_report const& step) {
        found.look(run.at(of.byzantine), step);
        for (auto const& one : step.removed) {
            if (one.peer >= of.byzantine) found.removed(one);
            else {
                ++attackers[one.why];
                run.crash(one.peer);
                if (!one.banned) away.insert(one.peer);
            }
        }
        std::erase_if(away, [&](std::size_t k) {
            bool const asks = may_ask(run, of.byzantine, k, step.step);
            if (asks) run.restart(k);
            return asks;
        });
    });
    std::printf("%zu steps of %zu peers, %zu of them a nuisance to %zu others; these removed:", of.steps,
                of.peers, of.byzantine, std::min(victims, of.peers - of.byzantine));
    for (auto const& [why, count] : attackers) std::printf(" %zu %.*s", count, int(why.size()), why.data());
    std::printf("\n");
    found.show(cpu_seconds() - begun);
    return found.struck == 0;
}

inline bool nuisances(request const& of) {
    if (of.careful) return nuisances(of, careful_complaints{}, of.peers);
    nuisance act{.victims = of.nuisance};
    act.contest.victim = std::uint32_t(of.peers - 1);
    return nuisances(of, act, of.nuisance);
}

/// Upright but for its gradients, and with a new key when it is banned.
struct coming_back {
    [[nodiscard]] std::size_t brings(std::size_t out) const { return out; }
    [[nodiscard]] bool lies_on_trial() const { return false; }
};

/// Mean number of attackers in the roster, once those of the beginning are banned.
inline bool come_back(request const& of) {
    auto run = make_swarm(of, of.byzantine, of.seed, sign_flip{}, coming_back{});
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

} // namespace btard::benchmark
