// tests/torch/learner_test.cpp
// SPDX-License-Identifier: Apache-2.0
#include <btard/torch/learner.hpp>
#include <btard/torch/models/albert.hpp>
#include <btard/train/any_learnable.hpp>

#include <doctest/doctest.h>
#include <torch/torch.h>

#include <cmath>
#include <limits>
#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

using namespace btard;

namespace {

// [albert]
masked_text sentences() {
    std::string bytes;
    for (int k = 0; bytes.size() < 8'000; ++k)
        bytes += "And God said, Let there be light " + std::to_string(k * k) + ". ";
    return masked_text(byte_text::from_string(bytes), {.sequence = 32, .batch = 4, .evaluation = 8});
}

albert_learner nano() { return {albert_by_name("nano"), sentences()}; }
// [albert]

struct result {
    double loss;
    std::vector<float> gradient;
    friend bool operator==(result const&, result const&) = default;
    friend std::ostream& operator<<(std::ostream& out, result const& r) { return out << "loss " << r.loss; }
};

result gradient_of(auto& task, std::vector<float> const& parameters, seed from, labels_hook labels = {}) {
    std::vector<float> out(task.size());
    double const loss = task.gradient(parameters, from, labels, out);
    return {loss, out};
}

std::vector<float> initial(auto& task, seed from = {1, 2}) {
    std::vector<float> parameters(task.size());
    task.initialize(from, parameters);
    return parameters;
}

/// A model and samples as a user would write them: one weight that should become 3.
struct slope : torch::nn::Module {
    struct config {};
    torch::Tensor weight = register_parameter("weight", torch::zeros({1}));
    explicit slope(config const&) {}
    void initialize(seed) {
        torch::NoGradGuard const constants;
        weight.fill_(1);
    }
    torch::Tensor loss(std::vector<float> const& x) const {
        return (weight * torch::tensor(x) - 3 * torch::tensor(x)).square().mean();
    }
};
struct points {
    using batch = std::vector<float>;
    std::vector<batch> fixed{{1, 2}, {3, 4}};
    batch draw(seed from, labels_hook) const { return {float(from.key), float(from.stream)}; }
    std::span<batch const> held_out() const { return fixed; }
};

} // namespace

TEST_CASE("module_learner: a fresh ALBERT is as good as guessing, on batches and held out") {
    auto task = nano();
    auto const parameters = initial(task);
    CHECK(gradient_of(task, parameters, {3, 4}).loss == doctest::Approx(std::log(261)).epsilon(0.05));
    CHECK(task.evaluate(parameters) == doctest::Approx(std::log(261)).epsilon(0.05));
    CHECK(task.labelled());
    CHECK(task.layout().front().name == "albert.embeddings.word_embeddings.weight");
    CHECK(task.layout().back().offset + task.layout().back().size == task.size());
}

TEST_CASE("module_learner: the gradient is a function of parameters and seed, whatever was called before") {
    auto task = nano();
    auto const parameters = initial(task), others = initial(task, {9, 9});
    auto const first = gradient_of(task, parameters, {3, 4});
    double const held_out = task.evaluate(parameters);
    CHECK(gradient_of(task, parameters, {3, 5}) != first);
    CHECK(gradient_of(task, others, {3, 4}) != first);
    CHECK(task.evaluate(others) != held_out);
    CHECK(gradient_of(task, parameters, {3, 4}) == first);
    CHECK(task.evaluate(parameters) == held_out);
    CHECK(initial(task) == parameters);
}

TEST_CASE("module_learner: copies in threads of their own give the same bits") {
    auto task = nano();
    auto const parameters = initial(task);
    std::vector<result> expected;
    for (std::uint64_t i = 0; i < 8; ++i) expected.push_back(gradient_of(task, parameters, {7, i}));
    std::vector<albert_learner> copies(3, task);
    std::vector<std::vector<result>> seen(3);
    std::vector<double> held_out(3);
    {
        std::vector<std::jthread> threads;
        for (std::size_t t = 0; t < 3; ++t) {
            threads.emplace_back([&, t] {
                for (std::uint64_t i = 0; i < 8; ++i)
                    seen[t].push_back(gradient_of(copies[t], parameters, {7, i}));
                held_out[t] = copies[t].evaluate(parameters);
            });
        }
    }
    for (auto const& results : seen) CHECK((results == expected));
    for (double const loss : held_out) CHECK(loss == task.evaluate(parameters));
}

TEST_CASE("module_learner: a copy is deep, also by assignment, and outlives the original") {
    auto first = std::make_unique<albert_learner>(nano());
    auto const parameters = initial(*first);
    auto const expected = gradient_of(*first, parameters, {3, 4});
    albert_learner second = *first, third = nano();
    CHECK(second.model().parameters()[0].data_ptr() != first->model().parameters()[0].data_ptr());
    third = *first;
    albert_learner const fourth = std::move(third);
    first.reset();
    CHECK(gradient_of(second, parameters, {3, 4}) == expected);
    auto fifth = fourth;
    CHECK(gradient_of(fifth, parameters, {3, 4}) == expected);
}

TEST_CASE("module_learner: a hook on the labels changes what is learnt") {
    auto task = nano();
    auto const parameters = initial(task);
    auto const honest = gradient_of(task, parameters, {3, 4});
    std::size_t seen = 0;
    auto flip = [&](std::span<std::int64_t> labels, std::int64_t classes) {
        seen = labels.size();
        for (auto& label : labels) label = (label + 1) % classes;
    };
    auto const flipped = gradient_of(task, parameters, {3, 4}, flip);
    CHECK(seen == 4 * 5); // 30 bytes * 0.15, rounded
    CHECK(flipped.loss != honest.loss);
    CHECK(flipped.gradient != honest.gradient);
    CHECK(gradient_of(task, parameters, {3, 4}) == honest);
}

TEST_CASE(
    "module_learner: parameters that are not finite are data: the loss says so, and the next call is sound") {
    auto task = nano();
    auto const parameters = initial(task);
    auto const expected = gradient_of(task, parameters, {3, 4});
    for (float const bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 1e38f}) {
        std::vector<float> const poisoned(task.size(), bad);
        auto const seen = gradient_of(task, poisoned, {3, 4});
        CHECK(!std::isfinite(seen.loss));
        CHECK(!std::isfinite(task.evaluate(poisoned)));
    }
    CHECK(gradient_of(task, parameters, {3, 4}) == expected);
}

