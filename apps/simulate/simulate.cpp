// SPDX-License-Identifier: Apache-2.0
#include "simulate.hpp"
#include "dry_run.hpp"
#include "notes.hpp"
#include "outputs.hpp"
#include "plan.hpp"
#include "recorder.hpp"
#include "rehearse.hpp"
#include "removals.hpp"
#include "results.hpp"
#include "run.hpp"
#include "table.hpp"

#include "../common/files.hpp"
#include "../common/interrupt.hpp"
#include "../common/progress.hpp"

#include <btard/core/error.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace btard::apps {

namespace {

/// The name of one curve, or of those that share a step.
std::string title_of(std::span<std::size_t const> which, std::span<curve const> curves) {
    std::string title;
    for (std::size_t const k : which) title += concat(title.empty() ? "" : " + ", curves[k].name);
    return title;
}

/// Trains what is missing, with a bar for each curve, or one for all.
void train(request const& wanted, std::vector<curve> const& rest) {
    bool const one_bar = wanted.is_sweep() || wanted.jobs > 1;
    std::size_t const skipped = wanted.curves.size() - rest.size(), total = steps_of(plan(rest), rest);
    std::size_t done = 0;
    recorder files(wanted.out, rest, wanted.curves.size() == 1);
    progress shown(stderr, total);
    std::string title;
    std::optional<evaluation> test; // the last one under this title
    run(
        rest,
        [&](std::span<std::size_t const> which, step_result const& result) {
            auto const& report = result.report;
            files.add(which, result);
            if (!wanted.is_sweep())
                for (auto const& one : report.removed)
                    shown.say(concat(rest.size() > 1 ? title_of(which, rest) + ": " : "",
                                     removal_text(report.step, one)));
            for (auto const& one : result.shown.unrecorded)
                shown.say(concat(rest.size() > 1 ? title_of(which, rest) + ": " : "", "step ", report.step, ": peer ",
                                 one.peer, ": nobody has what shows its ban to others"));
            if (one_bar) {
                shown.step(wanted.is_sweep() ? "sweep" : "all", ++done, total, [&] {
                    return concat("runs ", skipped + files.finished(), "/", wanted.curves.size());
                });
            } else {
                if (std::string const now = title_of(which, rest); now != title) title = now, test.reset();
                if (result.test) test = result.test;
                shown.step(title, report.step + 1, rest[which.front()].what.steps,
                           [&] { return step_text(report, test); });
            }
            return interrupt::signal() == 0;
        },
        wanted.jobs);
}

} // namespace

int simulate(request const& wanted) {
    if (wanted.dry_run) {
        std::fputs(dry_run_text(wanted, finished_runs(wanted)).c_str(), stdout);
        return 0;
    }
    std::optional<folder_lock> alone; // of a folder that is there; a new one is made only when nothing is refused
    std::error_code ignored;
    if (std::filesystem::is_directory(wanted.out, ignored)) alone.emplace(wanted.out);
    auto const finished = finished_runs(wanted);
    std::vector<curve> rest;
    for (std::size_t k = 0; k < finished.size(); ++k)
        if (!finished[k]) rest.push_back(wanted.curves[k]);
    rehearse(rest);
    interrupt const listening; // before the first word: who reads it may end it
    for (auto const& note : notes_on(wanted)) std::fprintf(stderr, "simulate: %s\n", note.c_str());
    make_folder(wanted.out);
    if (!alone) alone.emplace(wanted.out);
    remove_unfinished(wanted, finished);
    if (rest.size() < finished.size())
        std::fprintf(stderr, "simulate: %zu of %zu runs are finished already\n",
                     finished.size() - rest.size(), finished.size());

    train(wanted, rest);
    int const signal = interrupt::signal();
    if (signal != 0) std::printf("ended early\n");
    std::printf("\n%s", (wanted.is_sweep() ? write_sweep(wanted) : write_curves(wanted)).c_str());
    if (signal == 0) return 0;
    std::printf("to go on: %s\n", wanted.again.c_str());
    return 128 + signal;
}

} // namespace btard::apps
