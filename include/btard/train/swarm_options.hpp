// btard/train/swarm_options.hpp: how a swarm trains, and what it tells about each step.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/report.hpp>
#include <btard/core/describe.hpp>
#include <btard/core/error.hpp>
#include <btard/train/optimizer.hpp>
#include <btard/train/schedule.hpp>
#include <btard/train/worker_momentum.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace btard {

/// What becomes of attackers.
enum class bans {
    none,      ///< they stay
    simulated, ///< an attacker is removed with `check_probability` at each step at which it attacks
    validators, ///< peers check each other, and ban whom they convict: `verified_swarm`
};
constexpr auto enum_names(bans) { return std::array<std::string_view, 3>{"none", "simulated", "validators"}; }

struct swarm_options {
    std::size_t peers = 16;
    std::vector<std::size_t> byzantine = {}; ///< which of them attack, from 0
    std::uint64_t seed = 0;                  ///< all randomness of the run comes from it
    std::size_t threads = 0;                 ///< 0: one for each processor; the results are the same
    btard::optimizer optimizer = sgd{};
    learning_rate_schedule schedule = constant_rate{};
    std::optional<float> clip_gradient = {}; ///< each peer shortens its gradient to this length
    std::optional<btard::worker_momentum> worker_momentum = {}; ///< then it sends a running mean of them
    btard::bans bans = btard::bans::none;
    std::size_t parts = 1; ///< each aggregated by itself, as a butterfly all-reduce does

    static constexpr auto name = "swarm";
    static constexpr auto summary = "peers in one process, some of them Byzantine";
    static constexpr void describe(auto& self, auto&& field) {
        field("peers", self.peers, "number of peers");
        field("byzantine", self.byzantine, "which of them attack, counted from 0");
        field("seed", self.seed, "all randomness of the run comes from it");
        field("threads", self.threads, "0: one for each processor; the results are the same for any number");
        field("optimizer", self.optimizer, "what is done with the aggregate");
        field("schedule", self.schedule, "how the learning rate changes");
        field("clip_gradient", self.clip_gradient,
              "each peer shortens its gradient to this length; absent: never");
        field("worker_momentum", self.worker_momentum,
              "each peer sends a running mean of its gradients; absent: the gradient");
        field("bans", self.bans, "whether attackers are removed when they are found out");
        field("parts", self.parts, "parts of the gradient that are aggregated each by itself");
    }
    static constexpr std::array<std::string_view, 1> local_fields{"threads"};
    friend bool operator==(swarm_options const&, swarm_options const&) = default;

    void validate() const {
        expects(peers > 0, "peers is 0, it must be 1 or more");
        expects(parts > 0, "parts is 0, it must be 1 or more");
        for (std::size_t const peer : byzantine) {
            expects(peer < peers, "byzantine names peer ", peer, ", the last one is ", peers - 1);
            expects(std::count(byzantine.begin(), byzantine.end(), peer) == 1, "byzantine names peer ", peer,
                    " twice");
        }
        expects(byzantine.size() < peers, "all ", peers, " peers are byzantine, one must be honest");
        expects(!clip_gradient || *clip_gradient > 0, "clip_gradient is ", clip_gradient.value_or(1),
                ", it must be positive");
    }

    /// With which an attacker is found out at a step: its validator is honest, and checks it and not another
    /// peer.
    ///
    ///     (n - b) / n * 1 / (n - 1),   n peers, b of them Byzantine, when the run begins
    [[nodiscard]] double check_probability() const {
        double const n = double(peers), b = double(byzantine.size());
        return peers > 1 ? (n - b) / n / (n - 1) : 0;
    }
};

/// A peer that is no member any more.
struct removal {
    std::size_t peer = 0;
    std::string_view why{};  ///< the name of an offence, or of an absence
    bool banned = false;     ///< else it may come back

    friend bool operator==(removal const&, removal const&) = default;
};

/// What happened in one step.
struct step_report {
    std::size_t step = 0;
    double loss = 0; ///< mean over the honest peers, each on its own samples, before the step
    aggregation_report aggregation = {};  ///< merged, where there are several parts
    double aggregate_norm = 0;            ///< L2
    double learning_rate_factor = 1;      ///< what the schedule says
    std::size_t honest = 0;               ///< peers alive after the step
    std::size_t byzantine = 0;            ///< the same
    std::size_t attacking = 0;            ///< Byzantine peers that did something at this step
    std::vector<std::size_t> banned = {}; ///< peers removed at the end of the step, for good
    std::vector<removal> removed = {};    ///< all that are removed, with the reasons, where peers check each other
};

} // namespace btard
