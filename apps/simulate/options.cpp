// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"
#include "list.hpp"

#include "../common/command_line.hpp"
#include "../common/config_file.hpp"
#include "../common/settings.hpp"

#include <btard/core/error.hpp>
#include <btard/version.hpp>

#include <algorithm>
#include <ctime>
#include <utility>

namespace btard::apps {

namespace {

using layer = std::vector<given>;

/// What is not a setting of a curve, and not in a file either.
std::vector<option_info> commands() {
    return {
        {"help", "", "", "print this"},
        {"version", "", "", "print the version"},
        {"list", "", "", "print all rules, attacks, ... with their fields and defaults"},
        {"print-config", "", "", "print every setting and where it came from"},
        {"config", "FILE", "", "take settings from a file of lines such as  peers = 16"},
        {"curve", "TEXT", "", "'NAME: OPTIONS', once for each curve: options on top of the others", "", true},
    };
}

/// Where the results go.
struct output {
    std::string out = fresh();
    bool overwrite = false;

    static constexpr auto name = "output";
    static constexpr void describe(auto& self, auto&& field) {
        field("out", self.out, "folder for the results, new or empty; if absent, named after the time");
        field("overwrite", self.overwrite, "let results replace those that are in the folder");
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
        all.push_back(std::move(option));
    }
    return all;
}

/// Takes out of a layer what has this name.
layer take(layer& from, std::string_view name) {
    layer taken;
    for (auto const& one : from)
        if (one.name == name) taken.push_back(one);
    std::erase_if(from, [&](given const& one) { return one.name == name; });
    return taken;
}

std::string name_of_curve(given const& text) {
    auto const refuse = [&](auto const&... sentence) {
        throw environment_error(errc::bad_text, concat(text.place, ": ", sentence...));
    };
    auto const colon = text.text.find(':');
    if (colon == std::string::npos)
        refuse("'", text.text, "' has no colon; right would be 'NAME: --rule mean{}'");
    std::string name = text.text.substr(0, colon);
    name.erase(0, name.find_first_not_of(' '));
    name.erase(name.find_last_not_of(' ') + 1);
    bool const readable = std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c <= '~'; });
    if (name.empty() || name.size() > 40 || !readable)
        refuse("'", name,
               "' is no name for a curve; right would be 1 to 40 letters of ASCII before the colon");
    return name;
}

/// `NAME: OPTIONS`, the options on top of the base.
curve read_curve(given const& text, settings what) {
    std::string const name = name_of_curve(text), origin = concat("curve '", name, "'"),
                      place = origin + ": ";
    std::vector<std::string> words;
    try {
        words = split_words(std::string_view{text.text}.substr(text.text.find(':') + 1));
    } catch (environment_error const& error) {
        throw environment_error(error.code(), place + error.what());
    }
    origins from;
    apply(what, parse_words(words, options_of(settings{}), origin, place), from);
    return {name, file_stem(name) + ".jsonl", std::move(what)};
}

std::vector<curve> read_curves(layer const& texts, settings const& base) {
    std::vector<curve> curves;
    for (auto const& text : texts) curves.push_back(read_curve(text, base));
    if (texts.empty()) {
        std::string const rule = to_text(base.rule), name = rule.substr(0, rule.find('{'));
        curves.push_back({name, name + ".jsonl", base});
    }
    for (auto& one : curves) {
        auto const same = [&](curve const& other) { return &other != &one && other.file == one.file; };
        auto const other = std::find_if(curves.begin(), curves.end(), same);
        expects(other == curves.end(), "the curves '", one.name, "' and '",
                other == curves.end() ? one.name : other->name, "' would both be written to ", one.file);
        one.what.complete();
        try {
            check(one.what);
        } catch (contract_violation const& wrong) {
            if (texts.empty()) throw;
            throw contract_violation(concat("curve '", one.name, "': ", wrong.what()));
        }
    }
    return curves;
}

std::string print_config(settings const& base, output const& where, origins const& from,
                         layer const& curves) {
    std::string text = config_text(base, from) + config_text(where, from);
    if (curves.empty()) return text;
    text += "curve = [\n";
    for (auto const& one : curves)
        text += with_origin(concat("    ", quoted_text(one.text), ","), one.origin);
    return text + "]\n";
}

} // namespace

std::string file_stem(std::string_view curve_name) {
    std::string stem;
    for (char const c : curve_name) {
        bool const upper = c >= 'A' && c <= 'Z';
        bool const kept =
            (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || ((c == '.' || c == '-') && !stem.empty());
        if (upper) stem += static_cast<char>(c - 'A' + 'a');
        else if (kept) stem += c;
        else if (!stem.empty() && stem.back() != '_') stem += '_';
    }
    while (stem.ends_with('_')) stem.pop_back();
    return stem.empty() ? "curve" : stem;
}

request read_request(std::vector<std::string> const& words) {
    auto const known = all_options();
    auto command = parse_words(words, known, "command line");
    if (!take(command, "help").empty())
        return {help_text("simulate", "Trains a swarm of peers, some of them Byzantine, in one process.",
                          known,
                          "Policies are texts such as 'centered_clip{.tau = 1}'; --list shows them all.")};
    if (!take(command, "version").empty())
        return {
            concat("btard ", BTARD_VERSION_MAJOR, ".", BTARD_VERSION_MINOR, ".", BTARD_VERSION_PATCH, "\n")};
    if (!take(command, "list").empty()) return {list_text()};
    bool const only_print = !take(command, "print-config").empty();

    auto const config = take(command, "config");
    auto file = config.empty() ? layer{} : read_config(config.front().text);
    auto curve_texts = take(command, "curve"), curves_of_file = take(file, "curve");
    if (curve_texts.empty()) curve_texts = std::move(curves_of_file);

    settings base;
    output where;
    origins from;
    for (auto* const one : {&file, &command}) {
        for (auto const* const name : {"out", "overwrite"}) apply(where, take(*one, name), from);
        apply(base, *one, from);
    }
    check(where);
    request made{"", read_curves(curve_texts, base), where.out, where.overwrite};
    if (only_print)
        made.print =
            print_config(curve_texts.empty() ? made.curves.front().what : base, where, from, curve_texts);
    return made;
}

} // namespace btard::apps
