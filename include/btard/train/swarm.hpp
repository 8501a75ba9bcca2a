// btard/train/swarm.hpp: peers that train together in one process, some of them Byzantine.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/aggregate.hpp>
#include <btard/aggregate/parts.hpp>
#include <btard/attack/concept.hpp>
#include <btard/attack/needs.hpp>
#include <btard/attack/scheduled.hpp>
#include <btard/core/describe.hpp>
#include <btard/core/error.hpp>
#include <btard/core/matrix_view.hpp>
#include <btard/core/parallel.hpp>
#include <btard/core/partition.hpp>
#include <btard/core/random.hpp>
#include <btard/train/learnable.hpp>
#include <btard/train/swarm_options.hpp>
#include <btard/train/task_swarm.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

/// A whole swarm, without a network: at each step every peer computes a gradient on its own samples, the
/// Byzantine ones corrupt theirs, a rule makes one vector of all rows, and an optimizer moves the parameters.
/// With worker momentum all of them, attackers too, put their running mean in place of the gradient: what attacks
/// see and corrupt is that mean.
///
/// The bits are a function of the arguments alone, whatever the number of threads.  A swarm is a value: a
/// copy goes on by itself, so that runs which differ from some step on share what comes before.
template <learnable Task, aggregator Rule, attack Attack>
    requires std::copyable<Attack>
class swarm : public detail::task_swarm<swarm<Task, Rule, Attack>, Task, Attack> {
    using base = detail::task_swarm<swarm, Task, Attack>;
    friend base;

public:
    swarm(Task task, Rule rule, Attack attack, swarm_options options = {})
        : base(std::move(task), std::move(options)), rule_(std::move(rule)) {
        validate(rule_);
        check_bans(options_.bans);
        check_rows(rule_, options_.peers);
        set_attack(std::move(attack));
    }

    /// From the next step on.
    void set_attack(Attack attack) {
        this->arm(std::move(attack));
        past_ = {};
    }
    void set_bans(bans mode) {
        check_bans(mode);
        options_.bans = mode;
        past_ = {}; // which has other bans
    }

private:
    using base::aggregate_, base::alive, base::attacks_, base::byzantine_, base::is_byzantine, base::options_,
        base::parameters_, base::root, base::row, base::rows, base::step_, base::tasks_, base::weights_;

    static void check_bans(bans mode) {
        expects(mode != bans::validators, "bans is validators: that is a verified_swarm");
    }
    step_report advance() {
        begin_step();
        begun_ = false;
        std::vector<std::size_t> const peers = alive();
        std::vector<std::size_t> honest;
        std::vector<float const*> honest_rows;
        for (std::size_t const peer : peers) {
            if (is_byzantine(peer)) continue;
            honest.push_back(peer);
            honest_rows.push_back(row(peer).data());
        }
        matrix_view<float const> const seen(std::span<float const* const>(honest_rows), parameters_.size());
        auto const attacking = let_them_attack(seen);

        // A removed peer keeps its row, with weight zero: for the rule, one of its Byzantine rows is caught.
        step_report report{.step = step_};
        partition const cut(parameters_.size(), options_.parts);
        report.aggregation = aggregate_parts(host{.threads = tasks_.size()}, rule_, rows(), weights_,
                                             std::span(aggregate_), cut, derive(root(), "aggregate", {step_}));
        this->finish(report, honest, attacking, tasks_.size());
        return report;
    }

    /// Every peer computes its gradient; nobody has attacked yet.
    void begin_step() {
        if (begun_) return;
        if constexpr (looks_back<Attack>) {
            auto const& attack = attacks_.front();
            if (past_.copy.empty() && steps_back(attack) > 0 && step_ >= first_step(attack)) {
                past_.copy.push_back(*this);
                past_.begin = step_;
            }
        }
        compute_gradients(alive());
        begun_ = true;
    }

    /// Trains the copy until its peers have computed what an attacker sends today.  False: nobody asks for it.
    bool replay() {
        if constexpr (looks_back<Attack>) {
            std::size_t const back = steps_back(attacks_.front());
            bool const asked = std::any_of(byzantine_.begin(), byzantine_.end(), [&](std::size_t peer) {
                return acts_at(attacks_[peer], context(peer, {}));
            });
            if (!asked || past_.copy.empty() || step_ < past_.begin + back) return false;
            swarm& then = past_.copy.front();
            while (then.step_ < step_ - back) then.advance();
            then.begin_step();
            return true;
        }
        return false;
    }

    void compute_gradients(std::span<std::size_t const> peers) {
        parallel::run(peers.size(), tasks_.size(), [&](std::size_t number, std::size_t slot) {
            std::size_t const peer = peers[number];
            this->compute_gradient(peer, slot, this->gradient_seed(peer), context(peer, {}));
            this->prepare(peer);
        });
    }

    /// Says who did something.
    std::vector<std::size_t> let_them_attack(matrix_view<float const> honest) {
        [[maybe_unused]] bool const replayed = replay();
        auto const context_of = [&](std::size_t peer, auto seen, auto colluding) {
            auto at = context(peer, seen, colluding);
            if constexpr (looks_back<Attack>)
                if (replayed) at.earlier = past_.copy.front().row(peer);
            return at;
        };
        return this->corrupt_rows(byzantine_, honest, context_of);
    }

    [[nodiscard]] attack_context context(std::size_t peer, matrix_view<float const> honest,
                                         matrix_view<float const> colluding = {}) const {
        auto at = base::context(peer, honest, colluding);
        if constexpr (looks_back<Attack>) at.earliest = past_.begin;
        return at;
    }

    Rule rule_;
    bool begun_ = false; // the gradients of this step are there

    struct past {
        std::vector<swarm> copy;   // none, or one that is behind
        std::size_t begin = never; // the step at which it was made
    };
    std::conditional_t<looks_back<Attack>, past, std::monostate> past_; // for an attack that asks
};

} // namespace btard
