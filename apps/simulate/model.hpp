// apps/simulate/model.hpp: what learns from a text: `albert:nano`, with other sizes if one likes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/policy_text.hpp>
#include <btard/torch/models/albert_config.hpp>

#include <string_view>

namespace btard::apps {

/// `albert:nano`, `albert:base{.hidden = 96}`; or `albert{...}`: what it leaves out is as in `albert:nano`.
struct albert_model : albert_config {
    albert_model() : albert_config(albert_by_name("nano")) {}
    explicit albert_model(albert_config const& sizes) : albert_config(sizes) {}
    friend bool operator==(albert_model const&, albert_model const&) = default;

    [[nodiscard]] static albert_model from_tree(policy_tree const& tree) {
        std::string_view const word = tree.word, prefix = "albert:";
        albert_model model;
        if (word.starts_with(prefix)) model = albert_model{albert_by_name(word.substr(prefix.size()))};
        else if (word != name || tree.quoted)
            tree.refuse(concat("there is no model '", word, "'"), "albert:nano");
        if (!tree.arguments.empty()) tree.refuse("a model has no parentheses", "albert:nano{.hidden = 96}");
        assign_fields(tree, model);
        return model;
    }
};

} // namespace btard::apps
