// tests/torch/module_test.cpp
// SPDX-License-Identifier: Apache-2.0
#include <btard/torch/layers.hpp>
#include <btard/torch/module.hpp>

#include <doctest/doctest.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <vector>

using namespace btard;

namespace {

/// f(x) = sum of scale * (W x + b)
struct small_module : torch::nn::Module {
    torch::Tensor weight = add_parameter(*this, "inner.linear.weight", {2, 3});
    torch::Tensor bias = add_parameter(*this, "inner.linear.bias", {2});
    torch::Tensor scale = add_parameter(*this, "scale", {1});

    torch::Tensor operator()(torch::Tensor const& x) const {
        return (scale * torch::linear(x, weight, bias)).sum();
    }
};

} // namespace

TEST_CASE("add_parameter: a dotted name makes the modules on the way, once") {
    small_module const module;
    std::vector<std::string> names;
    for (auto const& item : module.named_parameters()) names.push_back(item.key());
    CHECK(names == std::vector<std::string>{"scale", "inner.linear.weight", "inner.linear.bias"});
    CHECK(module.named_children().size() == 1);
}

TEST_CASE("flat_module: the layout names every tensor, and matrices decay") {
    small_module module;
    flat_module const view(module);
    CHECK(view.size() == 9);
    std::vector<tensor_layout> const expected{{"scale", 0, {1}, 1, false},
                                              {"inner.linear.weight", 1, {2, 3}, 6, true},
                                              {"inner.linear.bias", 7, {2}, 2, false}};
    CHECK(std::ranges::equal(view.layout(), expected));
}

TEST_CASE("flat_module: values stay, and vector and module see each other's changes") {
    small_module module;
    {
        torch::NoGradGuard const constants;
        module.weight.copy_(torch::arange(6, torch::kFloat).view({2, 3}));
        module.scale.fill_(2);
    }
    flat_module const view(module);
    CHECK(std::ranges::equal(view.parameters(), std::vector<float>{2, 0, 1, 2, 3, 4, 5, 0, 0}));
    CHECK(module.weight.requires_grad());
    view.parameters()[8] = 100;
    CHECK(module.bias[1].item<float>() == 100);
    CHECK(module(torch::ones({1, 3})).item<float>() == 2 * (3 + 12 + 100));
}

TEST_CASE("flat_module: backward accumulates into the flat gradient until it is cleared") {
    small_module module;
    flat_module view(module);
    std::ranges::copy(std::vector<float>{2, 0, 1, 2, 3, 4, 5, 7, 8}, view.parameters().begin());
    auto const x = torch::tensor({1.f, 10.f, 100.f}).view({1, 3});
    std::vector<float> const once{210 + 543 + 7 + 8, 2, 20, 200, 2, 20, 200, 2, 2};
    module(x).backward();
    CHECK(std::ranges::equal(view.gradients(), once));
    module(x).backward();
    for (std::size_t k = 0; k < once.size(); ++k) CHECK(view.gradients()[k] == 2 * once[k]);
    view.clear_gradients();
    module(x).backward();
    CHECK(std::ranges::equal(view.gradients(), once));
    CHECK(module.weight.grad().data_ptr<float>() == view.gradients().data() + 1);
}

TEST_CASE("flat_module: works for the modules of LibTorch, and outlives them") {
    std::unique_ptr<flat_module> view;
    {
        torch::nn::Sequential net(torch::nn::Conv2d(1, 2, 3), torch::nn::BatchNorm2d(2));
        view = std::make_unique<flat_module>(*net);
        net->forward(torch::ones({2, 1, 5, 5})).sum().backward();
    }
    REQUIRE(view->size() == 18 + 2 + 2 + 2);
    CHECK(view->layout()[0].name == "0.weight");
    CHECK(view->layout()[0].decays);
    CHECK(!view->layout()[2].decays);                       // the weight of the BatchNorm
    CHECK(view->gradients()[23] == doctest::Approx(2 * 9)); // its bias moves each of 2 * 3 * 3 outputs
}

TEST_CASE("flat_module: a parameter that is not float is refused by name") {
    struct : torch::nn::Module {
        torch::Tensor wide = register_parameter("wide", torch::zeros({2}, torch::kDouble));
    } module;
    CHECK_THROWS_WITH_AS(flat_module{module}, "parameter wide is not a float tensor in host memory",
                         contract_violation);
}

TEST_CASE("fill_normal: the bits depend on seed and name alone, the moments are right") {
    auto const first = torch::zeros({100, 100}), second = torch::zeros({100, 100});
    fill_normal(first, seed{1, 2}, "a", 0.02);
    fill_normal(second, seed{1, 2}, "a", 0.02);
    CHECK(torch::equal(first, second));
    fill_normal(second, seed{1, 2}, "b", 0.02);
    CHECK(!torch::equal(first, second));
    CHECK(std::abs(first.mean().item<double>()) < 0.02 * 5 / 100);
    CHECK(first.std().item<double>() == doctest::Approx(0.02).epsilon(0.04));
    CHECK(first[0][0].item<float>() == 0.0058651440162179784f); // from another implementation
}
