// tests/attack/conduct_play.hpp: swarms whose Byzantine peers break the protocol, and what becomes of them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/centered_clip.hpp>
#include <btard/attack/bad_timing.hpp>
#include <btard/attack/contest_flood.hpp>
#include <btard/attack/equivocate.hpp>
#include <btard/attack/few_holders.hpp>
#include <btard/attack/leave_before_accusation.hpp>
#include <btard/attack/mprng_abort.hpp>
#include <btard/attack/newcomers.hpp>
#include <btard/attack/silence.hpp>
#include <btard/attack/slander.hpp>
#include <btard/attack/state_lie.hpp>
#include <btard/protocol/verified_swarm.hpp>
#include <btard/testing/counting_signer.hpp>
#include <btard/train/quadratic.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace plays {

using namespace btard;

/// One type for all of them: a swarm is expensive to compile.
struct conduct {
    std::variant<upright, silence, leave_before_accusation, equivocate, mprng_abort, late_messages, replayed_messages,
                 contest_flood, few_holders, state_lie, slander, new_keys, sybil_join, eclipse>
        what{};

    template <class P, class Body>
    bool shape(deed<P> const& at, Body& body) {
        return std::visit(
            [&](auto& one) {
                if constexpr (shapes_body<std::remove_reference_t<decltype(one)>, P, Body>)
                    return one.shape(at, body);
                else return true;
            },
            what);
    }
    template <class P>
    std::vector<wire::evidence> forge(deed<P> const& at) {
        if (auto const* liar = std::get_if<slander>(&what)) return liar->forge(at);
        return {};
    }
    std::size_t brings(std::size_t out) const {
        if (std::holds_alternative<new_keys>(what)) return out;
        auto const* many = std::get_if<sybil_join>(&what);
        return many ? many->keys : 0;
    }
    bool lies_on_trial() const {
        if (auto const* one = std::get_if<new_keys>(&what)) return one->lies;
        auto const* many = std::get_if<sybil_join>(&what);
        return many && many->lies;
    }
    template <class P>
    fate pass(deed<P> const& at, public_key const& to, wire::message& message) {
        return std::visit(
            [&](auto& one) {
                if constexpr (passes_messages<std::remove_reference_t<decltype(one)>, P>)
                    return one.pass(at, to, message);
                else return fate{};
            },
            what);
    }
};

/// Turns the gradients of these peers round.
struct flips {
    std::vector<std::size_t> who = {};

    bool acts_at(attack_context const& at) const { return std::ranges::find(who, at.self) != who.end(); }
    void corrupt_gradient(attack_context const& at, std::span<float> gradient) const {
        if (!acts_at(at)) return;
        for (float& g : gradient) g *= -2;
    }
};

using swarm = verified_swarm<quadratic, centered_clip, flips, conduct, testing::counting_signer>;

struct scene {
    conduct doing{};
    std::size_t peers = 8;
    std::vector<std::size_t> byzantine = {1};
    std::vector<std::size_t> flip = {};
    std::size_t steps = 12;
    std::uint64_t seed = 1;
    verification checks = {};
};

/// All that were removed, with the reasons, and how long it took.
struct ending {
    std::map<std::size_t, std::set<std::string>> removed = {};
    std::set<std::size_t> banned = {};
    std::size_t steps = 0;
    double seconds = 0; ///< of the network's clock
    bool honest_are_there = true;
    bool same_states = true; ///< after each step, of honest members

    std::string text() const {
        std::string all;
        for (auto const& [peer, why] : removed)
            for (auto const& one : why) all += std::to_string(peer) + " " + one + "; ";
        return all;
    }
};

/// What honest members would hand to one that comes in: of that they must have the same.
///
/// @param step that begins
inline bool same_states(swarm& run, std::uint64_t step) {
    std::optional<digest> first;
    for (std::size_t k = 0; k < run.size(); ++k) {
        if (!run.is_member(k)) continue;
        auto const& of = run.at(k); // who has crashed may be in an earlier one
        if (of.running() || of.gone() || of.conduct().acts() || of.membership().step() != step) continue;
        digest const one = hash_of(of.state_for_newcomer());
        if (one != first.value_or(one)) return false;
        first = one;
    }
    return first.has_value();
}

inline ending play(scene const& of, std::function<void(swarm&, step_report const*)> const& watch = {}) {
    std::vector<testing::counting_signer> keys;
    for (std::size_t k = 0; k < of.peers; ++k) keys.emplace_back(k);
    swarm run(quadratic{.dimension = 100}, centered_clip{.tau = 1}, flips{of.flip}, of.doing,
              {.peers = of.peers, .byzantine = of.byzantine, .seed = of.seed, .threads = 1, .bans = bans::validators},
              of.checks, keys);
    run.set_new_keys([](std::size_t number) { return testing::counting_signer(number); });
    if (watch) watch(run, nullptr);
    ending end;
    end.steps = run.train(of.steps, [&](step_report const& report) {
        end.same_states &= same_states(run, report.step + 1);
        if (watch) watch(run, &report);
    });
    for (auto const& one : run.removals()) {
        end.removed[one.peer].insert(std::string(one.why));
        if (one.banned) end.banned.insert(one.peer);
    }
    for (std::size_t k = 0; k < of.peers; ++k)
        if (std::ranges::find(of.byzantine, k) == of.byzantine.end() && end.removed.contains(k))
            end.honest_are_there = false;
    CHECK(end.same_states);
    end.seconds = std::chrono::duration<double>(run.net().now().time_since_epoch()).count();
    return end;
}

inline verification jittery(bool in_order, std::uint64_t most = 750'000'000) {
    verification checks;
    checks.network.most_delay = most;
    checks.network.in_order = in_order;
    return checks;
}

} // namespace plays
