// SPDX-License-Identifier: Apache-2.0
#include <btard/core/norm.hpp>
#include <btard/core/policy_text.hpp>
#include <btard/core/random.hpp>
#include <btard/train/lamb.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <vector>

using namespace btard;

namespace {

std::vector<tensor_layout> two_tensors(std::size_t weight, std::size_t bias) {
    return {{"weight", 0, {weight}, weight, true}, {"bias", weight, {bias}, bias, false}};
}
std::vector<float> normal(std::size_t n, std::uint64_t key, double scale = 1) {
    random_stream random({key, 0});
    std::vector<float> values(n);
    for (float& x : values) x = static_cast<float>(scale * random.normal());
    return values;
}
double distance(std::span<float const> a, std::span<float const> b) {
    double sum = 0;
    for (std::size_t k = 0; k < a.size(); ++k) sum += (double{a[k]} - b[k]) * (double{a[k]} - b[k]);
    return std::sqrt(sum);
}

/// The formulas of the paper, in double, one tensor at a time.
struct by_hand {
    std::vector<double> p, m, v;
    int t = 0;

    explicit by_hand(std::vector<float> const& start)
        : p(start.begin(), start.end()), m(p.size()), v(p.size()) {}
    void step(lamb const& o, std::vector<tensor_layout> const& layout, std::vector<float> const& g,
              double factor) {
        ++t;
        for (auto const& tensor : layout) {
            double p_square = 0, u_square = 0;
            std::vector<double> u(tensor.size);
            for (std::size_t j = 0; j < tensor.size; ++j) {
                std::size_t const k = tensor.offset + j;
                double const b1 = o.beta1, b2 = o.beta2;
                m[k] = b1 * m[k] + (1 - b1) * g[k];
                v[k] = b2 * v[k] + (1 - b2) * g[k] * g[k];
                u[j] = m[k] / (1 - std::pow(b1, t)) / (std::sqrt(v[k] / (1 - std::pow(b2, t))) + o.epsilon);
                if (tensor.decays) u[j] += o.weight_decay * p[k];
                p_square += p[k] * p[k];
                u_square += u[j] * u[j];
            }
            double const p_norm = std::min(std::sqrt(p_square), double{o.largest_norm}),
                         u_norm = std::sqrt(u_square);
            double const ratio = p_norm > 0 && u_norm > 0 ? p_norm / u_norm : 1;
            for (std::size_t j = 0; j < tensor.size; ++j)
                p[tensor.offset + j] -= o.learning_rate * factor * ratio * u[j];
        }
    }
};

} // namespace

TEST_CASE("lamb: the same as the formulas of the paper by hand, over fifty steps") {
    auto const layout = two_tensors(300, 20);
    for (lamb const method :
         {lamb{}, lamb{.learning_rate = 0.1f, .beta1 = 0.5f, .beta2 = 0.9f, .weight_decay = 0.3f},
          lamb{.learning_rate = 0.01f, .epsilon = 0.1f, .largest_norm = 3}}) {
        CAPTURE(to_text(method));
        auto parameters = normal(320, 1);
        by_hand expected(parameters);
        auto state = lamb::start(320);
        for (std::size_t step = 0; step < 50; ++step) {
            auto const gradient = normal(320, 100 + step, 0.01 * double(1 + step % 7));
            double const factor = 1 / (1.0 + double(step));
            method.step(state, layout, gradient, parameters, factor, 1);
            expected.step(method, layout, gradient, factor);
        }
        double worst = 0;
        for (std::size_t k = 0; k < 320; ++k)
            worst = std::max(worst, std::abs(parameters[k] - expected.p[k]));
        CHECK(worst < 1e-5);
    }
}

