// SPDX-License-Identifier: Apache-2.0
#include "simulate.hpp"
#include "history.hpp"
#include "memory.hpp"
#include "plan.hpp"
#include "plot.hpp"
#include "record.hpp"
#include "run.hpp"
#include "table.hpp"

#include "../common/files.hpp"
#include "../common/interrupt.hpp"
#include "../common/progress.hpp"

#include <btard/core/error.hpp>

#include <cstdio>
#include <filesystem>
#include <optional>

namespace btard::apps {

namespace {

void refuse_full_folder(request const& wanted) {
    std::error_code ignored; // of a folder that is not there, or that making it will complain about
    bool const full =
        std::filesystem::is_directory(wanted.out, ignored) && !std::filesystem::is_empty(wanted.out, ignored);
    expects(!full || wanted.overwrite, "--out: the folder '", wanted.out,
            "' is not empty; choose another one, or let --overwrite replace the results in it");
}

/// What is no mistake, but perhaps not what was meant.
void print_notes(std::span<curve const> curves) {
    for (auto const& [name, file, what] : curves) {
        if (what.attack == any_attack{}) continue;
        if (what.byzantine.peers.empty())
            std::fprintf(stderr, "simulate: %s: no peer is Byzantine, so nobody attacks\n", name.c_str());
        else if (first_step(what.attack) >= what.steps)
            std::fprintf(stderr, "simulate: %s: the attack begins at step %zu, after the last one\n",
                         name.c_str(), first_step(what.attack));
        std::fputs(memory_note({name, file, what}).c_str(), stderr);
    }
}

/// The name of one curve, or of those that share a step.
std::string title_of(std::span<std::size_t const> which, std::span<curve const> curves) {
    std::string title;
    for (std::size_t const k : which) title += concat(title.empty() ? "" : " + ", curves[k].name);
    return title;
}

std::string numbers_of(step_report const& report) {
    char text[100];
    std::snprintf(text, sizeof text, "loss %.4g  peers %zu+%zu", report.loss, report.honest,
                  report.byzantine);
    return text;
}

/// A complaint, but no failure: the results are there.
void draw(std::string const& folder, std::span<history const> curves) {
    line_file(folder + "/plots.gp").write(plot_script(curves));
    try {
        run_gnuplot(folder, "plots.gp");
        std::printf("\nplots: %s/loss.svg, loss.png, peers.svg, peers.png\n", folder.c_str());
    } catch (environment_error const& error) {
        std::printf("\n%s\n", error.what());
    }
}

} // namespace

int simulate(request const& wanted) {
    auto const& curves = wanted.curves;
    refuse_full_folder(wanted);
    rehearse(curves);
    print_notes(curves);
    make_folder(wanted.out);
    std::vector<line_file> files;
    std::vector<history> histories;
    for (auto const& one : curves) {
        files.emplace_back(wanted.out + "/" + one.file).write(header_line(one));
        histories.push_back({one.name, one.what.swarm.peers, one.what.byzantine.peers.size()});
    }

    interrupt const listening;
    bool stepped = false;
    {
        progress shown(stderr, steps_of(plan(curves), curves));
        run(curves, [&](std::span<std::size_t const> which, step_result const& result) {
            auto const& report = result.report;
            stepped = true;
            std::string const line = step_line(result);
            for (std::size_t const k : which) {
                files[k].write(line);
                histories[k].add(report, result.test);
            }
            shown.step(title_of(which, curves), report.step + 1, curves[which.front()].what.steps,
                       [&] { return numbers_of(report); });
            return interrupt::signal() == 0;
        });
    }

    if (interrupt::signal() != 0) std::printf("ended early\n");
    std::printf("\n%s", table_text(histories).c_str());
    if (stepped) draw(wanted.out, histories);
    std::printf("steps: %s/*.jsonl\n", wanted.out.c_str());
    return interrupt::signal() == 0 ? 0 : 128 + interrupt::signal();
}

} // namespace btard::apps
