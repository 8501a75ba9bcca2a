// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"
#include "axes.hpp"
#include "curves.hpp"
#include "list.hpp"
#include "record.hpp"

#include "../common/command_line.hpp"
#include "../common/config_file.hpp"
#include "../common/markup.hpp"
#include "../common/settings.hpp"

#include <btard/core/error.hpp>
#include <btard/core/parallel.hpp>

#include <algorithm>
#include <cstddef>
#include <ctime>
#include <utility>

namespace btard::apps {

namespace {

using layer = std::vector<given>;

/// What is not a setting of a curve.
std::vector<option_info> commands() {
    return {
        {"help", "", "", "print this"},
        {"version", "", "", "print the version"},
        {"list", "", "", "print all rules, attacks, ... with their fields and defaults"},
        {"print-config", "", "", "print every setting and where it came from"},
        {"config", "FILE", "", "take settings from a file of lines such as  peers = 16"},
        {"dry-run", "", "", "print the runs with the time and memory that they take, and do nothing"},
        {"seeds", "LIST", "", "0..4, or 0,3,7: a run for each, instead of --seed", "", true},
        {"curve", "TEXT", "", "'NAME: OPTIONS', once for each curve: options on top of the others", "", true},
    };
}

/// Where the results go, and how many are made at a time.
struct output {
    std::string out = fresh();
    bool overwrite = false;
    std::size_t jobs = 1;

    static constexpr auto name = "output";
    static constexpr void describe(auto& self, auto&& field) {
        field("out", self.out,
              "folder for the results: what is finished there is not done again; if absent, named after the "
              "time");
        field("overwrite", self.overwrite,
              "remove the results that are in the folder, instead of going on with them");
        field("jobs", self.jobs, "runs at a time, then each on one thread; 0: one for each processor");
    }
    void validate() const { expects(!out.empty(), "--out: the name of the folder is empty"); }

    static std::string fresh() {
        std::time_t const now = std::time(nullptr);
        char text[40];
        std::strftime(text, sizeof text, "runs/%Y%m%d-%H%M%S", std::localtime(&now));
        return text;
    }
};

std::vector<option_info> all_options() {
    auto all = commands();
    for (auto& option : options_of(output{})) {
        if (option.kind == "true|false") option.kind.clear(); // a switch
        if (option.name == "out") option.initial.clear();
        all.push_back(std::move(option));
    }
    for (auto& option : all) option.group = "program";
    for (auto& option : options_of(settings{})) {
        if (option.group.empty()) option.group = "run";
        if (option.name == "rule" || option.name == "attack" || option.name == "conduct") option.repeatable = true;
        all.push_back(std::move(option));
    }
    return all;
}

std::string print_config(settings const& base, output const& where, origins const& from, axes const& several,
                         layer const& curves) {
    std::string text =
        config_text(base, from, several.names()) + config_text(where, from) + several.config_text();
    if (curves.empty()) return text;
    text += "curve = [\n";
    for (auto const& one : curves)
        text += with_origin(concat("    ", quoted_text(one.text), ","), one.origin);
    return text + "]\n";
}

/// The command that goes on in the same folder: the same words, but `--overwrite`.
std::string same_again(std::vector<std::string> words, output const& where, origins const& from) {
    std::erase(words, "--overwrite");
    auto const given_out = from.find("out");
    words.insert(words.begin(), "simulate");
    if (given_out == from.end()) words.insert(words.end(), {"--out", where.out});
    if (auto const at = from.find("overwrite");
        at != from.end() && at->second != "command line" && where.overwrite)
        words.push_back("--overwrite=false"); // the file says otherwise
    return shell_text(words);
}

} // namespace

request read_request(std::vector<std::string> const& words) {
    auto const known = all_options();
    auto command = parse_words(words, known, "command line");
    if (!take(command, "help").empty())
        return {help_text(
            "simulate", "Trains a swarm of peers, some of them Byzantine, in one process.", known,
            "Policies are texts such as 'centered_clip{.tau = 1}'; --list shows them all.\n"
            "Several --rule, several --attack and --seeds make a sweep: every rule with every "
            "attack and seed.\n"
            "'simulate verify-ban FILE' checks the bans that a run with validators left in bans.jsonl.")};
    if (!take(command, "version").empty()) return {concat("btard ", version_text(), "\n")};
    if (!take(command, "list").empty()) return {list_text()};
    bool const only_print = !take(command, "print-config").empty();
    bool const dry_run = !take(command, "dry-run").empty();

    auto const config = take(command, "config");
    auto file = config.empty() ? layer{} : read_config(config.front().text);
    refuse_arrays(file, known);
    auto curve_texts = take(command, "curve"), curves_of_file = take(file, "curve");
    if (curve_texts.empty()) curve_texts = std::move(curves_of_file);

    settings base;
    output where;
    origins from;
    axes several;
    for (auto* const one : {&file, &command}) {
        for (auto const* const name : {"out", "overwrite", "jobs"}) apply(where, take(*one, name), from);
        several.take_from(*one);
        apply(base, *one, from);
    }
    check(where);
    request made;
    made.curves = read_curves(curve_texts, base, several, made.grid, made.note);
    made.out = where.out;
    made.overwrite = where.overwrite;
    made.dry_run = dry_run;
    made.jobs = where.jobs > 0 ? where.jobs : parallel::hardware();
    if (made.jobs > 1)
        for (auto const& one : made.curves)
            expects(one.what.swarm.threads <= 1, "--threads is ", one.what.swarm.threads,
                    ", but with --jobs ", made.jobs, " each run has one thread");
    if (curve_texts.empty()) base.complete();
    made.config = print_config(base, where, from, several, curve_texts);
    made.again = same_again(words, where, from);
    if (only_print) made.print = made.config;
    return made;
}

} // namespace btard::apps
