// SPDX-License-Identifier: Apache-2.0
#include "coordinator.hpp"
#include "board.hpp"

#include "../common/command_line.hpp"
#include "../common/config_file.hpp"
#include "../common/settings.hpp"
#include "../network/download.hpp"
#include "../network/lines.hpp"
#include "../network/node_options.hpp"
#include "../network/run_files.hpp"
#include "../network/run_settings.hpp"
#include "../simulate/record.hpp"

#include <btard/checkpoint/checkpoint.hpp>
#include <btard/core/error.hpp>
#include <btard/crypto/text.hpp>
#include <btard/node/coordinator_node.hpp>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace btard::apps {

namespace {

constexpr char const* program = "coordinator";

struct coordinator_options {
    node_options own = {};
    run_settings run = {};
    std::vector<std::uint64_t> checkpoint_at = {};
    std::size_t evaluate_every = 0;
    std::string join = {}, initial_state = {}, resume = {};

    static constexpr auto name = "coordinator";
    static constexpr void describe(auto& self, auto&& field) {
        node_options::describe(self.own, field);
        field("checkpoint_at", self.checkpoint_at,
              "further steps after which there is a checkpoint, kept for good: {450, 950}");
        field("evaluate_every", self.evaluate_every,
              "steps from one evaluation on held-out samples to the next; 0: none");
        field(
            "join", self.join,
            "HOST:PORT of a trainer: a run that goes on is followed again, and its settings come from there");
        field("initial_state", self.initial_state,
              "FILE or http(s)://... of a checkpoint from which a new run begins, whatever its step was; "
              "absent: what the "
              "seed gives");
        field("resume", self.resume,
              "FILE or http(s)://... of a checkpoint: its run goes on with its settings and the members it "
              "had, from its "
              "step on, as a run of another id");
        run_settings::describe(self.run, field);
    }
    void before_field(std::string_view setting) { run.before_field(setting); }
    void validate() const {
        own.validate();
        expects(checkpoint_at.empty() || !own.out.empty(), "--checkpoint-at needs a folder: --out");
        expects(
            !join.empty() + !initial_state.empty() + !resume.empty() <= 1,
            "--initial-state begins a new run, --resume goes on with one that has ended, --join follows one "
            "that goes on; give one of them");
        run.validate();
    }
};

std::vector<option_info> known_options() {
    std::vector<option_info> all{
        {"help", "", "", "print this"},
        {"version", "", "", "print the version"},
        {"print-config", "", "", "print every setting and where it came from"},
        {"config", "FILE", "", "take settings from a file of lines such as  founders = 16"},
    };
    for (auto& option : all) option.group = "program";
    auto const own = options_of(node_options{});
    for (auto& option : options_of(coordinator_options{})) {
        bool const of_process = std::ranges::find(own, option.name, &option_info::name) != own.end() ||
                                option.name == "checkpoint-at" || option.name == "evaluate-every" ||
                                option.name == "join" || option.name == "initial-state" ||
                                option.name == "resume";
        if (option.group.empty()) option.group = of_process ? "process" : "run";
        all.push_back(std::move(option));
    }
    return all;
}

/// The last word on that option; "": none.
std::string last_of(std::vector<given> const& file, std::vector<given> const& command,
                    std::string_view name) {
    std::string text;
    for (auto const* const layer : {&file, &command})
        for (auto const& one : *layer)
            if (one.name == name) text = one.text;
    return text;
}

/// What a checkpoint says of its run, below what the file and the command line say.
void go_on(coordinator_options& options, checkpoint const& from, std::string const& name, origins& origin) {
    apply(options.run, parse_config(from.configuration, name), origin);
    if (!from.roster.empty()) options.run.founders = from.roster.size();
    options.run.steps_before = from.step;
}

} // namespace