TEST_CASE("module_learner: steps against the gradient lower the held-out loss") {
    auto task = nano();
    auto parameters = initial(task);
    double const before = task.evaluate(parameters);
    for (std::uint64_t step = 0; step < 40; ++step) {
        auto const now = gradient_of(task, parameters, {11, step});
        for (std::size_t k = 0; k < parameters.size(); ++k) parameters[k] -= 0.2f * now.gradient[k];
    }
    CHECK(task.evaluate(parameters) < before - 1.5);
}

TEST_CASE("module_learner: LibTorch is left as it was, and may be in any mode") {
    std::thread([] { // numbers of threads belong to the thread
        auto task = nano();
        auto const parameters = initial(task);
        auto const expected = gradient_of(task, parameters, {3, 4});
        at::set_num_threads(2);
        auto const generator = at::detail::getDefaultCPUGenerator().get_state().clone();
        {
            torch::NoGradGuard const constants;
            CHECK(gradient_of(task, parameters, {3, 4}) == expected);
            CHECK(!torch::GradMode::is_enabled());
        }
        {
            c10::InferenceMode const inference;
            CHECK(gradient_of(task, parameters, {3, 4}) == expected);
            auto copy = task;
            CHECK(gradient_of(copy, parameters, {3, 4}) == expected);
            CHECK(c10::InferenceMode::is_enabled());
        }
        (void)task.evaluate(parameters);
        CHECK(torch::GradMode::is_enabled());
        CHECK(at::get_num_threads() == 2);
        CHECK(torch::equal(at::detail::getDefaultCPUGenerator().get_state(), generator));
        at::set_num_threads(1);
    })
        .join();
}

TEST_CASE("module_learner: vectors of the wrong length are mistakes") {
    auto task = nano();
    std::vector<float> right(task.size()), wrong(task.size() - 1);
    CHECK_THROWS_AS(task.initialize({}, wrong), contract_violation);
    CHECK_THROWS_AS((void)task.gradient(wrong, {}, {}, right), contract_violation);
    CHECK_THROWS_AS((void)task.gradient(right, {}, {}, wrong), contract_violation);
    CHECK_THROWS_AS((void)task.evaluate(wrong), contract_violation);
}

TEST_CASE("module_learner: trains a model and samples of one's own") {
    module_learner<slope, points> task{{}, points{}};
    auto parameters = initial(task);
    CHECK(parameters == std::vector<float>{1});
    auto const seen = gradient_of(task, parameters, {1, 2});
    CHECK(seen.loss == doctest::Approx(4 * (1 + 4) / 2.));
    CHECK(seen.gradient[0] == doctest::Approx(-4 * (1 + 4) / 2.));
    CHECK(task.evaluate(parameters) == doctest::Approx(4 * (1 + 4 + 9 + 16) / 4.));
}

TEST_CASE("any_learnable: holds a learner, and copies are deep") {
    auto task = nano();
    auto const parameters = initial(task);
    any_learnable held = task;
    any_learnable copy = held;
    auto const expected = gradient_of(task, parameters, {3, 4});
    CHECK(gradient_of(held, parameters, {3, 4}) == expected);
    CHECK(gradient_of(copy, parameters, {3, 4}) == expected);
    CHECK(copy.evaluate(parameters) == task.evaluate(parameters));
    CHECK(copy.layout().size() == task.layout().size());
}
