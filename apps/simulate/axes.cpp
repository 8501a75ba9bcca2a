// SPDX-License-Identifier: Apache-2.0
#include "axes.hpp"
#include "curves.hpp"
#include "short_text.hpp"

#include "../common/settings.hpp"

#include <btard/core/error.hpp>

#include <algorithm>
#include <charconv>
#include <exception>
#include <iterator>
#include <system_error>
#include <utility>

namespace btard::apps {

namespace {

constexpr std::size_t most_seeds = 10'000;

[[noreturn]] void refuse_seeds(std::string_view text, std::string_view why) {
    throw environment_error(errc::bad_text, concat("'", text, "' ", why, "; right would be 0..4, or 0,3,7"));
}

std::uint64_t read_seed(std::string_view digits, std::string_view text) {
    std::uint64_t seed = 0;
    auto const [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), seed);
    if (wrong != std::errc{} || end != digits.data() + digits.size())
        refuse_seeds(text, "is no list of seeds");
    return seed;
}

std::vector<given> take_several(std::vector<given>& layer, std::string_view name, std::vector<given> before) {
    std::vector<given> found;
    for (auto const& one : layer)
        if (one.name == name) found.push_back(one);
    if (found.size() == 1) return {};
    if (!found.empty()) std::erase_if(layer, [&](given const& one) { return one.name == name; });
    auto several = found.empty() ? std::move(before) : std::move(found);
    for (auto const& one : layer)
        if (!several.empty() && one.name.starts_with(concat(name, ".")))
            throw environment_error(errc::bad_text,
                                    concat(one.place, ": there are ", several.size(), " ", name,
                                           "s; write the field into those that it is for"));
    return several;
}

/// The base with each of the values in turn; as it is where there are none.
std::vector<settings> variants(settings const& base, std::vector<given> const& values) {
    std::vector<settings> all;
    origins ignored;
    for (auto const& one : values) apply(all.emplace_back(base), one, ignored);
    if (values.empty()) all.push_back(base);
    return all;
}

template <class P>
void refuse_twice(std::vector<P> const& values, std::string_view what) {
    std::vector<std::string> texts;
    for (auto const& value : values) texts.push_back(to_text(value));
    for (auto const& text : texts)
        expects(std::count(texts.begin(), texts.end(), text) == 1, "the ", what, " ", text,
                " is given twice");
}

} // namespace

std::vector<std::uint64_t> read_seeds(std::string_view text) {
    std::vector<std::uint64_t> seeds;
    for (std::string_view rest = text;;) {
        auto const comma = rest.find(',');
        auto const part = rest.substr(0, comma);
        auto const dots = part.find("..");
        auto const first = read_seed(part.substr(0, dots), text);
        auto const last = dots == part.npos ? first : read_seed(part.substr(dots + 2), text);
        if (last < first) refuse_seeds(text, "goes backwards");
        if (last - first >= most_seeds - seeds.size()) refuse_seeds(text, "are more than 10000 seeds");
        for (std::uint64_t k = 0; k <= last - first; ++k) seeds.push_back(first + k);
        if (comma == rest.npos) return seeds;
        rest.remove_prefix(comma + 1);
    }
}

void axes::take_from(std::vector<given>& layer) {
    rules_ = take_several(layer, "rule", std::move(rules_));
    attacks_ = take_several(layer, "attack", std::move(attacks_));
    conducts_ = take_several(layer, "conduct", std::move(conducts_));
    auto const is_list = [](given const& one) { return one.name == "seeds"; };
    std::vector<given> lists;
    std::copy_if(layer.begin(), layer.end(), std::back_inserter(lists), is_list);
    std::erase_if(layer, is_list);
    bool const single =
        std::any_of(layer.begin(), layer.end(), [](given const& one) { return one.name == "seed"; });
    if (single || !lists.empty()) seeds_.clear(), seed_texts_.clear();
    for (auto const& one : lists) {
        try {
            expects(!single, "there is a seed too; give one of them");
            for (auto const seed : read_seeds(one.text)) seeds_.push_back(seed);
        } catch (std::exception const& wrong) {
            throw environment_error(errc::bad_text, concat(one.place, ": ", wrong.what()));
        }
        seed_texts_.push_back(one);
    }
}

std::vector<std::string> axes::names() const {
    std::vector<std::string> names;
    if (!rules_.empty()) names.push_back("rule");
    if (!attacks_.empty()) names.push_back("attack");
    if (!conducts_.empty()) names.push_back("conduct");
    if (!seeds_.empty()) names.push_back("seed");
    return names;
}

std::string axes::config_text() const {
    std::string text;
    for (auto const* const values : {&rules_, &attacks_, &conducts_, &seed_texts_}) {
        if (values->empty()) continue;
        text += values->front().name + " = [\n";
        for (auto const& one : *values)
            text += with_origin(concat("    ", quoted_text(one.text), ","), one.origin);
        text += "]\n";
    }
    return text;
}

std::vector<curve> axes::product(settings const& base, sweep& shown) const {
    std::vector<any_aggregator> rules;
    std::vector<any_attack> attacks;
    std::vector<conduct_setting> conducts;
    for (auto const& what : variants(base, rules_)) rules.push_back(what.rule.value);
    for (auto const& what : variants(base, attacks_)) attacks.push_back(what.attack);
    for (auto const& what : variants(base, conducts_)) conducts.push_back(what.conduct);
    auto const seeds = seeds_.empty() ? std::vector{base.swarm.seed} : seeds_;
    refuse_twice(rules, "rule");
    refuse_twice(attacks, "attack");
    refuse_twice(conducts, "conduct");
    refuse_twice(seeds, "seed");

    shown = {labels_of(rules), labels_of(attacks, conducts), seeds};
    std::vector<curve> curves;
    for (std::size_t r = 0; r < rules.size(); ++r) {
        for (std::size_t a = 0; a < attacks.size() * conducts.size(); ++a) {
            auto const& attack = attacks[a / conducts.size()];
            auto const& conduct = conducts[a % conducts.size()];
            std::string const done = conduct.is_upright() ? "" : "__" + file_stem(conduct.brief);
            for (auto const seed : seeds) {
                curve one{concat(shown.rules[r], ", ", shown.attacks[a], ", seed ", seed),
                          concat(file_stem(short_text(rules[r])), "__", file_stem(short_text(attack)), done,
                                 "__seed_", seed, ".jsonl"),
                          base};
                one.what.rule.value = rules[r];
                one.what.attack = attack;
                one.what.conduct = conduct;
                one.what.swarm.seed = seed;
                curves.push_back(std::move(one));
            }
        }
    }
    return curves;
}

} // namespace btard::apps
