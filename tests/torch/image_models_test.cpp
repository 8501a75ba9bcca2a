// tests/torch/image_models_test.cpp: mlp, cnn and resnet18, in one file, since LibTorch is slow to compile.
// SPDX-License-Identifier: Apache-2.0
#include <btard/attack/label_flip.hpp>
#include <btard/data/cifar10.hpp>
#include <btard/data/idx.hpp>
#include <btard/torch/models/cnn.hpp>
#include <btard/torch/models/mlp.hpp>
#include <btard/torch/models/resnet18.hpp>
#include <btard/train/any_learnable.hpp>

#include <doctest/doctest.h>
#include <torch/torch.h>

#include <cmath>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace btard;

namespace image_models_tests { // other tests of its batch have helpers of the same names

namespace {

mlp_config const tiny_mlp{.inputs = 3 * 8 * 8, .hidden = {6, 5}, .classes = 4};
cnn_config const tiny_cnn{
    .channels = 3, .height = 8, .width = 8, .filters = {3, 4}, .kernel = 3, .hidden = 5, .classes = 4};
resnet18_config const tiny_resnet{.width = 4, .classes = 4};

/// Noise; the class tells which half is brighter, upper or lower, and in which channel, first or last.
image_set noisy_images(std::size_t count, std::uint64_t number) {
    random_stream random({number, 0});
    std::vector<std::uint8_t> pixels, labels;
    for (std::size_t i = 0; i < count; ++i) {
        labels.push_back(static_cast<std::uint8_t>(i % 4));
        for (std::size_t k = 0; k < 3 * 8 * 8; ++k) {
            bool const lower = k % 64 >= 32, last = k >= 128, first = k < 64;
            bool const bright = lower == (i % 2 == 1) && (i % 4 < 2 ? first : last);
            pixels.push_back(static_cast<std::uint8_t>(random.below(100) + (bright ? 150 : 0)));
        }
    }
    return {{3, 8, 8}, pixels, labels, 4};
}

image_samples samples() {
    return image_samples({noisy_images(40, 1), noisy_images(20, 2)},
                         {.batch = 10, .padding = 1, .flip = true, .calibration = 40});
}

mlp_learner tiny(mlp_learner*) { return {tiny_mlp, samples()}; }
cnn_learner tiny(cnn_learner*) { return {tiny_cnn, samples()}; }
resnet18_learner tiny(resnet18_learner*) { return {tiny_resnet, samples()}; }
template <class Learner>
Learner tiny() {
    return tiny(static_cast<Learner*>(nullptr));
}

std::vector<float> initial(auto& task, seed from = {1, 2}) {
    std::vector<float> parameters(task.size());
    task.initialize(from, parameters);
    return parameters;
}
std::vector<float> gradient_at(auto& task, std::vector<float> const& parameters, seed from,
                               labels_hook labels = {}) {
    std::vector<float> out(task.size());
    task.gradient(parameters, from, labels, out);
    return out;
}

template <class Model>
std::vector<std::pair<std::string, std::vector<std::int64_t>>> tensors_of(Model const& model) {
    std::vector<std::pair<std::string, std::vector<std::int64_t>>> found;
    for (auto const& item : model.named_parameters())
        found.emplace_back(item.key(), item.value().sizes().vec());
    return found;
}
template <class Model>
std::int64_t size_of(Model const& model) {
    std::int64_t count = 0;
    for (auto const& tensor : model.parameters()) count += tensor.numel();
    return count;
}

/// ResNet-18 once more, made of LibTorch's own modules, in training: what ours is compared with.
struct other_resnet : torch::nn::Module {
    struct block : torch::nn::Module {
        torch::nn::Conv2d conv1, conv2;
        torch::nn::BatchNorm2d bn1, bn2;
        torch::nn::Sequential downsample;
        block(std::int64_t in, std::int64_t out, std::int64_t stride)
            : conv1(torch::nn::Conv2dOptions(in, out, 3).stride(stride).padding(1).bias(false)),
              conv2(torch::nn::Conv2dOptions(out, out, 3).padding(1).bias(false)), bn1(out), bn2(out) {
            register_module("conv1", conv1), register_module("bn1", bn1);
            register_module("conv2", conv2), register_module("bn2", bn2);
            if (in != out) {
                downsample->push_back(
                    torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 1).stride(stride).bias(false)));
                downsample->push_back(torch::nn::BatchNorm2d(out));
                register_module("downsample", downsample);
            }
        }
        torch::Tensor forward(torch::Tensor x) {
            auto y = bn2(conv2(torch::relu(bn1(conv1(x)))));
            return torch::relu(y + (downsample->is_empty() ? x : downsample->forward(x)));
        }
    };
    torch::nn::Conv2d conv1;
    torch::nn::BatchNorm2d bn1;
    torch::nn::Sequential layer1, layer2, layer3, layer4;
    torch::nn::Linear fc;

