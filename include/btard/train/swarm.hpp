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
#include <btard/core/norm.hpp>
#include <btard/core/parallel.hpp>
#include <btard/core/partition.hpp>
#include <btard/core/random.hpp>
#include <btard/train/learnable.hpp>
#include <btard/train/optimizer.hpp>
#include <btard/train/swarm_options.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
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
class swarm {
public:
    swarm(Task task, Rule rule, Attack attack, swarm_options options = {})
        : options_(std::move(options)), rule_(std::move(rule)), layout_(layout_of(task)),
          parameters_(task.size()), aggregate_(task.size()), rows_(options_.peers * task.size()),
          momenta_(options_.worker_momentum ? rows_.size() : 0), losses_(options_.peers),
          weights_(options_.peers, 1.0), byzantine_(options_.byzantine),
          optimizer_state_(start(options_.optimizer, task.size())) {
        validate(options_);
        validate(task);
        validate(rule_);
        check_rows(rule_, options_.peers);
        std::size_t end = 0; // optimizers step what the layout covers, each tensor by itself
        for (auto const& tensor : layout_) {
            expects(tensor.offset == end && tensor.size <= task.size() - end, "the tensor ", tensor.name, " covers ",
                    tensor.size, " parameters from ", tensor.offset, " on; the one before ends at ", end, " of ",
                    task.size());
            end += tensor.size;
        }
        expects(end == task.size(), "the tensors of the layout cover ", end, " of ", task.size(), " parameters");
        std::sort(byzantine_.begin(), byzantine_.end());
        std::size_t const threads = options_.threads > 0 ? options_.threads : parallel::hardware();
        tasks_ = std::vector<Task>(std::min(threads, options_.peers), task);
        set_attack(std::move(attack));
        task.initialize(derive(root(), "initialize"), parameters_);
    }

    /// Trains for so many more steps, and calls `observe(step_report const&)` after each.  An observer that
    /// returns false ends it there.  Says how many steps were done.
    template <class Observer>
    std::size_t train(std::size_t steps, Observer&& observe) {
        for (std::size_t done = 0; done < steps; ++done) {
            step_report const report = advance();
            if constexpr (std::is_void_v<decltype(observe(report))>) observe(report);
            else if (!observe(report)) return done + 1;
        }
        return steps;
    }
    std::size_t train(std::size_t steps) {
        return train(steps, [](step_report const&) {});
    }

    /// From the next step on.
    void set_attack(Attack attack) {
        validate(attack);
        bool const understood = tasks_.front().labelled() || !acts_on_labels(attack);
        expects(understood, "the attack changes labels, the task has none");
        check_size(attack, parameters_.size());
        attacks_.assign(options_.peers, std::move(attack));
    }
    void set_bans(bans mode) { options_.bans = mode; }

    [[nodiscard]] double evaluate() { return tasks_.front().evaluate(parameters_); }
    [[nodiscard]] evaluation measure() { return btard::measure(tasks_.front(), parameters_); }

    [[nodiscard]] std::size_t step() const { return step_; } ///< the next one; so many are done
    [[nodiscard]] std::span<float const> parameters() const { return parameters_; }
    [[nodiscard]] std::span<float const> aggregate() const { return aggregate_; } ///< of the last step
    [[nodiscard]] std::span<tensor_layout const> layout() const { return layout_; }
    [[nodiscard]] std::span<std::size_t const> byzantine() const { return byzantine_; } ///< those still there
    [[nodiscard]] swarm_options const& options() const { return options_; }

private:
    [[nodiscard]] seed root() const { return {options_.seed, 0}; }
    [[nodiscard]] std::span<float> row(std::size_t peer) {
        return std::span(rows_).subspan(peer * parameters_.size(), parameters_.size());
    }
    [[nodiscard]] std::span<float> momentum(std::size_t peer) {
        return std::span(momenta_).subspan(peer * parameters_.size(), parameters_.size());
    }
    [[nodiscard]] bool is_byzantine(std::size_t peer) const {
        return std::binary_search(byzantine_.begin(), byzantine_.end(), peer);
    }

