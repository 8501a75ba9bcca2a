// SPDX-License-Identifier: Apache-2.0
// The one file that includes the whole protocol.
#include "any_swarm.hpp"
#include "ban_file.hpp"
#include "list_entry.hpp"
#include "short_text.hpp"
#include "verified_rule.hpp"

#include <btard/attack/any_conduct.hpp>
#include <btard/core/error.hpp>
#include <btard/core/policy_text.hpp>
#include <btard/protocol/verified_swarm.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace btard::apps {

namespace {

struct verified_peers final : any_swarm::interface {
    verified_peers(settings const& all, any_learnable task, swarm_options options)
        : what(all), conduct(parse<any_conduct>(all.conduct.value)),
          peers(std::move(task), verified_rule::from(all.rule.value), all.attack, conduct, std::move(options),
                all.checks, keys_of(all)) {
        peers.set_new_keys([kind = all.keys, run = all.swarm.seed](std::size_t number) {
            return key_of(kind, run, number);
        });
    }

    std::unique_ptr<interface> copy() const override {
        throw contract_violation("a swarm whose peers check each other cannot be copied");
    }
    std::size_t train(std::size_t steps, any_swarm::observer const& observe) override {
        return peers.train(steps, [&](step_report const& report) {
            auto told = report;
            told.attacking = std::max(told.attacking, lying_in(report));
            return observe(told);
        });
    }
    evaluation measure() override { return peers.measure(); }
    void set(any_attack const& attack, bans mode) override {
        expects(mode == bans::validators, "a swarm whose peers check each other has no other bans");
        peers.set_attack(attack);
    }
    std::size_t step() const override { return peers.step(); }
    std::span<float const> parameters() const override { return peers.parameters(); }

    ban_lines lines_of(step_report const& report) override {
        ban_lines lines;
        for (auto& record : std::exchange(fresh, {})) {
            record.next = peers.confirmation_of(record);
            lines.bans.push_back(ban_line(peers.root_of_trust().run, record));
        }
        auto const root = peers.root_of_trust();
        if (report.step == 0)
            lines.run = run_line({.root = root,
                                  .rules = what.checks.rules(what.swarm.peers),
                                  .rule = to_text(what.rule),
                                  .size = peers.parameters().size(),
                                  .real_keys = what.keys == signing_keys::real});
        for (auto const& one : report.removed) {
            if (!one.banned) continue;
            auto record = peers.record_of(one);
            if (!record) lines.unrecorded.push_back(one);
            else if (is_confirmed(*record) || report.step + 1 == what.steps)
                lines.bans.push_back(ban_line(root.run, *record));
            else fresh.push_back(*std::move(record));
        }
        return lines;
    }

    /// Byzantine peers of a step at which the conduct may be on, whatever its probability.
    std::size_t lying_in(step_report const& report) const {
        if (what.conduct.is_upright()) return 0;
        auto when = conduct.when.value_or(schedule{});
        when.probability = 1;
        attack_context now;
        now.step = report.step;
        if (!when.contains(now)) return 0;
        auto const took_part = [&](std::size_t peer) {
            return peers.is_member(peer) ||
                   std::ranges::find(report.removed, peer, &removal::peer) != report.removed.end();
        };
        return std::size_t(std::ranges::count_if(what.byzantine.peers, took_part));
    }

    settings what;
    any_conduct conduct;
    verified_swarm<any_learnable, verified_rule, any_attack, any_conduct, simulated_key> peers;
    std::vector<ban_record> fresh; // of the last step: the next one confirms their logs
};

} // namespace

conduct_setting conduct_setting::from_text(std::string_view text) {
    auto const read = parse<any_conduct>(text);
    auto const inner = std::visit([](auto const& one) { return short_text(one); }, read.inner);
    if (!read.when) return {read.text(), inner};
    std::string const when = short_text(*read.when);
    return {read.text(), concat("scheduled{", inner, ", ", when.substr(when.find('{')), "}")};
}
void conduct_setting::validate() const { btard::validate(parse<any_conduct>(value)); }
std::size_t conduct_setting::first_step() const {
    auto const read = parse<any_conduct>(value);
    if (std::holds_alternative<upright>(read.inner)) return never;
    return read.when ? read.when->start : 0;
}
std::string list_of_conducts() { return entries<conduct_choice>(); }

std::unique_ptr<any_swarm::interface> make_verified(settings const& what, any_learnable task,
                                                    swarm_options options) {
    return std::make_unique<verified_peers>(what, std::move(task), std::move(options));
}

} // namespace btard::apps
