// apps/network/run_settings.hpp: what all processes of a run agree on: the settings in its charter.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../simulate/data.hpp"
#include "../simulate/model.hpp"
#include "../simulate/settings.hpp"
#include "../simulate/verified_rule.hpp"

#include <btard/node/run_plan.hpp>
#include <btard/protocol/step/run_rules.hpp>
#include <btard/protocol/verification.hpp>
#include <btard/train/optimizer.hpp>
#include <btard/train/schedule.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace btard::apps {

/// How long members wait for each other, in milliseconds: the one table of all deadlines.
struct deadlines {
    std::uint64_t gradient = 60'000, bulk = 30'000, body = 3'000, question = 1'500, interval = 6'000;
    std::uint64_t renew_every = 16, floor = 10'000;

    static constexpr auto name = "deadlines";
    static constexpr auto summary = "how long members wait for each other, in ms";
    static constexpr void describe(auto& self, auto&& field) {
        field("gradient", self.gradient,
              "ms: to compute a gradient, and for a newcomer to take over the state");
        field("bulk", self.bulk, "ms: until parts of gradients, and aggregates, have arrived");
        field("body", self.body, "ms: until what a member says to all has arrived");
        field("question", self.question, "ms: a question and its answer");
        field("interval", self.interval, "ms: of a relay, four questions at least");
        field("renew_every", self.renew_every,
              "steps, after which members agree on shorter ones of the first three, if they can; 0: never");
        field("floor", self.floor, "ms: none of the three gets shorter than that");
    }
    friend bool operator==(deadlines const&, deadlines const&) = default;

    void validate() const { timing().validate(); }
    [[nodiscard]] step_timing timing() const {
        using std::chrono::milliseconds;
        return {milliseconds(gradient), milliseconds(bulk), milliseconds(body), milliseconds(question),
                milliseconds(interval), renew_every,        milliseconds(floor)};
    }
};

/// Given to the coordinator, and by it to all.
struct run_settings {
    any_data data{};
    std::optional<any_model> model = {};
    rule_setting rule{{.rule = centered_clip{.tau = 1}}};
    std::size_t founders = 4;
    std::size_t steps = 200;
    std::uint64_t steps_before = 0;
    std::uint64_t seed = 0;
    btard::optimizer optimizer = sgd{};
    learning_rate_schedule schedule = constant_rate{};
    std::optional<float> clip_gradient = {};
    std::uint32_t microbatches = 1;
    std::size_t validators = 1;
    std::optional<std::size_t> faults = {};
    std::optional<double> far = {};
    double tolerance = 0;
    std::uint64_t state_every = 16;
    standing_rules standing = {};
    probation_rules probation = {};
    btard::apps::deadlines deadlines = {};

    static constexpr auto name = "run";
    static constexpr void describe(auto& self, auto&& field) {
        field("data", self.data,
              "quadratic{...}, text:FILE, fashion_mnist:FOLDER, idx:FOLDER or cifar10:FOLDER; each machine "
              "looks for a "
              "relative path in the folder that BTARD_DATA names, too");
        field("model", self.model,
              "of a text albert:nano, of images mlp{...}, cnn{...} or resnet18{...}; absent: what is usual "
              "for them");
        field("rule", self.rule,
              "how one vector is made of the workers' gradients: centered_clip{...} or mean{}");
        field("founders", self.founders, "trainers with which the run begins");
        field("steps", self.steps, "steps of training");
        field(
            "steps_before", self.steps_before,
            "so many of them were done before, in another run: the count and the schedule go on from there");
        field("seed", self.seed, "from which the parameters begin");
        field("optimizer", self.optimizer, "what is done with the aggregate: sgd{...} or lamb{...}");
        field("schedule", self.schedule, "how the learning rate changes");
        field("clip_gradient", self.clip_gradient,
              "each worker shortens its gradient to this length; absent: never");
        field("microbatches", self.microbatches,
              "of a worker in each step: its gradient is the mean over them");
        verification::describe_rules(self, field, "trainers that may lie; absent: as many as the founders allow");
        field("deadlines", self.deadlines, "how long members wait for each other");
    }
    friend bool operator==(run_settings const&, run_settings const&) = default;

    void before_field(std::string_view setting) {
        if (setting == "model") model = like_simulate().model_or_default();
    }
    void validate() const;
    [[nodiscard]] run_rules rules() const;
    /// The settings of a swarm in one process that trains the same.
    [[nodiscard]] settings like_simulate() const;
};

using network_plan = run_plan<verified_rule>;

/// @throws contract_violation, environment_error: no such data, or no such model
[[nodiscard]] network_plan plan_of(run_settings const& all);
/// What stands in a charter: lines of a configuration, without a word of where they came from.
[[nodiscard]] std::string charter_text(run_settings const& all);
/// @throws environment_error with `errc::bad_text`: it is of another version
[[nodiscard]] run_settings read_charter(std::string const& text);

} // namespace btard::apps