TEST_CASE("lamb: a step is as long as the learning rate times the tensor, whatever the gradient's scale") {
    auto const layout = two_tensors(100, 50);
    for (double const scale : {1e-3, 1.0, 1e6}) {
        auto const before = normal(150, 1);
        auto after = before;
        auto state = lamb::start(150);
        lamb{.learning_rate = 0.01f}.step(state, layout, normal(150, 2, scale), after, 1, 1);
        for (auto const& tensor : layout) {
            auto const was = std::span(before).subspan(tensor.offset, tensor.size);
            auto const is = std::span(after).subspan(tensor.offset, tensor.size);
            CHECK(distance(was, is) == doctest::Approx(0.01 * norm(was)).epsilon(1e-4));
        }
    }
}

TEST_CASE("lamb: weights decay, biases do not") {
    auto const layout = two_tensors(10, 10);
    std::vector<float> parameters(20, 1.0f);
    std::vector<float> const gradient(20);
    auto state = lamb::start(20);
    lamb{.learning_rate = 0.1f}.step(state, layout, gradient, parameters, 1, 1);
    CHECK(parameters[0] == doctest::Approx(0.9)); // the decay is all there is, so the step points to zero
    CHECK(parameters[19] == 1);
}

TEST_CASE("lamb: a tensor of zeros moves all the same") {
    auto const layout = two_tensors(4, 4);
    std::vector<float> parameters(8);
    auto state = lamb::start(8);
    lamb{.learning_rate = 0.1f}.step(state, layout, std::vector<float>(8, 5.0f), parameters, 1, 1);
    for (float const p : parameters) CHECK(p == doctest::Approx(-0.1));
}

TEST_CASE("lamb: the same bits for any number of threads") {
    auto const layout = two_tensors(100'000, 40'001);
    auto const after = [&](std::size_t threads) {
        auto parameters = normal(140'001, 1);
        auto state = lamb::start(140'001);
        for (std::uint64_t step = 0; step < 3; ++step)
            lamb{}.step(state, layout, normal(140'001, 10 + step), parameters, 1, threads);
        return parameters;
    };
    auto const one = after(1);
    CHECK(after(2) == one);
    CHECK(after(3) == one);
    CHECK(after(8) == one);
}

TEST_CASE("lamb: a gradient that is not finite spoils its own tensor and nothing else, and throws nothing") {
    auto const layout = two_tensors(4, 4);
    std::vector<float> parameters(8, 1.0f), gradient(8, 1.0f);
    gradient[0] = std::numeric_limits<float>::infinity();
    auto state = lamb::start(8);
    lamb{}.step(state, layout, gradient, parameters, 1, 1);
    CHECK(std::isnan(parameters[0]));
    for (std::size_t k = 4; k < 8; ++k) CHECK(std::isfinite(parameters[k]));
}

TEST_CASE("lamb: lengths that differ, and values that make no sense, are refused") {
    std::vector<float> parameters(3);
    auto state = lamb::start(2);
    CHECK_THROWS_WITH_AS(lamb{}.step(state, {}, std::vector<float>(3), parameters, 1, 1),
                         "the state is for 2 parameters, there are 3", contract_violation);
    CHECK_THROWS_WITH_AS(validate(lamb{.beta1 = 1}), "beta1 is 1, it must be in [0, 1)", contract_violation);
    CHECK_THROWS_AS(validate(lamb{.beta2 = -0.1f}), contract_violation);
    CHECK_THROWS_AS(validate(lamb{.largest_norm = 0}), contract_violation);
    CHECK_THROWS_AS(validate(lamb{.epsilon = std::nanf("")}), contract_violation);
    CHECK_THROWS_AS(validate(lamb{.epsilon = 0}), contract_violation);
}

TEST_CASE("lamb: its text") {
    CHECK(to_text(lamb{}) == "lamb{.learning_rate = 0.00176, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-06, "
                             ".weight_decay = 0.01, .largest_norm = 10000}");
    CHECK(parse<lamb>(to_text(lamb{.learning_rate = 0.02f})) == lamb{.learning_rate = 0.02f});
}
