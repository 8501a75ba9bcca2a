// examples/05_torch_model.cpp: a LibTorch module of one's own, in a swarm that some peers want to fail.
// SPDX-License-Identifier: Apache-2.0
#include <btard/btard.hpp>
#include <btard/torch/learner.hpp>

#include <torch/torch.h>

#include <algorithm>
#include <cstdio>

using namespace btard;

// Samples are a function of a public seed: any peer can draw them again.  `labels` is what a liar does.
// [samples]
struct three_rings { // in which third of the disc, from the middle outwards, is a point?
    struct batch { torch::Tensor x, label; }; // (n, 2), (n)
    std::vector<batch> fixed{make(derive({}, "held out"), {}, 1'000)};

    static batch make(seed from, labels_hook labels, std::int64_t n) {
        random_stream random(from);
        auto const x = torch::empty({n, 2});
        for (float& value : flat(x)) value = float(2 * random.uniform() - 1);
        auto const label = (x.square().sum(1).sqrt() * 2.5).to(torch::kLong).clamp(0, 2).contiguous();
        labels({label.data_ptr<std::int64_t>(), std::size_t(n)}, 3);
        return {x, label};
    }
    batch draw(seed from, labels_hook labels) const { return make(from, labels, 16); }
    std::span<batch const> held_out() const { return fixed; }
};
// [samples]

// [model]
struct small_net : torch::nn::Module {
    struct config { std::int64_t width = 32; };
    torch::nn::Linear first, second;

    explicit small_net(config const& c)
        : first(register_module("first", torch::nn::Linear(2, c.width))),
          second(register_module("second", torch::nn::Linear(c.width, 3))) {}

    void initialize(seed from) { // every parameter: all peers begin with the same bits
        torch::NoGradGuard const constants;
        for (auto const& item : named_parameters()) fill_normal(item.value(), from, item.key(), 1);
    }
    torch::Tensor loss(three_rings::batch const& points) {
        return torch::cross_entropy_loss(second(torch::tanh(first(points.x))), points.label);
    }
};
// [model]

void judge(char const* name, aggregator auto rule) {
    auto const final_loss = [&](auto attack) {
        // [train]
        module_learner<small_net, three_rings> const task{{.width = 32}, {}};
        swarm run{task, rule, attack, {.byzantine = {2, 5, 8, 11, 14}, .optimizer = sgd{0.5f}}};
        run.train(300);
        return std::min(run.evaluate(), 9.99);
        // [train]
    };
    std::printf("%-13s  %9.2f  %9.2f  %10.2f\n", name, final_loss(honest{}),
                final_loss(sign_flip{.scale = 10}), final_loss(label_flip{}));
}

int main() {
    std::puts("held-out loss  no attack  sign flip  label flip  (guessing: 1.10; lost: 9.99)");
    judge("mean", mean{});
    judge("centered_clip", centered_clip{.tau = 0.3});
    judge("nnm, median", mixed{nnm{.byzantine = 5}, coordinate_median{}});
}
