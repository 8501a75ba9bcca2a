// SPDX-License-Identifier: Apache-2.0
#include "trainer.hpp"

#include "../common/command_line.hpp"
#include "../common/config_file.hpp"
#include "../common/files.hpp"
#include "../common/settings.hpp"
#include "../network/lines.hpp"
#include "../network/node_options.hpp"
#include "../network/run_files.hpp"
#include "../network/run_settings.hpp"
#include "../simulate/conduct_setting.hpp"
#include "../simulate/record.hpp"

#include <btard/attack/any_conduct.hpp>
#include <btard/core/error.hpp>
#include <btard/crypto/text.hpp>
#include <btard/node/trainer_node.hpp>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace btard::apps {

namespace {

constexpr char const* program = "trainer";

struct trainer_options {
    std::vector<std::string> join = {};
    node_options own = {};
    any_attack attack = {};
    conduct_setting conduct = {};
    std::vector<std::string> accomplices = {};
    verify_mode verify = verify_mode::strict;

    static constexpr auto name = "trainer";
    static constexpr void describe(auto& self, auto&& field) {
        node_options::describe(self.own, field);
        field(
            "verify", self.verify,
            "overlapped: the gradient of the next step begins while this step is judged; the bits are those "
            "of strict, at the price of memory for a second state; each trainer chooses for itself");
        field("attack", self.attack,
              "what it does to its gradients, and when: for experiments; see simulate --list");
        field("conduct", self.conduct, "what it does to the protocol: for experiments; see simulate --list");
    }
    void validate() const {
        own.validate();
        expects(!join.empty(),
                "--join is missing: HOST:PORT of the coordinator, or of any trainer of the run");
    }
};

std::vector<option_info> known_options() {
    std::vector<option_info> all{
        {"help", "", "", "print this"},
        {"version", "", "", "print the version"},
        {"config", "FILE", "", "take options from a file of lines such as  join = '192.0.2.1:31337'"},
        {"join", "HOST:PORT", "", "the coordinator, or any trainer of the run; several if need be", "", true},
        {"accomplices", "KEY", "",
         "for experiments: keys of trainers that attack with this one; they cover each other", "", true},
    };
    for (auto& option : all) option.group = "program";
    for (auto& option : options_of(trainer_options{})) {
        if (option.group.empty()) option.group = "process";
        all.push_back(std::move(option));
    }
    return all;
}

trainer_options read_options(std::vector<given> const& file, std::vector<given> const& command) {
    trainer_options made;
    origins from;
    for (auto layer : {file, command}) {
        auto const join = take(layer, "join"), accomplices = take(layer, "accomplices");
        if (!join.empty()) made.join.clear();
        for (auto const& one : join) made.join.push_back(one.text);
        for (auto const& one : accomplices) made.accomplices.push_back(one.text);
        apply(made, layer, from);
    }
    check(made);
    return made;
}

int status_of(run_end how) {
    switch (how) {
    case run_end::finished:
    case run_end::left: return 0;
    case run_end::banned: return 3;
    case run_end::removed:
    case run_end::missed: return 4;
    case run_end::failed:
    case run_end::not_possible: break;
    }
    return 1;
}

} // namespace

int trainer(std::vector<std::string> const& words) {
    auto const known = known_options();
    auto command = parse_words(words, known, "command line");
    if (!take(command, "help").empty()) {
        std::fputs(
            help_text(
                program,
                "A member of a training run over a network: it computes gradients, checks those of "
                "others, and keeps the parameters.",
                known,
                "All other settings come from the run: from the coordinator, or from the member that "
                "--join names.\nCtrl-C, or SIGTERM, leaves the run in good order at the end of the step.\n")
                .c_str(),
            stdout);
        return 0;
    }
    if (!take(command, "version").empty()) {
        std::printf("btard %s\n", version_text().c_str());
        return 0;
    }
    auto const config = take(command, "config");
    auto const file = config.empty() ? std::vector<given>{} : read_config(config.front().text);
    auto const options = read_options(file, command);

    auto const key = load_key(options.own.key);
    auto const say = [](std::string const& line) { say_line(program, line); };
    std::vector<public_key> accomplices;
    for (auto const& one : options.accomplices) accomplices.push_back(read_public_key(one));
    misconduct<any_conduct, any_attack> does(options.attack, parse<any_conduct>(options.conduct.value),
                                             std::move(accomplices));

    asio::io_context io;
    run_files files(options.own, {}, say);
    run_settings settings;
    std::vector<tensor_layout> layout;
    int status = 1;
    using node_type = trainer_node<verified_rule, any_conduct, any_attack>;
    node_type* running = nullptr;
    auto const roster = [&]() -> std::vector<log_member> {
        if (running == nullptr || running->member() == nullptr) return {};
        return running->member()->membership().context().roster;
    };
    trainer_events events;
    events.kept = [&](wire::charter const& charter) { return files.last(charter.run(), settings, layout); };
    events.began = [&](wire::charter const& charter) { files.begin(charter, settings, layout); };
    events.stepped = [&](wire::metrics const& told, model_state const& state) {
        files.write(metrics_line(told, settings.steps_before));
        files.keep(state, roster(), false);
    };
    events.banned = [&](ban_record const& record) { files.write(record); };
    asio::signal_set signals(io, SIGINT, SIGTERM);
    events.ended = [&](run_end how, model_state const* state) {
        status = status_of(how);
        if (state && how != run_end::not_possible) files.keep(*state, roster(), true);
        std::error_code ignored;
        signals.cancel(ignored);
        signals.clear(ignored); // from here on a signal ends the program
    };
    auto const plan = [&](std::string const& text) {
        settings = read_charter(text);
        auto made = plan_of(settings);
        layout = layout_of(made.task);
        return made;
    };
    node_type node(io, key, setup_of(options.own, options.join, program), plan, std::move(does),
                   std::move(events), options.verify);
    running = &node;
    say(concat("key ", to_text(key.key()), ", port ", node.net().port()));
    write_port(options.own.port_file, node.net().port());
    bool once = false;
    std::function<void()> wait = [&] {
        signals.async_wait([&](std::error_code failed, int) {
            if (failed) return;
            if (std::exchange(once, true)) std::_Exit(130);
            say("leaving at the end of this step; once more ends at once");
            wait();
            node.leave();
        });
    };
    wait();
    io.run();
    return status;
}

} // namespace btard::apps