    step_report advance() {
        std::vector<std::size_t> honest, alive;
        for (std::size_t peer = 0; peer < options_.peers; ++peer) {
            if (weights_[peer] == 0) continue;
            alive.push_back(peer);
            if (!is_byzantine(peer)) honest.push_back(peer);
        }
        compute_gradients(alive);
        std::vector<float const*> honest_rows;
        for (std::size_t const peer : honest) honest_rows.push_back(row(peer).data());
        matrix_view<float const> const seen(std::span<float const* const>(honest_rows), parameters_.size());
        auto const attacking = let_them_attack(seen);

        step_report report{.step = step_};
        for (std::size_t const peer : honest) report.loss += losses_[peer];
        report.loss /= double(honest.size());
        report.learning_rate_factor = factor_at(options_.schedule, step_);

        // A removed peer keeps its row, with weight zero: for the rule, one of its Byzantine rows is caught.
        matrix_view<float const> const rows(rows_.data(), options_.peers, parameters_.size());
        partition const cut(parameters_.size(), options_.parts);
        report.aggregation = aggregate_parts(host{.threads = tasks_.size()}, rule_, rows, weights_,
                                             std::span(aggregate_), cut, derive(root(), "aggregate", {step_}));
        report.aggregate_norm = norm(aggregate_);
        btard::step(options_.optimizer, optimizer_state_, layout_, aggregate_, parameters_,
                    report.learning_rate_factor, tasks_.size());

        report.attacking = attacking.size();
        if (options_.bans == bans::simulated) remove_some(attacking, report.banned);
        report.honest = honest.size();
        report.byzantine = byzantine_.size();
        ++step_;
        return report;
    }

    void compute_gradients(std::span<std::size_t const> alive) {
        parallel::run(alive.size(), tasks_.size(), [&](std::size_t number, std::size_t slot) {
            std::size_t const peer = alive[number];
            auto const falsify = [&](std::span<std::int64_t> labels, std::int64_t classes) {
                corrupt_labels(attacks_[peer], context(peer, {}), labels, classes);
            };
            labels_hook hook;
            if (is_byzantine(peer) && acts_on_labels(attacks_[peer])) hook = labels_hook(falsify);
            auto const gradient = row(peer);
            losses_[peer] = gradient_for(tasks_[slot], peer, parameters_,
                                         derive(root(), "gradient", {step_, peer}), hook, gradient);
            if (options_.clip_gradient) shorten(gradient, *options_.clip_gradient);
            if (options_.worker_momentum) options_.worker_momentum->step(momentum(peer), gradient);
        });
    }

    static void shorten(std::span<float> gradient, float longest) {
        double const length = norm(gradient);
        if (!(length > longest)) return; // nor is a NaN shortened
        for (float& g : gradient) g = static_cast<float>(g * (longest / length));
    }

    /// Says who did something.
    std::vector<std::size_t> let_them_attack(matrix_view<float const> honest) {
        std::size_t const size = parameters_.size();
        std::vector<float> own; // what they computed, as their rows are about to change
        if (!byzantine_.empty() && reads_accomplices(attacks_[byzantine_.front()]))
            for (std::size_t const peer : byzantine_)
                own.insert(own.end(), row(peer).begin(), row(peer).end());
        matrix_view<float const> const colluding(own.data(), own.empty() ? 0 : byzantine_.size(), size);
        std::vector<unsigned char> acted(byzantine_.size());
        parallel::run(byzantine_.size(), tasks_.size(), [&](std::size_t number, std::size_t) {
            std::size_t const peer = byzantine_[number];
            auto const at = context(peer, honest, colluding);
            watch_gradient(attacks_[peer], at, row(peer));
            acted[number] = acts_at(attacks_[peer], at);
            corrupt_gradient(attacks_[peer], at, row(peer));
        });
        std::vector<std::size_t> attacking;
        for (std::size_t k = 0; k < acted.size(); ++k)
            if (acted[k]) attacking.push_back(byzantine_[k]);
        return attacking;
    }

    [[nodiscard]] attack_context context(std::size_t peer, matrix_view<float const> honest,
                                         matrix_view<float const> colluding = {}) const {
        return {step_, peer, byzantine_, honest, derive(root(), "attackers"), layout_, colluding};
    }

    void remove_some(std::span<std::size_t const> attacking, std::vector<std::size_t>& removed) {
        for (std::size_t const peer : attacking) {
            random_stream coin(derive(root(), "ban", {step_, peer}));
            if (coin.uniform() >= options_.check_probability()) continue;
            removed.push_back(peer);
            std::erase(byzantine_, peer);
            weights_[peer] = 0;
        }
    }

    swarm_options options_;
    Rule rule_;
    std::vector<tensor_layout> layout_;
    std::vector<Task> tasks_; // one per thread
    std::vector<float> parameters_;
    std::vector<float> aggregate_;       // of the last step: v0 for rules that start at what is given
    std::vector<float> rows_;            // (peers, size) what each peer sends
    std::vector<float> momenta_;         // (peers, size) m of each peer; empty without worker momentum
    std::vector<double> losses_;         // (peers)
    std::vector<double> weights_;        // (peers) 1, or 0 for those removed
    std::vector<Attack> attacks_;        // (peers) each Byzantine peer has its own, which may remember things
    std::vector<std::size_t> byzantine_; // those still there, in ascending order
    optimizer_state optimizer_state_;
    std::size_t step_ = 0;
};

} // namespace btard
