// tests/docs/fields.cpp: the tables "Fields" of the reference pages, as the policies describe themselves.
// SPDX-License-Identifier: Apache-2.0
#include <btard/btard.hpp>
#include <btard/data/image_sampling.hpp>
#include <btard/data/masked_text.hpp>
#include <btard/data/split.hpp>
#include <btard/protocol/step/probation_rules.hpp>
#include <btard/protocol/step/standing.hpp>
#include <btard/torch/models/albert_config.hpp>
#include <btard/torch/models/image_configs.hpp>
#include <btard/transport/tcp/options.hpp>

#include <cstdio>
#include <string>

using namespace btard;

namespace {

std::string code(std::string text) {
    for (std::size_t at = 0; (at = text.find('|', at)) != text.npos; at += 2) text.insert(at, "\\");
    return concat("`", text, "`");
}

template <described P>
void print(P const& policy) {
    std::string text = concat("<!-- fields ", P::name, " -->\n");
    auto const fields = fields_of(policy);
    text += fields.empty() ? "None.\n" : "| field | kind | default | meaning |\n| --- | --- | --- | --- |\n";
    for (auto const& field : fields) {
        std::string const initial = field.initial_text.empty() ? "absent" : code(field.initial_text);
        text += concat("| ", code(field.name), " | ", code(field.kind), " | ", initial, " | ", field.help);
        text += " |\n";
    }
    std::printf("%s\n", text.c_str());
}

} // namespace

int main() {
    auto const all = [](auto const& policy) { print(policy); };
    for_each_choice<any_rule>(all);
    for_each_choice<any_mixing>(all);
    for_each_choice<attack_choice>(all);
    print(schedule{});
    for_each_choice<optimizer>(all);
    for_each_choice<learning_rate_schedule>(all);
    print(swarm_options{});
    print(worker_momentum{});
    print(quadratic{});
    print(loopback_options{});
    print(tcp_options{});
    print(standing_rules{});
    print(probation_rules{});
    print(masking{});
    print(albert_config{});
    print(image_sampling{});
    print(dirichlet{});
    print(by_label{});
    print(mlp_config{});
    print(cnn_config{});
    print(resnet18_config{});
}
