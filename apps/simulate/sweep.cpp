// SPDX-License-Identifier: Apache-2.0
#include "sweep.hpp"
#include "short_text.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

namespace btard::apps {

namespace {

/// The shortest of its texts by which each differs from all others.
std::vector<std::string> shortest(std::vector<std::vector<std::string>> const& by_level) {
    std::vector<std::string> labels = by_level.back();
    for (std::size_t k = 0; k < labels.size(); ++k) {
        for (auto const& level : by_level) {
            labels[k] = level[k];
            if (std::count(level.begin(), level.end(), level[k]) == 1) break;
        }
    }
    return labels;
}

using fields = std::vector<std::pair<std::string, std::string>>; // names and texts

void add_fields(fields& all, auto const& policy) {
    for_each_named_field(policy, [&](std::string_view name, auto const& value, std::string_view) {
        all.emplace_back(name, to_text(value));
    });
}

fields fields_in(any_aggregator const& rule) {
    fields all;
    for (auto const& mixing : rule.mixings.items) add_fields(all, mixing);
    add_fields(all, rule.rule);
    return all;
}

fields fields_in(any_attack const& attack) {
    fields all;
    add_fields(all, attack);
    return all;
}

/// `krum{.byzantine = 3}`: the name, and the fields that are not the same in all policies of that name.
template <class P>
std::string telling_text(P const& one, std::vector<P> const& all) {
    auto const own = fields_in(one);
    std::string text;
    for (std::size_t k = 0; k < own.size(); ++k) {
        auto const differs = [&](P const& other) {
            return bare_name(other) == bare_name(one) && fields_in(other)[k].second != own[k].second;
        };
        if (std::any_of(all.begin(), all.end(), differs))
            text += concat(text.empty() ? "" : ", ", ".", own[k].first, " = ", own[k].second);
    }
    return concat(bare_name(one), "{", text, "}");
}

template <class P>
std::vector<std::vector<std::string>> texts_of(std::vector<P> const& policies) {
    std::vector<std::vector<std::string>> levels(4);
    for (auto const& one : policies) {
        levels[0].push_back(bare_name(one));
        levels[1].push_back(telling_text(one, policies));
        levels[2].push_back(short_text(one));
        levels[3].push_back(to_text(one));
    }
    return levels;
}

} // namespace

std::vector<std::string> labels_of(std::vector<any_aggregator> const& rules) {
    return shortest(texts_of(rules));
}

std::vector<std::string> labels_of(std::vector<any_attack> const& attacks) {
    auto labels = shortest(texts_of(attacks));
    for (std::size_t k = 0; k < labels.size(); ++k)
        if (attacks[k] == any_attack{}) labels[k] = "no attack";
    return labels;
}

std::vector<std::string> labels_of(std::vector<any_attack> const& attacks,
                                   std::vector<conduct_setting> const& conducts) {
    std::vector<std::vector<std::string>> levels(3);
    for (auto const& one : conducts) {
        levels[0].push_back(one.bare_name());
        levels[1].push_back(one.brief);
        levels[2].push_back(one.value);
    }
    auto const attack_labels = labels_of(attacks), conduct_labels = shortest(levels);
    std::vector<std::string> labels;
    for (std::size_t a = 0; a < attacks.size(); ++a) {
        for (std::size_t c = 0; c < conducts.size(); ++c) {
            bool const both = attacks[a] != any_attack{} && !conducts[c].is_upright();
            labels.push_back(both ? concat(attack_labels[a], " + ", conduct_labels[c])
                             : conducts[c].is_upright() ? attack_labels[a] : conduct_labels[c]);
        }
    }
    return labels;
}

} // namespace btard::apps
