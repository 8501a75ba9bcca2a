// tests/node/gradient_thread_test.cpp: gradients of several microbatches, and a thread that computes them in order.
// SPDX-License-Identifier: Apache-2.0
#include <btard/node/gradient_thread.hpp>
#include <btard/train/quadratic.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
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
        thread.ask({.step = 4, .at = ones(8), .urgent = true});
        thread.forget_before(4);
        go.set_value();
        done.get_future().wait();
    }
    CHECK(order == std::vector<std::uint64_t>{1, 4, 5});
}

TEST_CASE("a task that fails is told, with its words") {
    std::promise<std::string> said;
    gradient_thread thread(broken{}, [&](gradient_result one) { said.set_value(one.failed); });
    thread.ask({.at = ones(2)});
    CHECK(said.get_future().get() == "no device");
}
