// btard/train/swarm_state.hpp: what a swarm remembers, and does, whatever its task, rule and attack.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/matrix_view.hpp>
#include <btard/core/norm.hpp>
#include <btard/core/random.hpp>
#include <btard/train/learnable.hpp>
#include <btard/train/optimizer.hpp>
#include <btard/train/swarm_options.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace btard::detail {

/// The base of every `swarm`.  It is no template, so a program with many kinds of swarms compiles it once.
class swarm_state {
public:
    [[nodiscard]] std::size_t step() const { return step_; } ///< the next one; so many are done
    [[nodiscard]] std::span<float const> parameters() const { return parameters_; }
    [[nodiscard]] std::span<float const> aggregate() const { return aggregate_; } ///< of the last step
    [[nodiscard]] std::span<tensor_layout const> layout() const { return layout_; }
    [[nodiscard]] std::span<std::size_t const> byzantine() const { return byzantine_; } ///< those still there
    [[nodiscard]] swarm_options const& options() const { return options_; }

protected:
    swarm_state(swarm_options options, std::size_t size, std::vector<tensor_layout> layout)
        : options_(std::move(options)), layout_(std::move(layout)), parameters_(size), aggregate_(size),
          rows_(options_.peers * size), momenta_(options_.worker_momentum ? rows_.size() : 0),
          losses_(options_.peers), weights_(options_.peers, 1.0), byzantine_(options_.byzantine),
          optimizer_state_(start(options_.optimizer, size)) {
        validate(options_);
        std::size_t end = 0; // optimizers step what the layout covers, each tensor by itself
        for (auto const& tensor : layout_) {
            expects(tensor.offset == end && tensor.size <= size - end, "the tensor ", tensor.name, " covers ",
                    tensor.size, " parameters from ", tensor.offset, " on; the one before ends at ", end, " of ", size);
            end += tensor.size;
        }
        expects(end == size, "the tensors of the layout cover ", end, " of ", size, " parameters");
        std::sort(byzantine_.begin(), byzantine_.end());
    }

    [[nodiscard]] seed root() const { return {options_.seed, 0}; }
    [[nodiscard]] std::span<float> row(std::size_t peer) {
        return std::span(rows_).subspan(peer * parameters_.size(), parameters_.size());
    }
    [[nodiscard]] matrix_view<float const> rows() const {
        return {rows_.data(), options_.peers, parameters_.size()};
    }
    [[nodiscard]] bool is_byzantine(std::size_t peer) const {
        return std::binary_search(byzantine_.begin(), byzantine_.end(), peer);
    }
    [[nodiscard]] std::vector<std::size_t> alive() const {
        std::vector<std::size_t> peers;
        for (std::size_t peer = 0; peer < options_.peers; ++peer)
            if (weights_[peer] != 0) peers.push_back(peer);
        return peers;
    }
    [[nodiscard]] seed gradient_seed(std::size_t peer) const {
        return derive(root(), "gradient", {step_, peer});
    }

    /// What an honest peer does with its gradient before it sends it.
    void prepare(std::size_t peer) {
        std::span<float> const gradient = row(peer);
        clip(gradient);
        if (options_.worker_momentum)
            options_.worker_momentum->step(
                std::span(momenta_).subspan(peer * parameters_.size(), parameters_.size()), gradient);
    }

    void clip(std::span<float> gradient) const {
        if (!options_.clip_gradient) return;
        float const longest = *options_.clip_gradient;
        double const length = norm(gradient);
        if (length > longest) // nor is a NaN shortened
            for (float& g : gradient) g = static_cast<float>(g * (longest / length));
    }

    /// The end of a step: moves the parameters, removes attackers, completes the report.
    void finish(step_report& report, std::span<std::size_t const> honest,
                std::span<std::size_t const> attacking, std::size_t threads) {
        for (std::size_t const peer : honest) report.loss += losses_[peer];
        report.loss /= double(honest.size());
        report.learning_rate_factor = factor_at(options_.schedule, step_);
        report.aggregate_norm = norm(aggregate_);
        btard::step(options_.optimizer, optimizer_state_, layout_, aggregate_, parameters_,
                    report.learning_rate_factor, threads);
        report.attacking = attacking.size();
        if (options_.bans == bans::simulated) remove_some(attacking, report.banned);
        report.honest = honest.size();
        report.byzantine = byzantine_.size();
        ++step_;
    }

    swarm_options options_;
    std::vector<tensor_layout> layout_;
    std::vector<float> parameters_;
    std::vector<float> aggregate_;       // of the last step: v0 for rules that start at what is given
    std::vector<float> rows_;            // (peers, size) what each peer sends
    std::vector<float> momenta_;         // (peers, size) m of each peer; empty without worker momentum
    std::vector<double> losses_;         // (peers)
    std::vector<double> weights_;        // (peers) 1, or 0 for those removed
    std::vector<std::size_t> byzantine_; // those still there, in ascending order
    optimizer_state optimizer_state_;
    std::size_t step_ = 0;

private:
    void remove_some(std::span<std::size_t const> attacking, std::vector<std::size_t>& removed) {
        for (std::size_t const peer : attacking) {
            random_stream coin(derive(root(), "ban", {step_, peer}));
            if (coin.uniform() >= options_.check_probability()) continue;
            removed.push_back(peer);
            std::erase(byzantine_, peer);
            weights_[peer] = 0;
        }
    }
};

} // namespace btard::detail
