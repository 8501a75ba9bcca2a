// tests/node/gradient_thread_test.cpp: gradients of several microbatches, and a thread that computes them in order.
// SPDX-License-Identifier: Apache-2.0
#include <btard/node/gradient_thread.hpp>
#include <btard/train/quadratic.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <span>
#include <stdexcept>
#include <vector>

using namespace btard;

namespace {

std::shared_ptr<std::vector<float> const> ones(std::size_t size) {
    return std::make_shared<std::vector<float> const>(size, 1.0f);
}

/// Fails, as a device does that is gone.
struct broken {
    [[nodiscard]] std::size_t size() const { return 2; }
    [[nodiscard]] std::vector<tensor_layout> layout() const { return {{"x", 0, {2}, 2, true}}; }
    [[nodiscard]] bool labelled() const { return false; }
    void initialize(seed, std::span<float>) {}
    double gradient(std::span<float const>, seed, labels_hook, std::span<float>) {
        throw std::runtime_error("no device");
    }
    double evaluate(std::span<float const>) { return 0; }
};

} // namespace

TEST_CASE("one microbatch is the gradient itself, several are their mean, the same bits each time") {
    quadratic task{.dimension = 33, .noise = 0.5f};
    std::vector<float> one(33), mean(33), again(33), first(33), second(33);
    gradient_job job{.from = {7, 9}, .microbatches = 1, .at = ones(33)};
    double const loss = accumulated_gradient(task, job, one);
    CHECK(loss == task.gradient(*job.at, {7, 9}, {}, first));
    CHECK(one == first);
    job.microbatches = 2;
    (void)accumulated_gradient(task, job, mean);
    (void)accumulated_gradient(task, job, again);
    CHECK(mean == again);
    (void)task.gradient(*job.at, microbatch_seed({7, 9}, 1), {}, second);
    CHECK(first != second);
    for (std::size_t k = 0; k < 33; ++k) CHECK(mean[k] == (first[k] + second[k]) / 2);
}

TEST_CASE("the urgent job goes first, forgotten steps are not computed, and all ends with the thread") {
    std::mutex mutex;
    std::vector<std::uint64_t> order;
    std::promise<void> begun, go, done;
    auto const released = go.get_future().share();
    {
        gradient_thread thread(quadratic{.dimension = 8}, [&](gradient_result one) {
            if (one.job.step == 1) begun.set_value(), released.wait();
            std::lock_guard const lock(mutex);
            order.push_back(one.job.step);
            if (one.job.step == 5) done.set_value();
        });
        thread.ask({.step = 1, .at = ones(8)});
        begun.get_future().wait();
        thread.ask({.step = 2, .at = ones(8)});
        thread.ask({.step = 5, .at = ones(8)});
        thread.ask({.step = 4, .at = ones(8), .use = gradient_use::own});
        thread.forget_before(4);
        go.set_value();
        done.get_future().wait();
    }
    CHECK(order == std::vector<std::uint64_t>{1, 4, 5});
}

namespace {

/// Says when it begins a microbatch, and waits for leave to end it.
struct watched {
    struct shared {
        std::mutex mutex = {};
        std::condition_variable changed = {};
        std::vector<std::uint64_t> begun = {}; ///< the seeds
        std::size_t may_end = 0;

        void wait_for(std::size_t count) {
            std::unique_lock lock(mutex);
            changed.wait(lock, [&] { return begun.size() >= count; });
        }
        void let_end(std::size_t count) {
            std::lock_guard const lock(mutex);
            may_end += count;
            changed.notify_all();
        }
    };
    std::shared_ptr<shared> with = std::make_shared<shared>();

    [[nodiscard]] std::size_t size() const { return 2; }
    [[nodiscard]] std::vector<tensor_layout> layout() const { return {{"x", 0, {2}, 2, true}}; }
    [[nodiscard]] bool labelled() const { return false; }
    void initialize(seed, std::span<float>) {}
    double gradient(std::span<float const>, seed from, labels_hook, std::span<float> out) {
        std::unique_lock lock(with->mutex);
        with->begun.push_back(from.key);
        with->changed.notify_all();
        std::size_t const mine = with->begun.size();
        with->changed.wait(lock, [&] { return with->may_end >= mine; });
        std::ranges::fill(out, static_cast<float>(from.key));
        return 0;
    }
    double evaluate(std::span<float const>) { return 0; }
};

struct asked_thread {
    watched task = {};
    std::mutex mutex = {};
    std::condition_variable changed = {};
    std::vector<std::uint64_t> told = {}; ///< the steps
    gradient_thread thread{task, [this](gradient_result one) {
                               std::lock_guard const lock(mutex);
                               told.push_back(one.job.step);
                               changed.notify_all();
                           }};

