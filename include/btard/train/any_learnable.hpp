// btard/train/any_learnable.hpp: something to train, chosen at run time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/describe.hpp>
#include <btard/train/learnable.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace btard {

/// Holds any learnable by value and is one itself: a copy copies what is inside.
///
/// For programs that choose at run time, and for those that keep a heavy library (LibTorch) out of the file
/// that trains: only the one that makes the task needs its headers.
class any_learnable {
public:
    template <class L>
        requires(!std::same_as<L, any_learnable> && learnable<L>) // in this order: the other one asks itself
    any_learnable(L task) : task_(std::make_unique<model<L>>(std::move(task))) {}

    any_learnable(any_learnable const& other) : task_(other.task_->clone()) {}
    any_learnable(any_learnable&&) noexcept = default;
    any_learnable& operator=(any_learnable const& other) {
        task_ = other.task_->clone();
        return *this;
    }
    any_learnable& operator=(any_learnable&&) noexcept = default;
    ~any_learnable() = default;

    void initialize(seed from, std::span<float> out) { task_->initialize(from, out); }
    double gradient(std::span<float const> parameters, seed from, labels_hook labels, std::span<float> out) {
        return task_->gradient(parameters, from, labels, out);
    }
    double gradient_for(std::size_t peer, std::span<float const> parameters, seed from, labels_hook labels,
                        std::span<float> out) {
        return task_->gradient_for(peer, parameters, from, labels, out);
    }
    double evaluate(std::span<float const> parameters) { return task_->evaluate(parameters); }
    evaluation measure(std::span<float const> parameters) { return task_->measure(parameters); }

    void validate() const { task_->validate(); }
    [[nodiscard]] std::size_t size() const { return task_->size(); }
    [[nodiscard]] std::span<tensor_layout const> layout() const { return task_->layout(); }
    [[nodiscard]] bool labelled() const { return task_->labelled(); }

private:
    struct interface {
        virtual ~interface() = default;
        virtual std::unique_ptr<interface> clone() const = 0;
        virtual void initialize(seed, std::span<float>) = 0;
        virtual double gradient(std::span<float const>, seed, labels_hook, std::span<float>) = 0;
        virtual double gradient_for(std::size_t, std::span<float const>, seed, labels_hook,
                                    std::span<float>) = 0;
        virtual double evaluate(std::span<float const>) = 0;
        virtual evaluation measure(std::span<float const>) = 0;
        virtual void validate() const = 0;
        virtual std::size_t size() const = 0;
        virtual std::span<tensor_layout const> layout() const = 0;
        virtual bool labelled() const = 0;
    };

    template <class L>
    struct model final : interface {
        explicit model(L held) : task(std::move(held)), tensors(layout_of(task)) {}
        std::unique_ptr<interface> clone() const override { return std::make_unique<model>(task); }
        void initialize(seed from, std::span<float> out) override { task.initialize(from, out); }
        double gradient(std::span<float const> parameters, seed from, labels_hook labels,
                        std::span<float> out) override {
            return task.gradient(parameters, from, labels, out);
        }
        double gradient_for(std::size_t peer, std::span<float const> parameters, seed from,
                            labels_hook labels, std::span<float> out) override {
            return btard::gradient_for(task, peer, parameters, from, labels, out);
        }
        double evaluate(std::span<float const> parameters) override { return task.evaluate(parameters); }
        evaluation measure(std::span<float const> parameters) override {
            return btard::measure(task, parameters);
        }
        void validate() const override { btard::validate(task); }
        std::size_t size() const override { return task.size(); }
        std::span<tensor_layout const> layout() const override { return tensors; }
        bool labelled() const override { return task.labelled(); }

        L task;
        std::vector<tensor_layout> tensors;
    };

    std::unique_ptr<interface> task_; // never null, except after a move
};

static_assert(measurable<any_learnable> && divided<any_learnable>);

} // namespace btard
