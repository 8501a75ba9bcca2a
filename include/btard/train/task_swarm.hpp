// btard/train/task_swarm.hpp: what peers compute, and what attackers make of it, in every swarm.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/attack/concept.hpp>
#include <btard/attack/needs.hpp>
#include <btard/attack/scheduled.hpp>
#include <btard/core/error.hpp>
#include <btard/core/matrix_view.hpp>
#include <btard/core/parallel.hpp>
#include <btard/core/random.hpp>
#include <btard/train/learnable.hpp>
#include <btard/train/swarm_options.hpp>
#include <btard/train/swarm_state.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace btard::detail {

/// The base of swarms of one task and one attack, whatever their steps are.
///
/// @tparam Self has `step_report advance()`, one step
template <class Self, learnable Task, attack Attack>
class task_swarm : public swarm_state {
public:
    /// Trains for so many more steps, and calls `observe(step_report const&)` after each.  An observer that
    /// returns false ends it there.  Says how many steps were done.
    template <class Observer>
    std::size_t train(std::size_t steps, Observer&& observe) {
        for (std::size_t done = 0; done < steps; ++done) {
            step_report const report = static_cast<Self&>(*this).advance();
            if constexpr (std::is_void_v<decltype(observe(report))>) observe(report);
            else if (!observe(report)) return done + 1;
        }
        return steps;
    }
    std::size_t train(std::size_t steps) {
        return train(steps, [](step_report const&) {});
    }

    [[nodiscard]] double evaluate() { return tasks_.front().evaluate(parameters_); }
    [[nodiscard]] evaluation measure() { return btard::measure(tasks_.front(), parameters_); }

protected:
    task_swarm(Task task, swarm_options options) : swarm_state(std::move(options), task.size(), layout_of(task)) {
        validate(task);
        std::size_t const threads = options_.threads > 0 ? options_.threads : parallel::hardware();
        tasks_ = std::vector<Task>(std::min(threads, options_.peers), task);
        task.initialize(derive(root(), "initialize"), parameters_);
    }

    /// Each Byzantine peer has its own from here on.
    void arm(Attack attack) {
        validate(attack);
        bool const understood = tasks_.front().labelled() || !acts_on_labels(attack);
        expects(understood, "the attack changes labels, the task has none");
        check_size(attack, parameters_.size());
        attacks_.assign(options_.peers, std::move(attack));
    }
    [[nodiscard]] attack_context context(std::size_t peer, matrix_view<float const> honest,
                                         matrix_view<float const> colluding = {}) const {
        return {step_, peer, byzantine_, honest, derive(root(), "attackers"), layout_, colluding};
    }
    /// Into its row; with false labels, if it is an attacker of that kind.
    void compute_gradient(std::size_t peer, std::size_t slot, seed from, attack_context const& at) {
        auto const falsify = [&](std::span<std::int64_t> labels, std::int64_t classes) {
            corrupt_labels(attacks_[peer], at, labels, classes);
        };
        labels_hook hook;
        if (is_byzantine(peer) && acts_on_labels(attacks_[peer])) hook = labels_hook(falsify);
        losses_[peer] = gradient_for(tasks_[slot], peer, parameters_, from, hook, row(peer));
    }
    /// Each of these corrupts its row.  Says who did something.
    ///
    /// @param context_of what it sees: `context_of(peer, honest, colluding)`
    template <class F>
    std::vector<std::size_t> corrupt_rows(std::span<std::size_t const> attackers, matrix_view<float const> honest,
                                          F const& context_of) {
        std::vector<float> own; // what they computed, as their rows are about to change
        if (!attackers.empty() && reads_accomplices(attacks_[attackers.front()]))
            for (std::size_t const peer : attackers) own.insert(own.end(), row(peer).begin(), row(peer).end());
        matrix_view<float const> const colluding(own.data(), own.empty() ? 0 : attackers.size(), parameters_.size());
        std::vector<unsigned char> acted(attackers.size());
        parallel::run(attackers.size(), tasks_.size(), [&](std::size_t number, std::size_t) {
            std::size_t const peer = attackers[number];
            auto const at = context_of(peer, honest, colluding);
            watch_gradient(attacks_[peer], at, row(peer));
            acted[number] = acts_at(attacks_[peer], at);
            corrupt_gradient(attacks_[peer], at, row(peer));
        });
        std::vector<std::size_t> attacking;
        for (std::size_t k = 0; k < acted.size(); ++k)
            if (acted[k]) attacking.push_back(attackers[k]);
        return attacking;
    }

    std::vector<Task> tasks_;     // one per thread
    std::vector<Attack> attacks_; // (peers) each Byzantine peer has its own, which may remember things
};

} // namespace btard::detail