    void ask(std::uint64_t step, gradient_use use, std::uint32_t microbatches = 1) {
        thread.ask({.step = step, .from = {step, 0}, .microbatches = microbatches, .at = ones(2), .use = use});
    }
    std::vector<std::uint64_t> results(std::size_t count) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return told.size() >= count; });
        return told;
    }
};

} // namespace

TEST_CASE("an early gradient makes way for one that others wait for, and begins anew after it") {
    asked_thread one;
    one.ask(9, gradient_use::early, 2);
    one.task.with->wait_for(1);
    one.ask(4, gradient_use::check);
    one.ask(5, gradient_use::check);
    one.task.with->let_end(9);
    CHECK(one.results(3) == std::vector<std::uint64_t>{4, 5, 9});
    CHECK(one.task.with->begun[1] == 4); // after one of two microbatches
}

TEST_CASE("an early gradient that is wanted now makes way for nobody, at work or waiting") {
    asked_thread at_work;
    at_work.ask(9, gradient_use::early, 2);
    at_work.task.with->wait_for(1);
    at_work.thread.hurry_early();
    at_work.ask(4, gradient_use::check);
    at_work.task.with->let_end(9);
    CHECK(at_work.results(2) == std::vector<std::uint64_t>{9, 4});

    asked_thread waiting;
    waiting.ask(1, gradient_use::check);
    waiting.task.with->wait_for(1);
    waiting.ask(9, gradient_use::early);
    waiting.ask(4, gradient_use::check);
    waiting.thread.hurry_early();
    waiting.ask(5, gradient_use::check);
    waiting.task.with->let_end(9);
    CHECK(waiting.results(4) == std::vector<std::uint64_t>{1, 9, 4, 5});
}

TEST_CASE("an early gradient that is not wanted any more is broken off, and its result is not told") {
    asked_thread one;
    one.ask(9, gradient_use::early, 2);
    one.task.with->wait_for(1);
    one.ask(8, gradient_use::early);
    one.thread.forget_early();
    one.ask(4, gradient_use::own);
    one.task.with->let_end(9);
    CHECK(one.results(1) == std::vector<std::uint64_t>{4});
    CHECK(one.task.with->begun.size() == 2);
}

TEST_CASE("an early gradient that was forgotten at work is not revived when the next one is wanted") {
    asked_thread one;
    one.ask(1, gradient_use::early, 4);
    one.task.with->wait_for(1);
    one.thread.forget_early();
    one.ask(2, gradient_use::early);
    one.thread.hurry_early();
    one.task.with->let_end(9);
    CHECK(one.results(1) == std::vector<std::uint64_t>{2});
    CHECK(one.task.with->begun == std::vector<std::uint64_t>{1, 2});
}

TEST_CASE("a thread that is stopped ends after the microbatch that is at work, whatever waits") {
    watched task;
    std::size_t told = 0;
    {
        gradient_thread thread(task, [&](gradient_result) { ++told; });
        thread.ask({.from = {1, 0}, .microbatches = 5, .at = ones(2), .use = gradient_use::own});
        thread.ask({.from = {2, 0}, .at = ones(2)});
        task.with->wait_for(1);
        CHECK(thread.stop());
        task.with->let_end(9);
    }
    CHECK(task.with->begun == std::vector<std::uint64_t>{1});
    CHECK(told == 0);
    gradient_thread idle(task, [](gradient_result) {});
    CHECK(!idle.stop());
}

TEST_CASE("a task that fails is told, with its words") {
    std::promise<std::string> said;
    gradient_thread thread(broken{}, [&](gradient_result one) { said.set_value(one.failed); });
    thread.ask({.at = ones(2)});
    CHECK(said.get_future().get() == "no device");
}
