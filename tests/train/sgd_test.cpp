// SPDX-License-Identifier: Apache-2.0
#include <btard/core/policy_text.hpp>
#include <btard/core/random.hpp>
#include <btard/train/sgd.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <vector>

using namespace btard;

namespace {
/// The definition, in double, from beginning to end.
std::vector<double> trained_in_double(std::vector<float> const& start,
                                      std::vector<std::vector<float>> const& gradients,
                                      std::vector<bool> const& decays, double rate, double momentum,
                                      bool nesterov, double decay) {
    std::vector<double> p(start.begin(), start.end()), velocity(start.size());
    for (auto const& gradient : gradients)
        for (std::size_t k = 0; k < p.size(); ++k) {
            double const g = gradient[k] + (decays[k] ? decay * p[k] : 0);
            velocity[k] = momentum * velocity[k] + g;
            p[k] -= rate * (nesterov ? g + momentum * velocity[k] : velocity[k]);
        }
    return p;
}
} // namespace

TEST_CASE("sgd: the first step is minus the rate times the gradient") {
    std::vector<float> parameters{1, 2, 3};
    std::vector<float> const gradient{1, 0, -2};
    auto state = sgd{}.start(3);
    sgd{.learning_rate = 0.5f}.step(state, {}, gradient, parameters, 1, 1);
    CHECK(parameters == std::vector<float>{0.5f, 2, 4});
    sgd{.learning_rate = 0.5f}.step(state, {}, gradient, parameters, 0.5, 1);
    CHECK(parameters == std::vector<float>{0.25f, 2, 4.5f});
}

TEST_CASE("sgd: the same bits for any number of threads, each element rounded once") {
    std::size_t const n = 200'000;
    random_stream random({1, 0});
    std::vector<float> gradient(n), start(n);
    for (auto& g : gradient) g = static_cast<float>(random.normal());
    for (auto& p : start) p = static_cast<float>(random.normal());
    auto const after = [&](std::size_t threads) {
        auto parameters = start;
        auto state = sgd{}.start(n);
        sgd{.learning_rate = 0.3f}.step(state, {}, gradient, parameters, 0.7, threads);
        return parameters;
    };
    auto const one = after(1);
    float const rate = static_cast<float>(0.3f * 0.7);
    for (std::size_t k = 0; k < n; ++k)
        REQUIRE(one[k] == static_cast<float>(std::fma(-double{rate}, double{gradient[k]}, double{start[k]})));
    CHECK(after(2) == one);
    CHECK(after(3) == one);
}

TEST_CASE("sgd: lengths that differ, and values that make no sense, are refused") {
    std::vector<float> parameters(3);
    std::vector<float> const gradient(2);
    auto state = sgd{}.start(3);
    CHECK_THROWS_WITH_AS(sgd{}.step(state, {}, gradient, parameters, 1, 1),
                         "the gradient has 2 elements, there are 3 parameters", contract_violation);
    CHECK_THROWS_WITH_AS(validate(sgd{.learning_rate = -1}),
                         "learning_rate is -1, it must be finite and not negative", contract_violation);
    CHECK_THROWS_WITH_AS(validate(sgd{.momentum = 1}), "momentum is 1, it must be in [0, 1)",
                         contract_violation);
    CHECK_THROWS_WITH_AS(validate(sgd{.nesterov = true}), "nesterov needs a momentum, it is 0",
                         contract_violation);
    CHECK_THROWS_WITH_AS(validate(sgd{.weight_decay = -1}),
                         "weight_decay is -1, it must be finite and not negative", contract_violation);
    std::vector<float> const right(3);
    CHECK_THROWS_WITH_AS((sgd{.momentum = 0.9f}.step(state, {}, right, parameters, 1, 1)),
                         "the state is for 0 parameters, not for 3", contract_violation);
}

TEST_CASE("sgd: momentum, Nesterov and weight decay are those of the definition in double") {
    std::size_t const n =
        150'000; // "a" decays, "b" does not, "c" decays; 100 elements before "c" belong to none
    std::vector<tensor_layout> const layout{{"c", 90'100, {59'900}, 59'900, true},
                                            {"a", 0, {70'000}, 70'000, true},
                                            {"b", 70'000, {20'000}, 20'000, false}};
    std::vector<bool> decays(n, false);
    for (auto const& tensor : layout)
        for (std::size_t k = 0; k < tensor.size; ++k) decays[tensor.offset + k] = tensor.decays;
    random_stream random({2, 0});
    std::vector<float> start(n);
    for (auto& p : start) p = static_cast<float>(random.normal());
    std::vector<std::vector<float>> gradients(7, std::vector<float>(n));
    for (auto& gradient : gradients)
        for (auto& g : gradient) g = static_cast<float>(random.normal());

    for (sgd const method : {sgd{0.1f, 0.9f, true, 0.05f}, sgd{0.1f, 0.9f, false, 0.05f},
                             sgd{0.1f, 0.5f, true, 0}, sgd{0.1f, 0, false, 0.5f}, sgd{0.1f, 0, false, 0}}) {
        CAPTURE(to_text(method));
        auto const right =
            trained_in_double(start, gradients, decays, double{0.1f} / 2, double{method.momentum},
                              method.nesterov, double{method.weight_decay});
        auto const after = [&](std::size_t threads) {
            auto parameters = start;
            auto state = method.start(n);
            for (auto const& gradient : gradients)
                method.step(state, layout, gradient, parameters, 0.5, threads);
            return parameters;
        };
        auto const one = after(1);
        std::size_t wrong = 0;
        for (std::size_t k = 0; k < n; ++k)
            wrong += std::abs(one[k] - right[k]) > 4e-6 * (1 + std::abs(right[k]));
        CHECK(wrong == 0);
        CHECK(after(3) == one);
    }
}

TEST_CASE("sgd: three steps worked out by hand, with and without Nesterov") {
    std::vector<tensor_layout> const layout{{"weight", 0, {1}, 1, true}};
    for (bool const nesterov : {false, true}) {
        sgd const method{.learning_rate = 0.1f, .momentum = 0.9f, .nesterov = nesterov, .weight_decay = 0.1f};
        std::vector<double> const right = nesterov ? std::vector<double>{0.791, 1.066871, 0.552003351}
                                                   : std::vector<double>{0.89, 0.9821, 0.755169};
        auto state = method.start(1);
        std::vector<float> p{1};
        for (std::size_t k = 0; k < 3; ++k) {
            method.step(state, layout, std::vector<float>{k == 0 ? 1.0f : k == 1 ? -2.0f : 3.0f}, p, 1, 1);
            CHECK(p[0] == doctest::Approx(right[k]).epsilon(1e-6));
        }
    }
}

TEST_CASE("sgd: its text") {
    CHECK(to_text(sgd{}) == "sgd{.learning_rate = 0.1, .momentum = 0, .nesterov = false, .weight_decay = 0}");
    CHECK(parse<sgd>("sgd{.momentum = 0.9, .nesterov = true, .weight_decay = 5e-4}") ==
          sgd{.momentum = 0.9f, .nesterov = true, .weight_decay = 5e-4f});
}