    explicit other_resnet(std::int64_t w)
        : conv1(torch::nn::Conv2dOptions(3, w, 3).padding(1).bias(false)), bn1(w),
          layer1(block(w, w, 1), block(w, w, 1)), layer2(block(w, 2 * w, 2), block(2 * w, 2 * w, 1)),
          layer3(block(2 * w, 4 * w, 2), block(4 * w, 4 * w, 1)),
          layer4(block(4 * w, 8 * w, 2), block(8 * w, 8 * w, 1)), fc(8 * w, 4) {
        register_module("conv1", conv1), register_module("bn1", bn1);
        register_module("layer1", layer1), register_module("layer2", layer2);
        register_module("layer3", layer3), register_module("layer4", layer4), register_module("fc", fc);
    }
    torch::Tensor forward(torch::Tensor x) {
        x = layer1->forward(torch::relu(bn1(conv1(x))));
        x = layer4->forward(layer3->forward(layer2->forward(x)));
        return fc(torch::adaptive_avg_pool2d(x, {1, 1}).flatten(1));
    }
};

} // namespace

TEST_CASE("mlp, cnn, resnet18: names, shapes and order") {
    using list = std::vector<std::pair<std::string, std::vector<std::int64_t>>>;
    CHECK((tensors_of(mlp(tiny_mlp)) == list{{"layers.0.weight", {6, 192}},
                                             {"layers.0.bias", {6}},
                                             {"layers.1.weight", {5, 6}},
                                             {"layers.1.bias", {5}},
                                             {"layers.2.weight", {4, 5}},
                                             {"layers.2.bias", {4}}}));
    CHECK((tensors_of(cnn(tiny_cnn)) == list{{"features.0.weight", {3, 3, 3, 3}},
                                             {"features.0.bias", {3}},
                                             {"features.3.weight", {4, 3, 3, 3}},
                                             {"features.3.bias", {4}},
                                             {"classifier.0.weight", {5, 4 * 2 * 2}},
                                             {"classifier.0.bias", {5}},
                                             {"classifier.2.weight", {4, 5}},
                                             {"classifier.2.bias", {4}}}));
    CHECK((tensors_of(resnet18(tiny_resnet)) == tensors_of(other_resnet(4))));
    auto const names = tensors_of(resnet18(tiny_resnet));
    CHECK(names.size() == 62);
    CHECK(names[15].first == "layer2.0.conv1.weight");
    CHECK(names[21].first == "layer2.0.downsample.0.weight");
}

