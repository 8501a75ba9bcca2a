// apps/simulate/settings.hpp: what one curve is made of.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "conduct_setting.hpp"
#include "data.hpp"
#include "model.hpp"

#include "../common/choices.hpp"

#include <btard/protocol/verification.hpp>
#include <btard/train/swarm_options.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace btard::apps {

/// A rule, perhaps behind mixings: the text is that of the whole, the fields are those of the rule itself.
struct rule_setting {
    any_aggregator value{.rule = mean{}};

    static constexpr auto name = "rule";
    static constexpr void describe(auto& self, auto&& field) { field("", self.value.rule); }
    friend bool operator==(rule_setting const&, rule_setting const&) = default;

    void validate() const { btard::validate(value); }
    [[nodiscard]] std::string text() const { return to_text(value); }
    [[nodiscard]] static rule_setting from_tree(policy_tree const& tree) {
        return {any_aggregator::from_tree(tree)};
    }
};

/// The peers that attack: so many, then the first ones as in the published experiments; or a list of them.
struct attackers {
    std::vector<std::size_t> peers = {};

    static constexpr auto kinds = "UINT|{UINT, ...}";
    friend bool operator==(attackers const&, attackers const&) = default;

    [[nodiscard]] std::string text() const {
        for (std::size_t k = 0; k < peers.size(); ++k)
            if (peers[k] != k) return to_text(peers);
        return to_text(peers.size());
    }
    [[nodiscard]] static attackers from_tree(policy_tree const& tree) {
        attackers read;
        if (!tree.is_word()) {
            assign(tree, read.peers);
            return read;
        }
        std::size_t count = 0;
        assign(tree, count);
        if (count > most) tree.refuse(concat("at most ", most, " peers attack"), "7, or {3, 7, 11}");
        while (read.peers.size() < count) read.peers.push_back(read.peers.size());
        return read;
    }
    static constexpr std::size_t most = 1'000'000; // a count is checked against the peers only later
};

/// With what peers sign, where they check each other.
enum class signing_keys {
    simulated, ///< nothing that protects, and nothing that costs: attackers in a simulation forge no signatures
    real,      ///< Ed25519
};
constexpr auto enum_names(signing_keys) { return std::array<std::string_view, 2>{"simulated", "real"}; }

struct settings {
    any_data data{};
    std::optional<any_model> model = {};
    rule_setting rule{};
    any_attack attack{};
    conduct_setting conduct{}; ///< where bans is `validators`
    attackers byzantine{};
    std::size_t steps = 200;
    std::optional<std::size_t> evaluate_every = {};
    std::optional<btard::bans> bans = {}; ///< absent until `choose_bans`
    verification checks{};                ///< where bans is `validators`
    signing_keys keys = signing_keys::simulated;
    swarm_options swarm{}; ///< all but `byzantine` and `bans`; see `options()`

    static constexpr auto name = "simulate";
    static constexpr void describe(auto& self, auto&& field) {
        field("data", self.data,
              "quadratic{...}, text:FILE, fashion_mnist:FOLDER, idx:FOLDER or cifar10:FOLDER");
        field("model", self.model,
              "of a text albert:nano, of images mlp{...}, cnn{...} or resnet18{...}; absent: what is usual "
              "for them");
        field("rule", self.rule, "how one vector is made of the peers' gradients; see --list");
        field("attack", self.attack, "what Byzantine peers do, and when; see --list");
        field(
            "conduct", self.conduct,
            "what Byzantine peers do to the protocol beside that, where peers check each other; see --list");
        field("peers", self.swarm.peers, "number of peers");
        field("byzantine", self.byzantine, "how many attack, the first ones; or which, counted from 0");
        field("bans", self.bans,
              "validators: peers check each other; simulated: attackers are removed with the probability of "
              "the "
              "paper; absent: validators, or none where peers cannot check all runs");
        verification::describe(self.checks, field);
        field("keys", self.keys,
              "simulated signatures that cost nothing, or real ones: Ed25519, from the seed");
        field("steps", self.steps, "steps of training");
        field("evaluate_every", self.evaluate_every,
              "steps from one evaluation on held-out samples to the next; absent: none");
        field("seed", self.swarm.seed, "all randomness of the run comes from it");
        field("optimizer", self.swarm.optimizer, "what is done with the aggregate: sgd{...} or lamb{...}");
        field("schedule", self.swarm.schedule, "how the learning rate changes; see --list");
        field("clip_gradient", self.swarm.clip_gradient, "each peer shortens its gradient to this length");
        field("worker_momentum", self.swarm.worker_momentum,
              "peers send running means: worker_momentum{.beta = 0.9}");
        field("parts", self.swarm.parts, "parts of the gradient, each aggregated by itself");
        field("threads", self.swarm.threads,
              "0: one for each processor; the results are the same for any number");
    }
    friend bool operator==(settings const&, settings const&) = default;

