// SPDX-License-Identifier: Apache-2.0
#include "run_settings.hpp"

#include "../common/config_file.hpp"
#include "../common/settings.hpp"
#include "../simulate/task.hpp"

#include <btard/core/error.hpp>

#include <sstream>
#include <string>
#include <utility>

namespace btard::apps {

settings run_settings::like_simulate() const {
    settings all;
    all.data = data;
    all.model = model;
    all.rule = rule;
    all.steps = steps;
    all.swarm.peers = founders;
    all.swarm.seed = seed;
    all.swarm.optimizer = optimizer;
    all.swarm.schedule = schedule;
    all.swarm.clip_gradient = clip_gradient;
    all.bans = bans::validators;
    return all;
}

run_rules run_settings::rules() const {
    verification checks{.validators = validators,
                        .faults = faults,
                        .far = far,
                        .tolerance = tolerance,
                        .state_every = state_every,
                        .standing = standing,
                        .probation = probation,
                        .network = {}};
    auto made = checks.rules(founders);
    made.quota = microbatches;
    made.timing = deadlines.timing();
    return made;
}

void run_settings::validate() const {
    expects(founders > 0, "--founders is 0, it must be 1 or more");
    expects(steps_before == 0 || steps_before < steps, "--steps is ", steps, ", and ", steps_before,
            " of them were done before (--steps-before): give more");
    expects(microbatches > 0, "--microbatches is 0, it must be 1 or more");
    auto all = like_simulate();
    all.complete();
    all.validate();
    (void)verified_rule::from(rule.value);
    if (auto const* const images = data.as_images())
        expects(images->split == sample_split{},
                "--data: images that are divided among peers by number are for "
                "simulate; over a network any member must be able to draw from all");
    rules().validate(founders);
}

network_plan plan_of(run_settings const& all) {
    auto like = all.like_simulate();
    like.complete();
    return {.task = make_task(like),
            .rule = verified_rule::from(all.rule.value),
            .rules = all.rules(),
            .optimizer = all.optimizer,
            .schedule = {all.schedule, static_cast<std::size_t>(all.steps_before)},
            .clip_gradient = all.clip_gradient,
            .steps = all.steps - all.steps_before,
            .seed = all.seed};
}

std::string charter_text(run_settings const& all) {
    std::istringstream lines(config_text(all, {}));
    std::string text;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("#")) continue; // an absent setting
        line.resize(line.rfind("# default"));
        text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    return text;
}

run_settings read_charter(std::string const& text) {
    run_settings all;
    origins from;
    apply(all, parse_config(text, "charter"), from);
    check(all);
    return all;
}

} // namespace btard::apps
