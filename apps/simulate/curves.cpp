// SPDX-License-Identifier: Apache-2.0
#include "curves.hpp"
#include "recorder.hpp"
#include "verifiable.hpp"

#include "../common/command_line.hpp"
#include "../common/settings.hpp"

#include <btard/core/error.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace btard::apps {

namespace {

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

void check_one(settings const& what) {
    check(what);
    std::string const why = why_unverifiable(what);
    expects(what.has_validators() || what.conduct.is_upright(), "--conduct: ", what.conduct.brief,
            " is done to peers that check each other, so --bans must be validators",
            why.empty() ? "" : "; but ", why);
    if (!what.has_validators()) return;
    expects(why.empty(), "--bans validators: ", why, "; right would be --bans simulated or none");
}

void check_all(std::vector<curve> const& curves) {
    std::map<std::string, std::string> names; // by file
    for (auto const& one : curves) {
        auto const [same, is_new] = names.emplace(one.file, one.name);
        expects(is_new, "the curves '", same->second, "' and '", one.name, "' would both be written to ",
                one.file);
        names.emplace(bans_file(one, false), one.name);
        try {
            check_one(one.what);
        } catch (contract_violation const& wrong) {
            throw contract_violation(concat("curve '", one.name, "': ", wrong.what()));
        }
    }
}

} // namespace

std::vector<curve> read_curves(std::vector<given> const& texts, settings& base, axes const& several,
                               sweep& shown, std::string& note) {
    std::vector<curve> curves;
    if (texts.empty()) curves = several.product(base, shown);
    else
        expects(several.empty(), "there are curves and several rules, attacks, conducts or seeds: give "
                                 "either; a curve has one of each");
    for (auto const& text : texts) curves.push_back(read_curve(text, base));
    for (auto& one : curves) one.what.complete();
    note = choose_bans(curves, base);
    if (texts.empty() && curves.size() == 1) {
        auto& [name, file, what] = curves.front();
        std::string const rule = to_text(what.rule);
        name = rule.substr(0, rule.find('{'));
        file = name + ".jsonl";
        check_one(what);
        return curves;
    }
    check_all(curves);
    return curves;
}

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

} // namespace btard::apps
