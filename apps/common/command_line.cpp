// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"

#include <btard/core/error.hpp>
#include <btard/core/suggest.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iterator>
#include <memory>
#include <span>

namespace btard::apps {

namespace {

/// For each known option, CLI11's, in the same order.
std::vector<CLI::Option*> add_options(CLI::App& app, std::vector<option_info> const& known) {
    std::vector<CLI::Option*> added;
    for (auto const& option : known) {
        std::string const name = concat(option.name == "help" ? "-h,--" : "--", option.name);
        auto* const made = option.kind.empty()
                               ? app.add_flag(name)
                               : app.add_option(name, [](CLI::results_t const&) { return true; });
        made->description(option.help)->group(option.group.empty() ? "options" : option.group);
        if (!option.kind.empty()) {
            made->type_name(option.kind)->expected(1)->default_str(option.initial);
            made->multi_option_policy(CLI::MultiOptionPolicy::TakeAll); // its own complaint is no sentence
        }
        added.push_back(made);
    }
    return added;
}

bool takes_list(option_info const& option) { return option.kind.find('{') != std::string::npos; }

/// The shell makes {1,3} two words, and two of {1, 3}: how they were meant.
std::string list_hint(option_info const& option, std::span<std::string const> words) {
    bool const braces = words.front().starts_with('{');
    std::string list;
    for (auto const& word : words) list += concat(list.empty() ? "" : braces ? " " : ", ", word);
    return concat("; a list needs quotes: --", option.name,
                  braces ? concat(" '", list, "'") : concat(" '{", list, "}'"));
}

/// What to add about a word that belongs to no option: perhaps its quotes are missing.
std::string quotes_hint(std::string const& word, std::vector<std::string> const& words,
                        std::vector<option_info> const& known) {
    auto const is_name = [](std::string const& one) { return one.starts_with("--"); };
    auto const at = std::find(words.begin(), words.end(), word);
    auto const name = std::find_if(std::make_reverse_iterator(at), words.rend(), is_name);
    if (name == words.rend()) return "";
    auto const option = std::find_if(known.begin(), known.end(),
                                     [&](auto const& one) { return concat("--", one.name) == *name; });
    std::span<std::string const> const values(name.base(), std::find_if(at, words.end(), is_name));
    if (option == known.end() || option->kind.empty() || values.size() < 2) return "";
    if (takes_list(*option)) return list_hint(*option, values);
    bool const braces = std::any_of(values.begin(), values.end(), [](std::string const& one) {
        return one.find_first_of("{}") != std::string::npos;
    });
    return braces ? concat("; a text with braces needs quotes: --", option->name, " '...'") : "";
}

/// A word that is no option, and no value of one.
[[noreturn]] void refuse_word(std::string const& word, std::vector<std::string> const& words,
                              std::vector<option_info> const& known, std::string const& before_name) {
    if (!word.starts_with("--"))
        throw environment_error(errc::bad_text,
                                concat(before_name, "'", word, "' belongs to no option; see --help",
                                       quotes_hint(word, words, known)));
    std::string const name = word.substr(2, word.find('=') - 2);
    std::string const family = name.substr(0, name.find('.'));
    std::vector<std::string> names;
    for (auto const& option : known) {
        auto const dot = option.name.find('.');
        bool const is_field = dot != std::string::npos;
        if (name == family ? !is_field : is_field && option.name.substr(0, dot) == family)
            names.push_back(concat("--", option.name));
    }
    throw environment_error(errc::bad_text,
                            before_name + unknown_name("there is no option", concat("--", name), names));
}

} // namespace

std::vector<given> parse_words(std::vector<std::string> const& words, std::vector<option_info> const& known,
                               std::string const& origin, std::string const& before_name) {
    CLI::App app;
    app.set_help_flag();
    app.allow_extras();
    auto const options = add_options(app, known);
    try {
        app.parse(std::vector<std::string>(words.rbegin(), words.rend())); // CLI11 reads from the end
    } catch (CLI::Error const& error) {
        throw environment_error(errc::bad_text, concat(before_name, error.what()));
    }
    if (auto const extras = app.remaining(); !extras.empty())
        refuse_word(extras.front(), words, known, before_name);

    std::vector<given> all;
    for (std::size_t k = 0; k < known.size(); ++k) {
        auto const place = concat(before_name, "--", known[k].name);
        auto const texts = options[k]->results();
        if (texts.size() > 1 && !known[k].repeatable)
            throw environment_error(errc::bad_text,
                                    concat(place, " is given ", texts.size(), " times",
                                           takes_list(known[k]) ? list_hint(known[k], texts) : ""));
        for (auto const& text : texts) all.push_back({known[k].name, text, origin, place});
    }
    return all;
}

std::string help_text(std::string const& program, std::string const& about,
                      std::vector<option_info> const& known, std::string const& after) {
    CLI::App app{about, program};
    app.set_help_flag();
    app.get_formatter()->column_width(34);
    add_options(app, known);
    app.footer(after);
    return app.help();
}

std::vector<std::string> split_words(std::string_view text) {
    std::vector<std::string> words;
    bool inside = false; // a word
    char quote = '\0';
    for (char const c : text) {
        bool const blank = c == ' ' || c == '\t' || c == '\n';
        if (quote == '\0' && blank) {
            inside = false;
            continue;
        }
        if (!inside) words.emplace_back();
        inside = true;
        if (c == quote) quote = '\0';
        else if (quote == '\0' && (c == '\'' || c == '"')) quote = c;
        else words.back() += c;
    }
    if (quote != '\0')
        throw environment_error(errc::bad_text, concat("the quote ", std::string(1, quote), " does not end"));
    return words;
}

} // namespace btard::apps