int coordinator(std::vector<std::string> const& words) {
    auto const known = known_options();
    auto command = parse_words(words, known, "command line");
    if (!take(command, "help").empty()) {
        std::fputs(
            help_text(
                program,
                "Brings the trainers of a run together, hands out its settings, watches it and keeps its "
                "states.",
                known,
                "It is no member of the run: it cannot ban, and has no vote.  When it ends, the run goes "
                "on; with the same --key and --out, and --join of any trainer, it follows it again.\n")
                .c_str(),
            stdout);
        return 0;
    }
    if (!take(command, "version").empty()) {
        std::printf("btard %s\n", version_text().c_str());
        return 0;
    }
    bool const only_print = !take(command, "print-config").empty();
    auto const config = take(command, "config");
    auto const file = config.empty() ? std::vector<given>{} : read_config(config.front().text);
    auto const say = [](std::string const& line) { say_line(program, line); };
    coordinator_options options;
    origins from;
    std::optional<checkpoint> saved;
    auto const source = last_of(file, command, "resume");
    bool const alone =
        last_of(file, command, "join").empty() && last_of(file, command, "initial-state").empty();
    if (alone && !source.empty()) {
        saved = read_start(source, say);
        go_on(options, *saved, source, from);
    }
    apply(options, file, from);
    apply(options, command, from);
    if (saved && !saved->roster.empty())
        expects(options.run.founders <= saved->roster.size(), "--founders is ", options.run.founders,
                ", and the run of ", options.resume, " has ", saved->roster.size(), " members");
    check(options);
    if (only_print) {
        std::fputs(config_text(options, from).c_str(), stdout);
        return 0;
    }

    auto const key = load_key(options.own.key);
    asio::io_context io;
    run_files files(options.own, options.checkpoint_at, say);
    std::optional<board> shown;
    asio::signal_set signals(io, SIGINT, SIGTERM);
    int status = 0;
    run_settings settings = options.run;
    std::optional<network_plan> measured; // a task of its own: for evaluations
    auto const read_plan = [&](std::string const& text) {
        settings = read_charter(text);
        auto plan = plan_of(settings);
        if (options.evaluate_every > 0) measured = plan;
        shown.emplace(settings.steps, settings.steps_before);
        return plan;
    };
    std::vector<log_member> roster;
    std::optional<model_state> last;
    coordinator_events events;
    events.began = [&](wire::charter const& charter) {
        roster = charter.founders;
        files.begin(charter, settings, layout_of(plan_of(settings).task));
    };
    events.told = [&](public_key const& by, wire::metrics const& told) { shown->add(by, told); };
    events.stepped = [&](std::uint64_t steps, std::size_t members) {
        for (auto const& line : shown->lines_up_to(steps, members)) {
            files.write(line.json);
            if (!line.said.empty()) say(line.said);
        }
    };
    events.reached = [&](model_state const& state, std::vector<log_member> const& members) {
        roster = members;
        last = state;
        files.keep(state, roster, false);
        auto const done = settings.steps_before + state.step;
        if (measured && done % options.evaluate_every == 0) {
            auto const found = measure(measured->task, std::span<float const>(state.parameters));
            files.write(evaluation_line(done, found));
            say(evaluation_text(done, found));
        }
    };
    events.ended = [&](bool) {
        if (last) files.keep(*last, roster, true);
        std::error_code ignored;
        signals.cancel(ignored);
        signals.clear(ignored); // from here on a signal ends the program
    };
    auto const contacts = options.join.empty() ? std::vector<std::string>{} : std::vector{options.join};
    coordinator_node<verified_rule> node(io, key, setup_of(options.own, contacts, program), read_plan,
                                         std::move(events));
    if (contacts.empty()) {
        auto const text = charter_text(options.run);
        say(concat("settings of the run:\n", text));
        std::optional<model_state> start;
        if (!options.initial_state.empty()) saved = read_start(options.initial_state, say);
        if (saved)
            start = state_of(*saved, options.initial_state + options.resume, options.run,
                             layout_of(plan_of(options.run).task));
        std::vector<public_key> members;
        if (!options.resume.empty())
            for (auto const& one : saved->roster) members.push_back(one.key);
        node.gather(text, options.run.founders, std::move(start), std::move(members));
    }
    say(concat("key ", to_text(key.key()), ", port ", node.net().port(),
               contacts.empty() ? concat("; waiting for ", options.run.founders, " trainers")
                                : concat("; asking ", options.join)));
    write_port(options.own.port_file, node.net().port());
    signals.async_wait([&](std::error_code failed, int number) {
        if (failed) return;
        say(node.run() ? "ending; the run goes on without it" : "ending; no run has begun");
        status = 128 + number;
        node.stop();
    });
    io.run();
    return status;
}

} // namespace btard::apps