TEST_CASE("mlp, cnn, resnet18: the default sizes have the numbers of parameters that are promised") {
    CHECK(size_of(mlp({})) == 101'770);
    CHECK(size_of(cnn({})) == 215'370);
    CHECK(size_of(resnet18({})) == 11'173'962);
}

TEST_CASE("mlp, cnn, resnet18: sizes that make no model are mistakes") {
    CHECK_THROWS_WITH_AS(mlp({.inputs = 0}), "inputs = 0; every size of a model is positive",
                         contract_violation);
    CHECK_THROWS_WITH_AS(mlp({.hidden = {3, -1}}), "hidden = -1; every size of a model is positive",
                         contract_violation);
    CHECK_THROWS_AS(cnn({.kernel = 4}), contract_violation);
    CHECK_THROWS_AS(cnn({.filters = {}}), contract_violation);
    CHECK_THROWS_WITH_AS(cnn({.filters = {1, 1, 1, 1, 1}}),
                         "nothing is left of 28 x 28 pixels after 5 times pooling", contract_violation);
    CHECK_THROWS_AS(resnet18({.width = 0}), contract_violation);
    CHECK_THROWS_AS(resnet18({.batch_norm_eps = 0}), contract_violation);
    auto const batch = samples().draw({1, 2});
    CHECK_THROWS_WITH_AS((void)mlp({}).loss(batch), "images of 192 bytes, a model for 784",
                         contract_violation);
    CHECK_THROWS_AS((void)cnn({}).loss(batch), contract_violation);
    CHECK_THROWS_AS((void)resnet18({.channels = 1, .width = 1}).loss(batch), contract_violation);
}

TEST_CASE("resnet18: loss and gradient are those of LibTorch's own modules in training") {
    resnet18 ours(tiny_resnet);
    other_resnet theirs(4);
    ours.initialize({3, 4});
    {
        torch::NoGradGuard const constants;
        auto const from = ours.parameters();
        auto const to = theirs.parameters();
        for (std::size_t k = 0; k < from.size(); ++k) to[k].copy_(from[k]);
    }
    auto const batch = samples().draw({1, 2});
    auto const loss = ours.loss(batch), expected = cross_entropy(theirs.forward(pixels_of(batch)), batch);
    CHECK(loss.item<double>() == doctest::Approx(expected.item<double>()).epsilon(1e-5));
    loss.backward();
    expected.backward();
    auto const found = ours.parameters(), wanted = theirs.parameters();
    for (std::size_t k = 0; k < found.size(); ++k)
        CHECK(torch::allclose(found[k].grad(), wanted[k].grad(), 1e-3, 1e-5));
}

TEST_CASE("resnet18: evaluated, an image is judged by itself, with the moments of the calibration batch") {
    auto task = tiny<resnet18_learner>();
    auto const& model = task.model();
    (void)task.evaluate(initial(task));
    auto const& calibration = task.samples().calibration();
    auto const statistics = model.statistics(calibration);
    CHECK(statistics.size() == 20);
    CHECK(torch::allclose(model.logits(calibration, statistics), model.logits(calibration), 1e-3, 1e-4));

    auto const& batch = task.samples().held_out()[0];
    image_batch first = batch;
    first.labels.resize(1);
    first.pixels.resize(3 * 8 * 8);
    auto const alone = model.logits(first, statistics), among = model.logits(batch, statistics)[0];
    CHECK(torch::allclose(alone[0], among, 1e-4, 1e-5));
    CHECK(!torch::allclose(model.logits(batch)[0], among, 1e-2,
                           1e-2)); // which the batch's own moments would spoil
    CHECK_THROWS_WITH_AS((void)model.logits(first, std::vector<moments>(3)),
                         "moments for 3 normalisations, the model has 20", contract_violation);
}

TEST_CASE_TEMPLATE("image models: the gradient is that of finite differences, tensor by tensor", Learner,
                   mlp_learner, cnn_learner, resnet18_learner) {
    auto task = tiny<Learner>();
    auto const parameters = initial(task);
    auto const gradient = gradient_at(task, parameters, {3, 4});
    std::vector<float> unused(task.size());
    for (auto const& tensor : task.layout()) {
        // Along the gradient of this tensor alone, where the loss changes most.
        double square = 0;
        for (std::size_t k = tensor.offset; k < tensor.offset + tensor.size; ++k)
            square += gradient[k] * gradient[k];
        double const length = std::sqrt(square);
        CAPTURE(tensor.name);
        if (length < 0.01) continue; // what float does not resolve
        auto const loss_at = [&](double along) {
            auto moved = parameters;
            for (std::size_t k = tensor.offset; k < tensor.offset + tensor.size; ++k)
                moved[k] += static_cast<float>(along * gradient[k] / length);
            return task.gradient(moved, {3, 4}, {}, unused);
        };
        double const h = 3e-4; // short: there is a kink in each relu
        CHECK((loss_at(h) - loss_at(-h)) / (2 * h) == doctest::Approx(length).epsilon(0.05));
    }
}

TEST_CASE_TEMPLATE("image models: copies in threads of their own give the same bits", Learner, mlp_learner,
                   cnn_learner, resnet18_learner) {
    auto task = tiny<Learner>();
    auto const parameters = initial(task);
    std::vector<std::vector<float>> expected;
    for (std::uint64_t i = 0; i < 4; ++i) expected.push_back(gradient_at(task, parameters, {7, i}));
    auto const held_out = task.measure(parameters);
    std::vector<Learner> copies(3, task);
    std::vector<std::vector<std::vector<float>>> seen(3);
    std::vector<evaluation> measured(3);
    {
        std::vector<std::jthread> threads;
        for (std::size_t t = 0; t < 3; ++t) {
            threads.emplace_back([&, t] {
                for (std::uint64_t i = 0; i < 4; ++i)
                    seen[t].push_back(gradient_at(copies[t], parameters, {7, i}));
                measured[t] = copies[t].measure(parameters);
            });
        }
    }
    for (auto const& gradients : seen) CHECK((gradients == expected));
    for (auto const& found : measured) CHECK((found == held_out));
    CHECK(expected[0] != expected[1]);
    CHECK((initial(task) == parameters));
}

TEST_CASE_TEMPLATE("image models: one step of label_flip has another gradient, and leaves no trace", Learner,
                   mlp_learner, cnn_learner, resnet18_learner) {
    auto task = tiny<Learner>();
    auto const parameters = initial(task);
    auto const honest = gradient_at(task, parameters, {3, 4});
    auto flip = [](std::span<std::int64_t> labels, std::int64_t classes) {
        CHECK(classes == 4);
        label_flip{}.corrupt_labels({}, labels, classes);
    };
    CHECK(gradient_at(task, parameters, {3, 4}, flip) != honest);
    CHECK(gradient_at(task, parameters, {3, 4}) == honest);
}

TEST_CASE_TEMPLATE("image models: begin as good as guessing, and learn what is easy", Learner, mlp_learner,
                   cnn_learner, resnet18_learner) {
    auto task = tiny<Learner>();
    auto parameters = initial(task);
    auto const before = task.measure(parameters);
    CHECK(before.loss == task.evaluate(parameters));
    CHECK(before.loss < 2.5 * std::log(4));
    for (std::uint64_t step = 0; step < 200; ++step) {
        auto const gradient = gradient_at(task, parameters, {11, step});
        for (std::size_t k = 0; k < parameters.size(); ++k) parameters[k] -= 0.1f * gradient[k];
    }
    auto const after = task.measure(parameters);
    CHECK(after.loss < before.loss / 3);
    REQUIRE(after.accuracy.has_value());
    CHECK(*after.accuracy > 0.9);
    any_learnable held = task;
    CHECK((held.measure(parameters) == after));
}

TEST_CASE("module_learner: where samples are divided, the gradient of a peer is that of its own") {
    mlp_learner whole(tiny_mlp, samples());
    // [divided]
    mlp_learner parts(tiny_mlp, samples().divided(by_label{.shards = 1}, 4, {}));
    // [divided]
    auto const parameters = initial(whole);
    auto const of_peer = [&](auto& task, std::size_t peer) {
        std::vector<float> out(task.size());
        double const loss = gradient_for(task, peer, parameters, {3, 4}, {}, out);
        return std::pair{loss, out};
    };
    CHECK((of_peer(whole, 0) == of_peer(whole, 3)));
    CHECK((of_peer(whole, 0).second == gradient_at(whole, parameters, {3, 4})));
    CHECK((of_peer(parts, 0) != of_peer(parts, 3)));
    CHECK((of_peer(parts, 2) == of_peer(parts, 2)));
    any_learnable held = parts;
    CHECK((of_peer(held, 3) == of_peer(parts, 3)));
    CHECK(parts.evaluate(parameters) == whole.evaluate(parameters));
}

TEST_CASE("mlp: learns Fashion-MNIST by plain gradient descent") {
    char const* const data_folder = std::getenv("BTARD_DATA");
    if (!data_folder) {
        MESSAGE("skipped: BTARD_DATA does not name a folder with fashion-mnist");
        return;
    }
    // [mlp]
    image_samples const images(read_idx_folder(concat(data_folder, "/fashion-mnist")), {.batch = 64});
    mlp_learner task({.hidden = {64}}, images);
    // [mlp]
    auto parameters = initial(task);
    CHECK(*task.measure(parameters).accuracy < 0.3);
    for (std::uint64_t step = 0; step < 300; ++step) {
        auto const gradient = gradient_at(task, parameters, {12, step});
        for (std::size_t k = 0; k < parameters.size(); ++k) parameters[k] -= 0.1f * gradient[k];
    }
    CHECK(*task.measure(parameters).accuracy > 0.75);
}

TEST_CASE("resnet18: a gradient on CIFAR-10") {
    char const* const data_folder = std::getenv("BTARD_DATA");
    if (!data_folder) {
        MESSAGE("skipped: BTARD_DATA does not name a folder with cifar-10");
        return;
    }
    // [resnet18]
    image_samples const images(read_cifar10_folder(concat(data_folder, "/cifar-10")), cifar10_sampling);
    resnet18_learner task({}, images);
    // [resnet18]
    auto const parameters = initial(task);
    std::vector<float> gradient(task.size());
    double const loss = task.gradient(parameters, {1, 2}, {}, gradient);
    CHECK(loss > 1.5);
    CHECK(loss < 5);
    auto moved = parameters;
    for (std::size_t k = 0; k < moved.size(); ++k) moved[k] -= 0.01f * gradient[k];
    CHECK(task.gradient(moved, {1, 2}, {}, gradient) < loss);
}

} // namespace image_models_tests
