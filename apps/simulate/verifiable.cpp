// SPDX-License-Identifier: Apache-2.0
#include "verifiable.hpp"

#include <btard/attack/needs.hpp>
#include <btard/core/error.hpp>

#include <variant>

namespace btard::apps {

namespace {

std::string why_not_rule(any_aggregator const& rule) {
    if (!rule.mixings.items.empty())
        return "peers cannot check a rule behind a mixing: it has no residual that sums to zero";
    return std::visit(
        []<class R>(R const& one) -> std::string {
            if constexpr (!verifiable_aggregator<R>) {
                return concat("peers cannot check ", R::name,
                              ": it has no residual that sums to zero, as mean and "
                              "centered_clip have");
            } else {
                if constexpr (requires { one.iterations; })
                    if (one.iterations)
                        return concat(R::name,
                                      " with iterations ends before the residual that peers check is zero");
                if constexpr (requires { one.rtol; })
                    if (one.rtol > R{}.rtol)
                        return concat(R::name, ": rtol is ", one.rtol, ", peers check the residual to ",
                                      R{}.rtol);
                return {};
            }
        },
        rule.rule);
}

/// Not impossible, but nobody would want it without having asked for it.
std::string why_unwise(settings const& what) {
    if (auto why = why_unverifiable(what); !why.empty()) return why;
    std::size_t const liars = what.byzantine.peers.size(), most = what.faults_or_default();
    if (liars <= most) return {};
    return concat(liars, " of ", what.swarm.peers, " peers are Byzantine, with ", what.checks.validators,
                  " validators the others can judge at most ", most);
}

} // namespace

std::string why_unverifiable(settings const& what) {
    if (auto why = why_not_rule(what.rule.value); !why.empty()) return why;
    if (what.swarm.worker_momentum)
        return "nobody can recompute a worker momentum, a running mean of gradients, from one step";
    if (what.swarm.parts != 1) return "with validators each peer that works owns one part; leave --parts out";
    if (steps_back(what.attack) > 0)
        return "an attack with replay trains a copy of the swarm, and one with validators cannot be copied";
    if (what.swarm.peers < 2 * what.faults_or_default() + what.checks.validators + 1)
        return concat(what.swarm.peers, " peers are too few for ", what.faults_or_default(),
                      " that may lie and ", what.checks.validators, " validators; there must be ",
                      2 * what.faults_or_default() + what.checks.validators + 1);
    return {};
}

std::string choose_bans(std::span<curve> curves, settings& base) {
    std::string note;
    bans chosen = bans::validators;
    for (auto const& one : curves) {
        if (one.what.bans || chosen == bans::none) continue;
        std::string const why = why_unwise(one.what);
        if (why.empty()) continue;
        chosen = bans::none;
        note = concat(
            "nobody is banned, where --bans is not given: ", curves.size() > 1 ? one.name + ": " : "", why);
    }
    for (auto& one : curves)
        if (!one.what.bans) one.what.bans = chosen;
    if (!base.bans) base.bans = chosen;
    return note;
}

} // namespace btard::apps
