// SPDX-License-Identifier: Apache-2.0
#include "list.hpp"
#include "list_entry.hpp"
#include "settings.hpp"

#include <btard/attack/scheduled.hpp>

#include <string>

namespace btard::apps {

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
        "\nwhat Byzantine peers do to the protocol: --conduct NAME{...}, or 'scheduled{NAME{...}, {.start = 100}}'\n",
        list_of_conducts(), "\noptimizers: --optimizer NAME{...}\n", entries<optimizer>(),
        "\nschedules of the learning rate: --schedule NAME{...}\n", entries<learning_rate_schedule>());
}

} // namespace btard::apps