    [[nodiscard]] swarm_options options() const {
        auto all = swarm;
        all.byzantine = byzantine.peers;
        all.bans = bans.value_or(btard::bans::none);
        return all;
    }
    [[nodiscard]] bool has_validators() const { return bans == btard::bans::validators; }
    /// Peers that may lie.
    [[nodiscard]] std::size_t faults_or_default() const { return checks.rules(swarm.peers).faults; }

    /// What learns if nobody chooses: nothing from a quadratic, which is the model itself.
    [[nodiscard]] std::optional<any_model> model_or_default() const {
        if (model) return model;
        if (data.as_text()) return any_model{albert_model{}};
        if (std::holds_alternative<cifar10>(data.value)) return any_model{resnet18_model{}};
        if (data.as_images()) return any_model{mlp_model{}};
        return {};
    }

    /// Fills in what follows from other settings: data need a model.
    void complete() { model = model_or_default(); }
    /// A field of a model that nobody chose is one of the usual model of the data.
    void before_field(std::string_view setting) {
        if (setting == "model") complete();
    }

    /// What concerns several settings at once, but for `why_unverifiable`.
    void validate() const {
        expects(steps > 0, "--steps is 0, it must be 1 or more");
        expects(evaluate_every != std::size_t{0}, "--evaluate-every is 0, it must be 1 or more");
        options().validate();
        expects(checks.tolerance >= 0 && checks.tolerance < 1, "--tolerance is ", checks.tolerance,
                ", it must be in [0, 1)");
        expects(checks.tolerance == 0 || checks.probation.admits == admission::nobody, "--tolerance is ",
                checks.tolerance,
                ", and newcomers are let in (--probation.admits): theirs must be right to the last bit; "
                "leave one of them out");
        check_rows(rule.value, swarm.peers);
        validate_model();
        expects(data.as_text() || data.as_images() || !acts_on_labels(attack),
                "--attack: it changes labels, and ", to_text(data), " has none");
    }

private:
    void validate_model() const {
        auto const* const text = data.as_text();
        expects(text || data.as_images() || !model, "--model is for a text or images, the data is ",
                to_text(data));
        if (!model) return;
        auto const* const albert = model->as_albert();
        expects(text || !albert, "--model: an ALBERT is for a text, the data is ", to_text(data));
        expects(!text || albert, "--model: ", to_text(*model), " is for images, the data is ", to_text(data));
        if (!text) return;
        auto const length = static_cast<std::int64_t>(text->samples.sequence);
        expects(length <= albert->positions, "--data: sequences of ", length, " tokens, but the model has ",
                albert->positions, " positions");
        expects(albert->vocabulary >= masked_text::vocabulary(), "--model: a vocabulary of ",
                albert->vocabulary, ", bytes need ", masked_text::vocabulary());
        expects(!albert->sentence_order, "--model: sentence_order needs pairs of segments, a text has none");
    }
};

/// What is trained, and under which name it is shown.
struct curve {
    std::string name;
    std::string file; ///< of its lines, in the output folder
    settings what;
};

} // namespace btard::apps
