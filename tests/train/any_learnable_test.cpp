// tests/train/any_learnable_test.cpp
// SPDX-License-Identifier: Apache-2.0
#include <btard/core/describe.hpp>
#include <btard/train/any_learnable.hpp>
#include <btard/train/quadratic.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

using namespace btard;

namespace {

/// A task that counts its calls in itself, and its living copies outside.
struct counting_task {
    std::shared_ptr<int> alive = std::make_shared<int>(0);
    double offset = 0;
    int calls = 0;
    std::vector<tensor_layout> tensors{{.name = "w", .shape = {2}, .size = 2, .decays = false}};

    std::size_t size() const { return 2; }
    std::span<tensor_layout const> layout() const { return tensors; }
    bool labelled() const { return true; }
    void initialize(seed from, std::span<float> out) {
        out[0] = float(from.key), out[1] = float(from.stream);
    }
    double gradient(std::span<float const> p, seed from, labels_hook labels, std::span<float> out) {
        std::int64_t label = std::int64_t(from.key);
        labels({&label, 1}, 10);
        out[0] = p[1], out[1] = float(label);
        return offset + ++calls;
    }
    double evaluate(std::span<float const> p) { return offset + p[0]; }
};

/// A task that knows its accuracy, and whose peers have samples of their own.
struct peer_task : counting_task {
    evaluation measure(std::span<float const> p) { return {.loss = evaluate(p), .accuracy = 0.25}; }
    double gradient_for(std::size_t peer, std::span<float const> p, seed from, labels_hook labels,
                        std::span<float> out) {
        return double(peer) + gradient(p, from, labels, out);
    }
};

} // namespace

TEST_CASE("any_learnable: does what the task inside does") {
    any_learnable task = counting_task{.offset = 10};
    std::vector<float> p(2), out(2);
    task.initialize(seed{3, 4}, p);
    CHECK(p == std::vector<float>{3, 4});
    auto hook = [](std::span<std::int64_t> labels, std::int64_t classes) { labels[0] += classes; };
    CHECK(task.gradient(p, seed{7, 0}, hook, out) == 11);
    CHECK(out == std::vector<float>{4, 17});
    CHECK(task.evaluate(p) == 13);
    CHECK(task.size() == 2);
    CHECK(task.labelled());
    REQUIRE(task.layout().size() == 1);
    CHECK(task.layout()[0].name == "w");
}

TEST_CASE("any_learnable: a copy is a task of its own") {
    any_learnable first = counting_task{};
    std::vector<float> p(2), out(2);
    CHECK(first.gradient(p, {}, {}, out) == 1);
    any_learnable second = first;
    CHECK(first.gradient(p, {}, {}, out) == 2);
    CHECK(first.gradient(p, {}, {}, out) == 3);
    CHECK(second.gradient(p, {}, {}, out) == 2);
    second = first;
    CHECK(second.gradient(p, {}, {}, out) == 4);
    any_learnable const third = std::move(second);
    CHECK(third.size() == 2);
}

TEST_CASE("any_learnable: what is held goes with the holder") {
    auto const alive = std::make_shared<int>(0);
    {
        any_learnable const first = counting_task{.alive = alive};
        any_learnable const second = first; // copying does not wrap twice
        CHECK(alive.use_count() == 3);
    }
    CHECK(alive.use_count() == 1);
}

TEST_CASE("any_learnable: knows the accuracy, and the samples of a peer, where the task inside does") {
    std::vector<float> const p{5, 6};
    std::vector<float> out(2);
    any_learnable plain = counting_task{};
    CHECK((plain.measure(p) == evaluation{.loss = 5}));
    CHECK(plain.gradient_for(7, p, {}, {}, out) == 1);
    any_learnable task = peer_task{};
    CHECK((task.measure(p) == evaluation{.loss = 5, .accuracy = 0.25}));
    CHECK(task.gradient_for(7, p, {}, {}, out) == 8);
    CHECK(task.gradient(p, {}, {}, out) == 2);
}

TEST_CASE("any_learnable: what the task inside would refuse is refused") {
    CHECK_THROWS_AS(validate(any_learnable{quadratic{.condition = 0}}), contract_violation);
    CHECK_NOTHROW(validate(any_learnable{quadratic{}}));
}
