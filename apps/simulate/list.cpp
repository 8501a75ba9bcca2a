// SPDX-License-Identifier: Apache-2.0
#include "list.hpp"
#include "settings.hpp"

#include <btard/attack/scheduled.hpp>
#include <btard/core/fields.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace btard::apps {

namespace {

constexpr std::size_t help_column = 54;

std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(text.size() + 2, width), ' ');
    return text;
}

template <class P>
std::string entry(P const& policy, std::string_view shown_name = P::name) {
    std::string text = concat(padded(concat("  ", shown_name), 24), P::summary, "\n");
    for (auto const& field : fields_of(policy)) {
        std::string const initial = field.initial_text.empty() ? "" : concat(" = ", field.initial_text);
        std::string left = padded(concat("    .", field.name), 24) + field.kind + initial;
        left = left.size() > help_column - 2 ? concat(left, "\n", std::string(help_column, ' '))
                                             : padded(left, help_column);
        text += concat(left, field.help, "\n");
    }
    return text;
}

template <class Choice>
std::string entries() {
    std::string text;
    for_each_choice<Choice>([&](auto const& policy) { text += entry(policy); });
    return text;
}

} // namespace

std::string list_text() {
    std::string models;
    for (auto const& preset : albert_presets)
        models += concat(models.empty() ? "" : ", ", "albert:", preset.name);
    return concat(
        "data: --data quadratic{...}, text:FILE, fashion_mnist:FOLDER, idx:FOLDER, cifar10:FOLDER, with "
        "fields as\n--data.batch 8; what is not in the working directory is looked for in the folder "
        "that BTARD_DATA names\n",
        entries<any_data::choice>(), "\nwhose samples: --data.split NAME{...}\n", entries<sample_split>(),
        "\nmodels of a text: --model ", models, "; the fields of albert:nano:\n", entry(albert_model{}),
        "\nmodels of images: --model NAME{...}\n", entry(mlp_model{}), entry(cnn_model{}),
        entry(resnet18_model{}), "\nrules: --rule NAME{.field = value, ...}\n", entries<any_rule>(),
        "\nmixings, before a rule: --rule 'mixed{MIXING{...}, RULE{...}}'\n", entries<any_mixing>(),
        "\nattacks: --attack NAME{...}\n", entries<attack_choice>(),
        "\nwhen an attack is on: --attack 'scheduled{ATTACK{...}, {.start = 100}}'\n", entry(schedule{}),
        "\noptimizers: --optimizer NAME{...}\n", entries<optimizer>(),
        "\nschedules of the learning rate: --schedule NAME{...}\n", entries<learning_rate_schedule>());
}

} // namespace btard::apps
