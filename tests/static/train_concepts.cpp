// tests/static/train_concepts.cpp: what can be learned, and what can not.
// SPDX-License-Identifier: Apache-2.0
#include <btard/train/any_learnable.hpp>
#include <btard/train/learnable.hpp>
#include <btard/train/quadratic.hpp>

#include <memory>
#include <span>
#include <vector>

using namespace btard;

static_assert(learnable<quadratic> && learnable<any_learnable>);
static_assert(!learnable<int> && !learnable<labels_hook>);

struct task_of_one {
    std::size_t size() const;
    std::vector<tensor_layout> layout() const;
    bool labelled() const;
    void initialize(seed, std::span<float>);
    double gradient(std::span<float const>, seed, labels_hook, std::span<float>);
    double evaluate(std::span<float const>);
};
static_assert(learnable<task_of_one>);

struct says_nothing_of_labels : task_of_one {
    int labelled() const;
};
static_assert(!learnable<says_nothing_of_labels>);
struct returns_no_loss : task_of_one {
    void gradient(std::span<float const>, seed, labels_hook, std::span<float>);
};
static_assert(!learnable<returns_no_loss>);
struct ignores_the_seed : task_of_one {
    double gradient(std::span<float const>, labels_hook, std::span<float>);
};
static_assert(!learnable<ignores_the_seed>);
struct task_not_to_be_copied : task_of_one {
    std::unique_ptr<int> state;
};
static_assert(!learnable<task_not_to_be_copied>); // a swarm makes one for each thread
