// btard/torch/learner.hpp: a LibTorch module and a source of samples, as something to train.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/data/concept.hpp>
#include <btard/torch/classifier.hpp>
#include <btard/torch/module.hpp>
#include <btard/torch/one_thread.hpp>
#include <btard/train/learnable.hpp>

#include <torch/nn/module.h>
#include <torch/types.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>

namespace btard {

/// A LibTorch module that can be trained on batches of one kind.
///
/// Semantics: two modules of equal configuration compute the same; `initialize` sets every parameter from the
/// seed; nothing but the parameters changes from call to call (no dropout, no running statistics).
template <class M, class Batch>
concept torch_model = std::derived_from<M, torch::nn::Module> &&
    std::copy_constructible<typename M::config> && std::constructible_from<M, typename M::config const&> &&
    requires(M& model, seed from, Batch const& batch) {
    model.initialize(from);
    { model.loss(batch) } -> std::same_as<torch::Tensor>; // a scalar
};

/// Trains a module on samples: gradient = f(parameters, seed), the same bits in every thread.
///
/// Each call puts the parameters into the module and works in the calling thread alone (`one_thread`).  A
/// copy makes a module of its own and shares the samples.  LibTorch's own state (its random numbers, its
/// thread numbers, whether gradients are recorded) is left as it was.
template <class Model, sample_source Samples>
    requires torch_model<Model, typename Samples::batch>
class module_learner {
public:
    module_learner(typename Model::config config, Samples samples)
        : config_(std::move(config)), samples_(std::move(samples)), net_(make(config_)) {}

    module_learner(module_learner const& other) : module_learner(other.config_, other.samples_) {}
    module_learner(module_learner&&) noexcept = default;
    module_learner& operator=(module_learner const& other) { return *this = module_learner(other); }
    module_learner& operator=(module_learner&&) noexcept = default;
    ~module_learner() = default;

    void initialize(seed from, std::span<float> out) {
        expects(out.size() == size(), "out has ", out.size(), " elements, the model ", size());
        net_->model.initialize(from);
        std::ranges::copy(net_->view.parameters(), out.begin());
    }

    /// The loss of the batch that `from` names, and its gradient.  Numbers that are not finite go through as
    /// data.
    double gradient(std::span<float const> parameters, seed from, labels_hook labels, std::span<float> out) {
        return descend(samples_.draw(from, labels), parameters, out);
    }

    /// The same on a batch of one peer, where the samples are divided among the peers.
    double gradient_for(std::size_t peer, std::span<float const> parameters, seed from, labels_hook labels,
                        std::span<float> out)
        requires divided_source<Samples>
    {
        return descend(samples_.draw_for(peer, from, labels), parameters, out);
    }

    /// The mean loss of the held-out batches.
    double evaluate(std::span<float const> parameters) { return measure(parameters).loss; }

    /// The same, and the accuracy where the model is a classifier.
    evaluation measure(std::span<float const> parameters) {
        one_thread const alone;
        torch::NoGradGuard const constants;
        set(parameters);
        auto const batches = samples_.held_out();
        if constexpr (calibrated_classifier<Model, typename Samples::batch>) {
            static_assert(calibrated_source<Samples>, "this model needs samples that have a calibration()");
            auto const statistics = net_->model.statistics(samples_.calibration());
            return judge(batches, [&](auto const& batch) { return net_->model.logits(batch, statistics); });
        } else if constexpr (classifier<Model, typename Samples::batch>) {
            return judge(batches, [&](auto const& batch) { return net_->model.logits(batch); });
        } else {
            double sum = 0;
            for (auto const& batch : batches) sum += net_->model.loss(batch).template item<double>();
            return {.loss = sum / static_cast<double>(batches.size())};
        }
    }

    [[nodiscard]] std::size_t size() const { return net_->view.size(); }
    [[nodiscard]] std::span<tensor_layout const> layout() const { return net_->view.layout(); }
    [[nodiscard]] bool labelled() const { return true; }

    [[nodiscard]] Samples const& samples() const { return samples_; }
    [[nodiscard]] Model const& model() const { return net_->model; }

private:
    double descend(typename Samples::batch const& batch, std::span<float const> parameters,
                   std::span<float> out) {
        expects(out.size() == size(), "out has ", out.size(), " elements, the model ", size());
        one_thread const alone;
        c10::InferenceMode const recording(false); // whatever the caller has switched on or off
        set(parameters);
        net_->view.clear_gradients();
        torch::Tensor const loss = net_->model.loss(batch);
        loss.backward();
        std::ranges::copy(net_->view.gradients(), out.begin());
        return loss.template item<double>();
    }

    void set(std::span<float const> parameters) {
        expects(parameters.size() == size(), parameters.size(), " parameters for a model that has ", size());
        std::ranges::copy(parameters, net_->view.parameters().begin());
    }

    struct network {
        Model model;
        flat_module view;
        explicit network(typename Model::config const& config) : model(config), view(model) {}
    };
    static std::unique_ptr<network> make(typename Model::config const& config) {
        c10::InferenceMode const recording(false); // a tensor made in inference mode never has a gradient
        return std::make_unique<network>(config);
    }

    typename Model::config config_;
    Samples samples_;
    std::unique_ptr<network> net_; // on the heap: the view and the model must not move
};

} // namespace btard
